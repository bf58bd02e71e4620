package typed

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"example.com/ostov/internal/problem"
)

// API is the operations of one server and their document.
type API struct {
	huma  huma.API
	added func(huma.Context) // the handler that huma made of the operation that was added last
}

// NewAPI returns an API that has no operations. The version is that of the API,
// not of the program.
func NewAPI(title, version string) *API {
	schemas := huma.NewMapRegistry(schemasPrefix, huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem.Problem]())
	config := huma.Config{OpenAPI: &huma.OpenAPI{
		OpenAPI:    "3.1.0",
		Info:       &huma.Info{Title: title, Version: version},
		Paths:      map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: schemas},
	}}
	a := &API{}
	a.huma = unwritten{huma.NewAPI(config, adapter{a})} // without a path in config, huma serves nothing of its own
	return a
}

const schemasPrefix = "#/components/schemas/"

// adapter is the router that huma sees.
type adapter struct{ *API }

func (a adapter) Handle(_ *huma.Operation, handler func(huma.Context)) { a.added = handler }
func (adapter) ServeHTTP(http.ResponseWriter, *http.Request)           {}

// unwritten keeps huma from writing answers, and from its own way to read JSON.
type unwritten struct{ huma.API }

func (unwritten) Negotiate(string) (string, error)             { return "application/json", nil }
func (unwritten) Marshal(io.Writer, string, any) error         { return nil }
func (unwritten) Unmarshal(_ string, data []byte, v any) error { return decode(data, v) }

func (unwritten) Transform(ctx huma.Context, _ string, v any) (any, error) {
	ctx.(*request).answer = v
	return nil, nil
}

// Serve answers a request, or returns the error to answer it with.
type Serve func(w http.ResponseWriter, r *http.Request, params Params) error

// Add adds o, which answers what op says. What is wrong with the types of o is
// an error.
func (a *API) Add(op huma.Operation, o *Operation) (serve Serve, err error) {
	defer recovered(&err)
	if err := o.check(op.Path); err != nil {
		return nil, err
	}
	op.MaxBodyBytes = -1 // the server's limit holds for all handlers
	a.describeErrors(&op)
	o.register(a.huma, op)
	registered := operations(a.huma.OpenAPI().Paths[op.Path])[op.Method]
	boundParameters(o.input, registered)
	schemas := a.huma.OpenAPI().Components.Schemas
	for name, s := range schemas.Map() {
		boundFields(schemas.TypeFromRef(schemasPrefix+name), s)
	}
	return handle(registered, a.added, o.list), nil
}

func handle(op *huma.Operation, handler func(huma.Context), list int) Serve {
	texts := expectations(op)
	return func(w http.ResponseWriter, r *http.Request, params Params) error {
		q := &request{op: op, w: w, r: r, params: params, list: list}
		q.handed = handed{r.Context(), q}
		if err := q.accept(texts); err != nil {
			return err
		}
		handler(q)
		switch answer := q.answer.(type) {
		case huma.StatusError:
			return refusal(answer, q.reading, texts)
		case nil:
			if q.err == nil && !q.begun {
				w.WriteHeader(q.status)
			}
			return q.err
		default:
			return q.send(answer)
		}
	}
}

// accept reads the query and refuses what huma lets pass: parameters without a
// value, which it takes for missing, numbers such as NaN and 0x1p-2, and bodies of
// a kind that the operation does not read.
func (r *request) accept(texts map[string]string) error {
	if r.r.URL.RawQuery != "" {
		query, err := url.ParseQuery(r.r.URL.RawQuery)
		if err != nil {
			return problem.Of(http.StatusBadRequest, problem.FieldError{Field: "query", Message: "expected name=value pairs, escaped: " + err.Error()})
		}
		r.query = query
	}
	var wrong []problem.FieldError
	for _, p := range r.op.Parameters {
		if p.In != "query" || !r.query.Has(p.Name) {
			continue
		}
		text, value := texts["query."+p.Name], r.query.Get(p.Name)
		if text != "" && value == "" || p.Schema.Type == huma.TypeNumber && strings.ContainsAny(value, "nNxX") {
			wrong = append(wrong, problem.FieldError{Field: "query." + p.Name, Message: text})
		}
	}
	if len(wrong) > 0 {
		return problem.Of(http.StatusUnprocessableEntity, wrong...)
	}
	if r.op.RequestBody == nil || r.r.ContentLength == 0 {
		return nil
	}
	if encoding := r.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return problem.Of(http.StatusUnsupportedMediaType, problem.FieldError{
			Field: "header.Content-Encoding", Message: fmt.Sprintf("expected a body as it is, not in %q", encoding),
		})
	}
	given := r.r.Header.Get("Content-Type")
	if r.op.RequestBody.Content[given] != nil {
		return nil
	}
	if kind, _, _ := mime.ParseMediaType(given); r.op.RequestBody.Content[kind] == nil {
		var kinds []string
		for kind := range r.op.RequestBody.Content {
			kinds = append(kinds, kind)
		}
		slices.Sort(kinds)
		return problem.Of(http.StatusUnsupportedMediaType, problem.FieldError{
			Field: "header.Content-Type", Message: fmt.Sprintf("expected %s, not %q", strings.Join(kinds, " or "), given),
		})
	}
	return nil
}
