package apptest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/internal/load"
)

// asked are the most routes that are put under load at a time.
const asked = 8

// checkRequests stops the application while clients ask for what they find. They
// turn elsewhere within the drain delay, as those behind a balancer do, and what
// they have asked for by then is answered in the drain.
func (c *conformance) checkRequests() {
	const own = "/apptest-conform"
	const delay = 200 * time.Millisecond
	const clients = 16 // of each route: some of them are held into the drain, in all but one of 500,000 stops
	var answered atomic.Int64
	enough := make(chan struct{})
	a := c.try([]string{"app.drain_delay=" + delay.String(), "http.docs=false"}, nil, underLoad(own, func() {
		if answered.Add(1) == 20 {
			close(enough)
		}
	}, 2*delay))
	if !c.start(a) {
		return
	}
	under, turn := context.WithCancel(c.t.Context())
	var running sync.WaitGroup
	for _, r := range append(c.routes(a), route{path: own, status: http.StatusNoContent, handler: "Ostov"}) {
		running.Go(func() {
			c.judge(r, load.Load{Address: a.address(), Path: r.path, Clients: clients}.Run(under))
		})
	}
	<-enough
	running.Go(func() {
		<-a.Stopping
		<-time.After(delay / 2)
		turn()
	})
	if err := a.stop(); err != nil {
		c.find("", "the application does not stop under load: %v", err)
	}
	running.Wait()
}

// judge reports what a stop has done to the clients of a route.
func (c *conformance) judge(r route, saw load.Result) {
	const advice = "what the handler uses has to live until the drain is over: acquire it in a container.CleanupCtx without a phase"
	if saw.Failed() > 0 {
		c.find(r.path, "GET %s (%s) loses requests in a stop: %v: %s", r.path, r.handler, saw, advice)
	}
	for status, n := range saw.Statuses {
		if status >= 500 && status != http.StatusServiceUnavailable && status != r.status {
			c.find(r.path, "GET %s (%s) answers %d with %d in a stop, and %d before: %s", r.path, r.handler, n, status, r.status, advice)
		}
	}
}

// start starts a trial that is only the begin of what is tried.
func (c *conformance) start(a *trial) bool {
	if err := a.Start(c.t.Context()); err != nil {
		c.find("", "the application does not start: %v", err)
		return false
	}
	return true
}

// route is what is asked for, with the status that it answers with.
type route struct {
	path, handler string
	status        int
}

// routes returns the routes that can be asked for without knowing more. One that does
// not end its answer, such as a stream, is left out.
func (c *conformance) routes(a *trial) (routes []route) {
	if a.Server == nil {
		return nil
	}
	for _, r := range a.Server.Table() {
		if r.Method != http.MethodGet || strings.ContainsAny(r.Path, ":*") || len(routes) == asked || strings.HasPrefix(r.Path, "/apptest-") {
			continue
		}
		once := load.Load{Address: a.address(), Path: r.Path, Count: 1, Timeout: 2 * time.Second, Close: true}.Run(c.t.Context())
		for status := range once.Statuses {
			routes = append(routes, route{path: r.Path, handler: path.Base(r.Handler), status: status})
		}
	}
	return routes
}

// address returns where the HTTP server listens.
func (a *trial) address() string { return strings.TrimPrefix(a.Server.URLs()[0], "http://") }

// checkSettings looks at the text of each setting, and tries -1.
func (c *conformance) checkSettings() {
	a := c.try(nil, nil)
	if err := errors.Join(a.Build(), a.stop()); err != nil {
		c.find("", "the application cannot be built: %v", err)
		return
	}
	for _, v := range a.Config.Values() {
		of := settingOf(v.Key)
		if v.Doc == "" {
			c.find(v.Key, "%s has no text: add the tag doc:\"...\" to its field, which app config and the sample show", of)
		}
		wrong := "-1"
		switch strings.TrimPrefix(v.Type, "[]") {
		case "time.Duration":
			wrong = "-1s"
		case "int", "int8", "int16", "int32", "int64", "float32", "float64":
		default:
			continue
		}
		if !c.refuses(a, v.Key+"="+wrong) {
			c.find(v.Key, "%s takes %s: say what is allowed, by the tag validate:\"gt=0\" or in the method Validate of its struct", of, wrong)
		}
	}
}

func settingOf(key string) string {
	section, _, _ := strings.Cut(key, ".")
	return fmt.Sprintf("setting %s of module %s", key, section)
}

// refuses reports whether the configuration of a, with set, is refused.
func (c *conformance) refuses(a *trial, set string) bool {
	_, err := config.Load(a.Sections, config.Sources{Environ: []string{}, Set: append(slices.Clone(c.set), set)})
	return err != nil
}

// checkSecrets gives each secret a value and looks for it in all that is written.
func (c *conformance) checkSecrets() {
	a := c.try(nil, nil)
	if err := errors.Join(a.Build(), a.stop()); err != nil {
		return // another rule has said so
	}
	secrets := make(map[string]string)
	var set []string
	for _, v := range a.Config.Values() {
		if strings.TrimPrefix(v.Type, "[]") != "config.Secret" {
			if v.Key == "log.level" {
				set = append(set, "log.level=debug")
			}
			continue
		}
		if i := slices.IndexFunc(c.set, func(s string) bool { return strings.HasPrefix(s, v.Key+"=") }); i >= 0 {
			secrets[v.Key] = strings.TrimPrefix(c.set[i], v.Key+"=")
			continue
		}
		secret := rand.Text() + rand.Text()
		if c.refuses(a, v.Key+"="+secret) {
			c.find(v.Key, "%s refuses a random text, so that it cannot be tried: give it one that it takes, by apptest.Set", settingOf(v.Key))
			continue
		}
		secrets[v.Key] = secret
		set = append(set, v.Key+"="+secret)
	}
	a = c.try(set, nil)
	if !c.start(a) {
		return
	}
	c.routes(a) // are asked once
	if err := a.stop(); err != nil {
		c.find("", "the application does not stop at log level debug: %v", err)
	}
	for from, what := range map[string]any{"the output": a.output.String(), "the report": a.Report(), "the graph": a.Graph(), "app config": a.Config.Values()} {
		text, ok := what.(string)
		if !ok {
			encoded, err := json.Marshal(what)
			if err != nil {
				c.t.Fatal(err)
			}
			text = string(encoded)
		}
		for key, secret := range secrets {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
				if at := strings.Index(text, form); at >= 0 {
					line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
					c.find(key, "%s is printed in %s: keep it a config.Secret, which hides itself, and Reveal it only where it is used. It follows %q", settingOf(key), from, line[max(0, len(line)-200):])
					break
				}
			}
		}
	}
}

// checkReadiness asks the application and each check.
func (c *conformance) checkReadiness() {
	a := c.try(nil, nil)
	if !c.start(a) {
		return
	}
	for _, check := range a.Checks {
		if err := c.probe(c.t.Context(), check); err != nil {
			c.find(check.Name, "check %q fails although the application has started: %v: let the start wait until it can pass, or give it what it needs by a fake", check.Name, err)
		}
		ended, cancel := context.WithCancel(c.t.Context())
		cancel()
		if err := c.probe(ended, check); errors.Is(err, errNoAnswer) || errors.Is(err, errPanic) {
			c.find(check.Name, "check %q, asked with a context that has ended: %v: pass the context to whatever blocks", check.Name, err)
		}
	}
	if err := a.Health.Err(c.t.Context(), health.Ready); err != nil {
		c.find("", "the application is not ready although it has started: %v", err)
	}
	if err := a.stop(); err != nil {
		c.find("", "the application does not stop: %v", err)
	}
	for _, check := range a.Checks {
		if err := c.probe(c.t.Context(), check); errors.Is(err, errNoAnswer) || errors.Is(err, errPanic) {
			c.find(check.Name, "check %q, asked after the stop: %v: return an error once what it asks is gone", check.Name, err)
		}
	}
}

var (
	errNoAnswer = errors.New("it does not answer")
	errPanic    = errors.New("it panics")
)

// probe asks a check, and gives it a second, and another one to notice.
func (c *conformance) probe(ctx context.Context, check health.Check) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				answer <- fmt.Errorf("%w: %v", errPanic, v)
			}
		}()
		answer <- check.Probe(ctx)
	}()
	late := time.NewTimer(2 * time.Second)
	defer late.Stop()
	select {
	case err := <-answer:
		return err
	case <-late.C:
		return errNoAnswer
	}
}
