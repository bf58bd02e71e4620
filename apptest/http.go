package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"

	httpserver "example.com/ostov/modules/http"
)

// Response is an answer, with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   string

	app     *App
	request string // for messages
}

// Get asks the public server, or the one that a whole URL names, and returns
// status and body. No answer fails the test.
func (a *App) Get(path string) (status int, body string) {
	a.t.Helper()
	r := a.Do(http.MethodGet, path, nil)
	return r.Status, r.Body
}

// Do sends a request to the public server, or to the one that a whole URL names,
// and returns the answer; redirects are not followed. A body of type string or
// []byte is sent as it is, url.Values as a form, and anything else but nil as JSON.
// Header lines are written as in "Accept: text/html". No answer fails the test.
//
//	var order Order
//	app.Do("POST", "/api/orders", Order{Item: "tea"}, "Authorization: Bearer x").Want(201).JSON(&order)
func (a *App) Do(method, path string, body any, header ...string) *Response {
	a.t.Helper()
	request := a.request(method, path, body, header)
	response, err := a.client.Do(request)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatalf("%s %s: read the body: %v", method, path, err)
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: string(content), app: a, request: method + " " + path}
}

func (a *App) request(method, path string, body any, header []string) *http.Request {
	a.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = a.URL + path
	}
	var content io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	case []byte:
		content = bytes.NewReader(b)
	case url.Values:
		content, kind = strings.NewReader(b.Encode()), echo.MIMEApplicationForm
	default:
		text, err := json.Marshal(b)
		if err != nil {
			a.t.Fatalf("%s %s: body: %v", method, path, err)
		}
		content, kind = bytes.NewReader(text), echo.MIMEApplicationJSON
	}
	request, err := http.NewRequestWithContext(a.t.Context(), method, path, content)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	if kind != "" {
		request.Header.Set(echo.HeaderContentType, kind)
	}
	for _, line := range header {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			a.t.Fatalf("%s %s: header %q has no colon", method, path, line)
		}
		request.Header.Add(name, strings.TrimSpace(value))
	}
	return request
}

// Want fails the test where the answer has another status, and shows its body.
func (r *Response) Want(status int) *Response {
	r.app.t.Helper()
	if r.Status != status {
		r.app.t.Fatalf("%s answers %d, want %d: %s", r.request, r.Status, status, r.Body)
	}
	return r
}

// JSON decodes the body into v. One that is not JSON, has other fields or another
// type than v fails the test.
func (r *Response) JSON(v any) {
	r.app.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		r.app.t.Fatalf("%s: the answer as %T: %v: %s", r.request, v, err, r.Body)
	}
}

// Problem decodes the body as a problem. One of another content type, or with
// another status than the answer's, fails the test.
func (r *Response) Problem() httpserver.Problem {
	r.app.t.Helper()
	var p httpserver.Problem
	kind, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil || kind != "application/problem+json" || p.Status != r.Status {
		r.app.t.Fatalf("%s answers %d with %q, want a problem (%v): %s", r.request, r.Status, kind, err, r.Body)
	}
	return p
}

// underLoad adds a route that calls hit and answers with nothing, and holds every
// request for a random time up to the given one before its handler runs.
func underLoad(path string, hit func(), most time.Duration) fx.Option {
	return fx.Options(
		httpserver.Routes(func() []httpserver.Route {
			return []httpserver.Route{{Method: http.MethodGet, Path: path, Handler: func(c echo.Context) error {
				hit()
				return c.NoContent(http.StatusNoContent)
			}}}
		}),
		fx.Invoke(func(e *echo.Echo) {
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					<-time.After(rand.N(most))
					return next(c)
				}
			})
		}),
	)
}
