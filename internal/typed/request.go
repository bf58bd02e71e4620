package typed

import (
	"context"
	"crypto/tls"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Params gives the values of the parameters of a path, as echo.Context does.
type Params interface{ Param(name string) string }

// request is what huma sees of a request and its answer. What huma makes of
// them is kept until it returns: nothing is written before.
type request struct {
	op     *huma.Operation
	w      http.ResponseWriter
	r      *http.Request
	params Params
	query  url.Values
	list   int // see listIn
	handed handed

	status  int
	answer  any   // to be sent as JSON
	err     error // of the handler
	reading error // of the body
	begun   bool  // the answer is
}

// handed is the context that huma hands to a handler.
type handed struct {
	context.Context
	request *request
}

func (r *request) Context() context.Context   { return &r.handed }
func (r *request) Operation() *huma.Operation { return r.op }
func (r *request) TLS() *tls.ConnectionState  { return r.r.TLS }
func (r *request) Method() string             { return r.r.Method }
func (r *request) Host() string               { return r.r.Host }
func (r *request) RemoteAddr() string         { return r.r.RemoteAddr }
func (r *request) URL() url.URL               { return *r.r.URL }
func (r *request) Query(name string) string   { return r.query.Get(name) }
func (r *request) Header(name string) string  { return r.r.Header.Get(name) }
func (r *request) BodyReader() io.Reader      { return (*body)(r) }

func (r *request) Version() huma.ProtoVersion {
	return huma.ProtoVersion{Proto: r.r.Proto, ProtoMajor: r.r.ProtoMajor, ProtoMinor: r.r.ProtoMinor}
}

// Param returns the value as the client meant it: the router leaves it escaped
// where the path had to be.
func (r *request) Param(name string) string {
	value := r.params.Param(name)
	if r.r.URL.RawPath != "" {
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
	}
	return value
}

func (r *request) EachHeader(each func(name, value string)) {
	for name, values := range r.r.Header {
		for _, value := range values {
			each(name, value)
		}
	}
}

func (r *request) GetMultipartForm() (*multipart.Form, error) {
	err := r.r.ParseMultipartForm(8 << 10)
	if err != nil {
		r.reading = err
	}
	return r.r.MultipartForm, err
}

// SetReadDeadline leaves the deadline to the server.
func (r *request) SetReadDeadline(time.Time) error { return nil }

func (r *request) SetStatus(status int)            { r.status = status }
func (r *request) Status() int                     { return r.status }
func (r *request) SetHeader(name, value string)    { r.w.Header().Set(name, value) }
func (r *request) AppendHeader(name, value string) { r.w.Header().Add(name, value) }
func (r *request) BodyWriter() io.Writer           { return (*writer)(r) }

// body notes why it could not be read: huma keeps the text only.
type body request

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Body.Read(p)
	if err != nil && err != io.EOF {
		b.reading = err
	}
	return n, err
}

// writer begins the answer with the first byte of it.
type writer request

func (w *writer) Write(p []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.w.WriteHeader(max(w.status, http.StatusOK))
	}
	return w.w.Write(p)
}
