package command

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
)

// vault has a secret wherever a setting can take one.
type vault struct {
	Plain config.Secret   `yaml:"plain"`
	URL   config.Secret   `yaml:"url"`
	List  []config.Secret `yaml:"list"`
	Inner struct {
		Key config.Secret `yaml:"key"`
	} `yaml:"inner"`
	File config.Secret `yaml:"file"`
}

// writer is called with what is written.
type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestSecretsAreShownNowhere(t *testing.T) {
	secrets := make([]string, 12)
	for i := range secrets {
		secrets[i] = rand.Text()
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := container.Process{Sources: config.Sources{
		Files: []string{write("app.yaml", fmt.Sprintf("vault:\n  plain: %s\n  list: [%s, %s]\nadmin:\n  token: %s%s\n",
			secrets[0], secrets[1], secrets[2], secrets[3], secrets[3]))},
		Environ: []string{
			"APP_VAULT_URL=postgres://user:" + secrets[4] + "@db.internal/" + secrets[5] + "?key=" + secrets[6],
			"APP_VAULT_FILE_FILE=" + write("file", secrets[7]+"\n"),
		},
		Set: []string{"vault.inner.key=" + secrets[8], "log.level=debug", "http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0"},
	}, Report: filepath.Join(dir, "report.json")}
	bad := good
	bad.Sources.Set = append([]string{"vault.inner.kye=" + secrets[9], "admin.tokne=" + secrets[10], "app.stop_timeout=7"}, good.Sources.Set...)
	bad.Sources.Environ = append([]string{"APP_VAULT_PLAIN=" + secrets[11], "APP_VAULT_PLAIN_FILE=" + write("twice", secrets[11])}, good.Sources.Environ...)

	leaky := fx.Options(modules.All(), container.Section("vault", vault{}),
		fx.Invoke(func(v vault, log *zap.Logger) {
			log.Info("settings", zap.Any("vault", v), zap.String("text", fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v)))
		}),
		dispatcher.Task(func(v vault) dispatcher.Service {
			return dispatcher.Service{Name: "panics", Restart: dispatcher.Never, GiveUp: dispatcher.Ignore, Run: func(context.Context) error { panic(v) }}
		}))
	var shown bytes.Buffer
	call := func(process container.Process, want int, args ...string) {
		t.Helper()
		var out, err bytes.Buffer
		process.Stdout, process.Stderr = &out, &err
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if len(args) == 0 { // it runs until it is ready
			process.Stdout = writer(func([]byte) { cancel() })
		}
		p := &program{process: process, modules: leaky}
		if code := p.execute(ctx, args); code != want {
			t.Errorf("app %v = %d; want %d; stderr\n%s", args, code, want, &err)
		}
		shown.Write(out.Bytes())
		shown.Write(err.Bytes())
	}
	call(good, 0, "config")
	call(good, 0, "config", "--json")
	call(good, 0, "graph")
	call(good, 0)
	call(bad, 2, "check")
	report, err := os.ReadFile(good.Report)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(report)

	for i, s := range secrets {
		for _, form := range []string{s, base64.StdEncoding.EncodeToString([]byte(s)), url.QueryEscape(s)} {
			if at := strings.Index(shown.String(), form); at >= 0 {
				t.Errorf("secret %d is shown: ...%s", i, shown.String()[max(0, at-200):at+len(form)])
			}
		}
	}
	for _, want := range []string{"db.internal", "settings", "panics", "vault.inner.kye"} { // what is to be there
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is not shown", want)
		}
	}
}
