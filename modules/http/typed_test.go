package httpserver_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"example.com/ostov/internal/openapi"
	httpserver "example.com/ostov/modules/http"
)

// orderChange has a field of each kind.
type orderChange struct {
	ID     string     `path:"id" maxLength:"8" pattern:"^[a-z]+$" patternDescription:"small letters" example:"abc"`
	Dry    bool       `query:"dry" doc:"Only check"`
	Level  int8       `query:"level"`
	Share  float64    `query:"share" exclusiveMinimum:"0" maximum:"1"`
	Since  time.Time  `query:"since"`
	Day    time.Time  `query:"day" timeFormat:"2006-01-02"`
	From   netip.Addr `query:"from"`
	Sort   string     `query:"sort" enum:"name,count"`
	Pages  []int      `query:"pages" maxItems:"3"`
	Key    string     `header:"Idempotency-Key" required:"true" minLength:"4"`
	Answer uint16     `header:"X-Answer"`
	Body   order
}

type order struct {
	Name   string            `json:"name" minLength:"1" maxLength:"20" example:"Ada"`
	Email  string            `json:"email,omitempty" format:"email"`
	Lines  []line            `json:"lines" nullable:"false" minItems:"1" maxItems:"30"`
	Notes  map[string]string `json:"notes,omitempty"`
	Urgent bool              `json:"urgent,omitempty"`
	Big    int64             `json:"big,omitempty"`
}

type line struct {
	Thing string  `json:"thing" enum:"nut,bolt"`
	Count uint8   `json:"count" minimum:"1"`
	Price float64 `json:"price,omitempty" multipleOf:"0.5"`
}

var (
	errTaken = errors.New("the name is taken")
	errBusy  = errors.New("all machines are busy")
)

// changeOrder answers with what it got, and fails by the name of the order.
func changeOrder(_ context.Context, in *orderChange) (*order, error) {
	switch in.Body.Name {
	case "taken":
		return nil, fmt.Errorf("insert into orders at 10.0.0.7: %w", errTaken)
	case "busy":
		return nil, fmt.Errorf("dial 10.0.0.7: %w", errBusy)
	case "secret":
		return nil, errors.New("password=s3cret")
	case "own":
		return nil, fmt.Errorf("wrapped: %w", &httpserver.Problem{Status: http.StatusGone, Detail: "It was deleted.", Cause: errors.New("s3cret")})
	case "nothing":
		return nil, nil
	case "panic":
		panic("s3cret")
	}
	return &in.Body, nil
}

var orderErrors = httpserver.Errors{errTaken: http.StatusConflict, errBusy: http.StatusServiceUnavailable}

// orders is a server of the two kinds of handlers.
func orders() setting {
	return routes(
		httpserver.Route{
			Method: http.MethodPut, Path: "/orders/:id", Operation: httpserver.Typed(changeOrder), Errors: orderErrors,
			Summary: "Change an order",
			Document: func(op *huma.Operation) {
				op.Description = "Puts an order in the place of another."
			},
		},
		httpserver.Route{Method: http.MethodPost, Path: "/plain/:id", Errors: orderErrors, Handler: func(c echo.Context) error {
			var body order
			if err := c.Bind(&body); err != nil {
				return err
			}
			answer, err := changeOrder(c.Request().Context(), &orderChange{Body: body})
			if err != nil {
				return err
			}
			return c.JSON(http.StatusOK, answer)
		}},
	)
}

const goodOrder = `{"name":"Ada","lines":[{"thing":"nut","count":1}]}`

func orderWith(name string) string { return strings.Replace(goodOrder, "Ada", name, 1) }

func TestTypedHandlerGetsWhatTheRequestSays(t *testing.T) {
	t.Parallel()

	var got *orderChange
	k := build(t, routes(httpserver.Route{Method: http.MethodPut, Path: "/orders/:id", Operation: httpserver.Typed(
		func(_ context.Context, in *orderChange) (*order, error) { got = in; return &in.Body, nil },
	)}))
	w := k.ask("PUT", "/orders/abc?dry=true&level=-128&share=0.5&since=2026-01-02T03:04:05Z&day=2026-01-02&from=::1&sort=name&pages=1,2&unknown=1",
		header("Content-Type", "application/json; charset=utf-8"), header("Idempotency-Key", "0000"), header("X-Answer", "65535"),
		body(`{"name":"<Ada>","lines":[{"thing":"bolt","count":255}],"notes":{"a":"b"},"big":9007199254740993}`))
	if want := `{"name":"\u003cAda\u003e","lines":[{"thing":"bolt","count":255}],"notes":{"a":"b"},"big":9007199254740993}` + "\n"; w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("answer is %d %v %s; want 200 %s", w.Code, w.Header(), w.Body, want)
	}
	text := fmt.Sprintln(got.ID, got.Dry, got.Level, got.Share, got.Since, got.Day.Format(time.DateOnly), got.From, got.Sort, got.Pages, got.Key, got.Answer)
	if want := "abc true -128 0.5 2026-01-02 03:04:05 +0000 UTC 2026-01-02 ::1 name [1 2] 0000 65535\n"; text != want {
		t.Errorf("the handler got %s; want %s", text, want)
	}
}

func TestBadRequestsAreToldWhatIsWrong(t *testing.T) {
	t.Parallel()

	with := func(changes ...func(*http.Request)) []func(*http.Request) { return changes }
	const none = "-" // no body
	tests := []struct {
		name   string
		target string                // empty: /abc
		body   string                // empty: goodOrder
		change []func(*http.Request) // of a request with its Content-Type and its key
		status int
		errors string // field: message; ...
		detail string // where there are no errors
	}{
		{name: "path out of form", target: "/ABC", status: 422, errors: "path.id: expected string to be small letters"},
		{name: "path too long", target: "/abcdefghi", status: 422, errors: "path.id: expected length <= 8"},
		{name: "escaped slash in the path", target: "/a%2Fb", status: 422, errors: "path.id: expected string to be small letters"},
		{name: "no boolean", target: "/abc?dry=maybe", status: 422, errors: "query.dry: expected true or false"},
		{name: "a boolean without a value", target: "/abc?dry=", status: 422, errors: "query.dry: expected true or false"},
		{name: "no whole number", target: "/abc?level=1.5", status: 422, errors: "query.level: expected a whole number from -128 to 127"},
		{name: "a number without a value", target: "/abc?level", status: 422, errors: "query.level: expected a whole number from -128 to 127"},
		{name: "number over its type", target: "/abc?level=128", status: 422, errors: "query.level: expected a whole number from -128 to 127"},
		{name: "number over 64 bits", target: "/abc?level=99999999999999999999", status: 422, errors: "query.level: expected a whole number from -128 to 127"},
		{name: "number at an open bound", target: "/abc?share=0", status: 422, errors: "query.share: expected a number over 0, at most 1"},
		{name: "not a number", target: "/abc?share=NaN", status: 422, errors: "query.share: expected a number over 0, at most 1"},
		{name: "number without end", target: "/abc?share=1e999", status: 422, errors: "query.share: expected a number over 0, at most 1"},
		{name: "no time", target: "/abc?since=yesterday", status: 422, errors: "query.since: expected a time such as 2006-01-02T15:04:05Z"},
		{name: "no date", target: "/abc?day=2026-02-30", status: 422, errors: "query.day: expected a date such as 2006-01-02"},
		{name: "no address", target: "/abc?from=localhost", status: 422, errors: "query.from: expected a value of another form"},
		{name: "none of the choices", target: "/abc?sort=price", status: 422, errors: `query.sort: expected value to be one of "name, count"`},
		{name: "no list of numbers", target: "/abc?pages=1,x", status: 422, errors: "query.pages: expected numbers with commas between them"},
		{name: "a list too long", target: "/abc?pages=1,2,3,4", status: 422, errors: "query.pages: expected array length <= 3"},
		{name: "several parameters", target: "/abc?dry=x&level=x", status: 422, errors: "query.dry: expected true or false; query.level: expected a whole number from -128 to 127"},
		{name: "bad escape in the query", target: "/abc?level=%zz", status: 400, errors: `query: expected name=value pairs, escaped: invalid URL escape "%zz"`},
		{name: "no header", change: with(header("Idempotency-Key", "")), status: 422, errors: "header.Idempotency-Key: required"},
		{name: "header too short", change: with(header("Idempotency-Key", "0")), status: 422, errors: "header.Idempotency-Key: expected length >= 4"},
		{name: "header over its type", change: with(header("X-Answer", "65536")), status: 422, errors: "header.X-Answer: expected a whole number from 0 to 65535"},
		{name: "no content type", change: with(header("Content-Type", "")), status: 415, errors: `header.Content-Type: expected application/json, not ""`},
		{name: "a form", change: with(header("Content-Type", "application/x-www-form-urlencoded")), body: "name=Ada", status: 415, errors: `header.Content-Type: expected application/json, not "application/x-www-form-urlencoded"`},
		{name: "compressed", change: with(header("Content-Encoding", "gzip")), status: 415, errors: `header.Content-Encoding: expected a body as it is, not in "gzip"`},
		{name: "no body", body: none, status: 400, errors: "body: required"},
		{name: "half a body", body: `{"name":"Ada"`, status: 400, errors: "body: expected JSON; it ends in the middle"},
		{name: "no JSON", body: "{\n \"name\": nope}", status: 400, errors: "body: expected JSON; it is none at line 2, column 11"},
		{name: "two values", body: `{}{}`, status: 400, errors: "body: expected JSON; it is none at line 1, column 3"},
		{name: "no UTF-8", body: "{\"name\":\"\xff\"}", status: 400, errors: "body: expected JSON in UTF-8"},
		{name: "a name twice", body: `{"name":"a","name":"b"}`, status: 400, errors: `body: "name" stands twice in an object`},
		{name: "a name twice but for its case", body: `{"name":"a","NAME":"b"}`, status: 400, errors: `body: "NAME" stands twice in an object`},
		{name: "a name twice, once escaped", body: `{"name":"a","n\u0061me":"b"}`, status: 400, errors: `body: "name" stands twice in an object`},
		{name: "too deep", body: strings.Repeat("[", 65) + strings.Repeat("]", 65), status: 400, errors: "body: more than 64 objects and arrays in each other"},
		{name: "a number too long", body: `{"big":` + strings.Repeat("9", 41) + `}`, status: 400, errors: "body: a number has more than 40 characters"},
		{name: "a number over all types", body: `{"big":1e400}`, status: 400, errors: "body: the number is out of range"},
		{name: "a number over its type in the body", body: `{"name":"a","lines":[{"thing":"nut","count":1}],"big":9223372036854775808}`, status: 422, errors: "body.big: the number is out of range"},
		{name: "null", body: `null`, status: 422, errors: "body: expected object"},
		{name: "an array", body: `[]`, status: 422, errors: "body: expected object"},
		{name: "nothing that is required", body: `{}`, status: 422, errors: "body.lines: required; body.name: required"},
		{name: "text too short", body: orderWith(""), status: 422, errors: "body.name: expected length >= 1"},
		{name: "number for text", body: `{"name":5,"lines":[{"thing":"nut","count":1}]}`, status: 422, errors: "body.name: expected string"},
		{name: "null for an array", body: `{"name":"a","lines":null}`, status: 422, errors: "body.lines: expected array"},
		{name: "too few", body: `{"name":"a","lines":[]}`, status: 422, errors: "body.lines: expected array length >= 1"},
		{name: "deep in the body", body: `{"name":"a","lines":[{"thing":"nut","count":1},{"thing":"screw","count":256,"price":0.3}]}`, status: 422, errors: `body.lines[1].count: expected number <= 255; body.lines[1].price: expected number to be a multiple of 0.5; body.lines[1].thing: expected value to be one of "nut, bolt"`},
		{name: "unknown names", body: `{"name":"a","lines":[{"thing":"nut","count":1,"size":1}],"color":"red"}`, status: 422, errors: "body.color: unexpected property; body.lines[0].size: unexpected property"},
		{name: "no email", body: `{"name":"a","email":"nobody","lines":[{"thing":"nut","count":1}]}`, status: 422, errors: "body.email: expected string to be RFC 5322 email"},
		{name: "a value of a map", body: `{"name":"a","notes":{"x":1},"lines":[{"thing":"nut","count":1}]}`, status: 422, errors: "body.notes.x: expected string"},
		{name: "body too large", body: strings.Repeat(" ", 1<<20+1), status: 413, detail: "The body has more than 1048576 bytes."},
		{name: "unknown path", target: "/abc/none", status: 404},
		{name: "domain error", body: orderWith("taken"), status: 409, detail: "the name is taken"},
	}
	k := build(t, orders())
	document := openapi.Check(t, k.ask("GET", "/openapi.json").Body.Bytes())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			text := cmp.Or(tt.body, goodOrder)
			if text == none {
				text = ""
			}
			target := "/orders" + cmp.Or(tt.target, "/abc")
			w := k.ask("PUT", target, append([]func(*http.Request){header("Content-Type", "application/json"), header("Idempotency-Key", "0000"), body(text)}, tt.change...)...)
			p := readProblem(t, w)
			var errs []string
			for _, e := range p.Errors {
				errs = append(errs, e.Field+": "+e.Message)
			}
			if got := strings.Join(errs, "; "); p.Status != tt.status || got != tt.errors {
				t.Errorf("PUT %s %.80s = %d %s; want %d %s", target, text, p.Status, got, tt.status, tt.errors)
			}
			switch {
			case len(errs) > 1 && p.Detail != errs[0]+fmt.Sprintf(" (and %d more)", len(errs)-1), len(errs) == 1 && p.Detail != errs[0]:
				t.Errorf("detail %q; want the first of the errors", p.Detail)
			case len(errs) == 0 && p.Detail != tt.detail:
				t.Errorf("detail %q; want %q", p.Detail, tt.detail)
			}
			if tt.status != http.StatusNotFound {
				document.CheckAnswer("PUT /orders/{id}", w.Code, w.Header(), w.Body.Bytes())
			}
		})
	}
}

// readProblem returns the problem that w is, with nothing internal in it.
func readProblem(t *testing.T, w *httptest.ResponseRecorder) httpserver.Problem {
	t.Helper()
	var p httpserver.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("answer %d %s: %v", w.Code, w.Body, err)
	}
	if p.Status != w.Code || p.Type != "about:blank" || p.Title != http.StatusText(w.Code) || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("answer %d %v %s; want a problem of that status with the id of the request", w.Code, w.Header(), w.Body)
	}
	for _, internal := range []string{"s3cret", "10.0.0.7", "insert", "json:", "strconv", "int8", "httpserver", "huma", "goroutine", ".go", "netip", "missing"} {
		if strings.Contains(w.Body.String(), internal) {
			t.Errorf("answer %s; want nothing internal, such as %q", w.Body, internal)
		}
	}
	return p
}

func TestBothKindsOfHandlersAnswerErrorsAlike(t *testing.T) {
	t.Parallel()

	limited := set(func(c *httpserver.Config) { c.RateLimit = 1 })
	tests := []struct {
		name, body, method string
		kind               string // of the body, where it is not JSON
		setting            setting
		status             int
		detail, log        string // what is in the log
	}{
		{name: "no JSON by its type", body: goodOrder, kind: "text/plain", status: 415},
		{name: "half a body", body: `{`, status: 400},
		{name: "domain error", body: orderWith("taken"), status: 409, detail: "the name is taken"},
		{name: "domain error of the server", body: orderWith("busy"), status: 503, log: "dial 10.0.0.7"},
		{name: "own problem", body: orderWith("own"), status: 410, detail: "It was deleted."},
		{name: "internal error", body: orderWith("secret"), status: 500, log: "password=s3cret"},
		{name: "panic", body: orderWith("panic"), status: 500, log: "panic: s3cret"},
		{name: "body too large", body: strings.Repeat(" ", 1<<20+1), status: 413, detail: "The body has more than 1048576 bytes."},
		{name: "wrong method", method: "PATCH", body: goodOrder, status: 405},
		{name: "too many", body: goodOrder, setting: limited, status: 429},
	}
	for _, tt := range tests {
		for _, kind := range []string{"PUT /orders/abc", "POST /plain/abc"} {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()

				method, path, _ := strings.Cut(kind, " ")
				k := build(t, orders(), func(p *httpserver.Params) {
					if tt.setting != nil {
						tt.setting(p)
					}
				})
				ask := func() *httptest.ResponseRecorder {
					return k.ask(cmp.Or(tt.method, method), path, header("Content-Type", cmp.Or(tt.kind, "application/json")), header("Idempotency-Key", "0000"), body(tt.body))
				}
				w := ask()
				for range 5 {
					if w.Code != http.StatusOK {
						break
					}
					w = ask() // until there were too many
				}
				p := readProblem(t, w)
				if p.Status != tt.status || tt.detail != "" && p.Detail != tt.detail {
					t.Errorf("%s = %d %q; want %d %q", kind, p.Status, p.Detail, tt.status, tt.detail)
				}
				if allow := w.Header().Get("Allow"); tt.status == http.StatusMethodNotAllowed && !strings.Contains(allow, method) {
					t.Errorf("Allow = %q; want %s in it", allow, method)
				}
				if tt.log != "" {
					last := k.logs.All()[len(k.logs.All())-1].ContextMap()
					if text := fmt.Sprint(last["error"]); !strings.Contains(text, tt.log) || last["request_id"] != p.RequestID {
						t.Errorf("the record %v has the error %s; want %s in it, and the id %s", last, text, tt.log, p.RequestID)
					}
				}
			})
		}
	}
}

func TestTypedHandlerThatTookTooLong(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := build(t, routes(httpserver.Route{Method: "GET", Path: "/slow", Operation: httpserver.Typed(
			func(ctx context.Context, _ *struct{}) (*struct{}, error) {
				<-ctx.Done()
				return nil, fmt.Errorf("query: %w", ctx.Err())
			},
		)}))
		if p := readProblem(t, k.ask("GET", "/slow")); p.Status != http.StatusServiceUnavailable || p.Detail != "" {
			t.Errorf("answer is %d %s; want 503 and no internal text", p.Status, p.Detail)
		}
		synctest.Wait()
	})
}

// What huma has beyond JSON works, too: bodies as they are, forms with files,
// and checks of one's own.
func TestTypedHandlersOfOtherBodies(t *testing.T) {
	t.Parallel()

	type text struct {
		RawBody []byte `contentType:"text/plain"`
	}
	type upload struct {
		RawBody huma.MultipartFormFiles[struct {
			Title string        `form:"title" required:"true"`
			File  huma.FormFile `form:"file" required:"true"`
		}]
	}
	type note struct {
		Name string `path:"name"`
	}
	type said struct {
		Text string `json:"text"`
	}
	k := build(t, routes(
		httpserver.Route{Method: "POST", Path: "/text", Operation: httpserver.Typed(func(_ context.Context, in *text) (*said, error) {
			return &said{string(in.RawBody)}, nil
		})},
		httpserver.Route{Method: "POST", Path: "/files", Operation: httpserver.Typed(func(_ context.Context, in *upload) (*said, error) {
			form := in.RawBody.Data()
			content, err := io.ReadAll(form.File)
			return &said{form.Title + ": " + string(content)}, err
		})},
		httpserver.Route{Method: "GET", Path: "/even", Operation: httpserver.Typed(func(_ context.Context, in *even) (*said, error) {
			return &said{fmt.Sprint(in.Number)}, nil
		})},
		httpserver.Route{Method: "GET", Path: "/notes/:name", Operation: httpserver.Typed(func(_ context.Context, in *note) (*said, error) {
			return &said{in.Name}, nil
		})},
	))
	openapi.Check(t, k.ask("GET", "/openapi.json").Body.Bytes())
	const boundary = "xxx"
	part := func(name, rest, content string) string {
		return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"" + rest + "\r\n\r\n" + content + "\r\n"
	}
	file := part("file", `; filename="a.txt"`+"\r\nContent-Type: text/plain", "hello") + "--" + boundary + "--\r\n"
	form := "multipart/form-data; boundary=" + boundary
	for _, tt := range []struct {
		request, kind, body string
		status              int
		want                string // in the answer
	}{
		{"GET /notes/a%2Fb%25", "", "", 200, `{"text":"a/b%"}`},
		{"GET /notes/caf%C3%A9", "", "", 200, `{"text":"café"}`},
		{"POST /text", "text/plain", "hello", 200, `{"text":"hello"}`},
		{"POST /text", "application/json", "{}", 415, "expected text/plain"},
		{"POST /text", "text/plain", "", 400, `"field":"body","message":"required"`},
		{"POST /files", form, part("title", "", "greeting") + file, 200, `{"text":"greeting: hello"}`},
		{"POST /files", form, file, 422, `"field":"form.title","message":"required"`},
		{"POST /files", form, file[:20], 400, `"detail":"The body could not be read."`},
		{"POST /files", "application/json", "{}", 415, "expected multipart/form-data"},
		{"GET /even?number=4", "", "", 200, `{"text":"4"}`},
		{"GET /even?number=3", "", "", 422, `"field":"query.number","message":"expected an even number"`},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		w := k.ask(method, path, header("Content-Type", tt.kind), body(tt.body))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s of %q = %d %s; want %d and %s", tt.request, tt.body, w.Code, w.Body, tt.status, tt.want)
		}
	}
}

// even has a check of its own.
type even struct {
	Number int `query:"number"`
}

func (e *even) Resolve(huma.Context) []error {
	if e.Number%2 != 0 {
		return []error{&huma.ErrorDetail{Location: "query.number", Message: "expected an even number"}}
	}
	return nil
}

func TestManyWrongPlacesMakeAShortAnswer(t *testing.T) {
	t.Parallel()

	w := build(t, orders()).ask("PUT", "/orders/abc", header("Content-Type", "application/json"), header("Idempotency-Key", "0000"),
		body(`{"name":"a","lines":[`+strings.Repeat("1,", 500_000)+`1]}`))
	p := readProblem(t, w)
	if p.Status != http.StatusUnprocessableEntity || len(p.Errors) != 20 || !strings.HasSuffix(p.Detail, "(and many more)") {
		t.Errorf("answer is %d with %d errors, %q; want 422 with 20, and that there are many more", p.Status, len(p.Errors), p.Detail)
	}
}
