// Package openapi holds documents of APIs, and answers, against the standard
// and against each other. It is for test files.
package openapi

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema is that of OpenAPI 3.1, by the OpenAPI Initiative, under the Apache
// License 2.0.
//
//go:embed schema-3.1.json
var schema []byte

// Document is an OpenAPI document that was found to be valid.
type Document struct {
	t        testing.TB
	root     map[string]any
	compiler *jsonschema.Compiler
}

// name of the document among the schemas of its compiler.
const name = "https://example.com/openapi.json"

// Check fails the test where text is no OpenAPI 3.1, or where a schema in it is
// no JSON Schema or refers to what is not there.
func Check(t testing.TB, text []byte) *Document {
	t.Helper()
	d := &Document{t: t, compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	const standard = "https://spec.openapis.org/oas/3.1/schema/2022-10-07"
	document := d.decode(text)
	for url, value := range map[string]any{standard: d.decode(schema), name: document} {
		if err := d.compiler.AddResource(url, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.compiler.MustCompile(standard).Validate(document); err != nil {
		t.Fatalf("the document is no OpenAPI 3.1: %v", err)
	}
	d.root = document.(map[string]any)
	d.schemas("", d.root)
	return d
}

// schemas compiles every schema below value.
func (d *Document) schemas(pointer string, value any) {
	d.t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			at := pointer + "/" + escape(key)
			if _, isSchema := below.(map[string]any); isSchema && (key == "schema" || pointer == "/components/schemas") {
				d.compile(at)
				continue
			}
			d.schemas(at, below)
		}
	case []any:
		for i, below := range value {
			d.schemas(pointer+"/"+strconv.Itoa(i), below)
		}
	}
}

// escape returns a key as a part of the pointer in a URL.
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
}

func (d *Document) compile(pointer string) *jsonschema.Schema {
	d.t.Helper()
	s, err := d.compiler.Compile(name + "#" + pointer)
	if err != nil {
		d.t.Errorf("schema %s: %v", pointer, err)
	}
	return s
}

// Operations returns what the document names: GET /words/{word}.
func (d *Document) Operations() []string {
	var all []string
	for path, item := range d.root["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

// CheckAnswer fails the test where an answer to an operation, such as
// GET /words/{word}, is not as the document says.
func (d *Document) CheckAnswer(operation string, status int, header http.Header, body []byte) {
	d.t.Helper()
	method, path, _ := strings.Cut(operation, " ")
	responses := d.at("paths", path, strings.ToLower(method), "responses")
	if responses == nil {
		d.t.Errorf("the document has no %s", operation)
		return
	}
	var found string
	for _, key := range []string{strconv.Itoa(status), fmt.Sprintf("%dXX", status/100), "default"} {
		if _, ok := responses[key]; ok {
			found = key
			break
		}
	}
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	content := d.at("paths", path, strings.ToLower(method), "responses", found, "content")
	if found == "" || content == nil && len(body) > 0 && found != "2XX" {
		d.t.Errorf("%s answers %d %s; the document says %v", operation, status, body, responses)
		return
	}
	if content == nil {
		return
	}
	if content[kind] == nil {
		d.t.Errorf("%s answers %d with %q; the document says %v", operation, status, kind, content)
		return
	}
	s := d.compile(fmt.Sprintf("/paths/%s/%s/responses/%s/content/%s/schema", escape(path), strings.ToLower(method), found, escape(kind)))
	if err := s.Validate(d.decode(body)); err != nil {
		d.t.Errorf("%s answers %d %s, which is not as the document says: %v", operation, status, body, err)
	}
}

func (d *Document) at(keys ...string) map[string]any {
	at := d.root
	for _, key := range keys {
		at, _ = at[key].(map[string]any)
	}
	return at
}

func (d *Document) decode(text []byte) any {
	d.t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		d.t.Fatalf("%v in %s", err, text)
	}
	return value
}
