package charfinder_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"

	"example.com/ostov/internal/openapi"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	text := get(t, site, "/openapi.json").Body.Bytes()
	const golden = "testdata/openapi.json"
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, text, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, before) {
		t.Errorf("the document is not as in %s: look at the difference, and write it anew with go test ./modules/charfinder -run %s -update", golden, t.Name())
	}

	document := openapi.Check(t, text)
	if got, want := document.Operations(), []string{"GET /api/chars", "GET /api/words/top", "GET /livez", "GET /readyz"}; !slices.Equal(got, want) {
		t.Errorf("the document names %q; want every route but the pages: %q", got, want)
	}
	for target, operation := range map[string]string{
		"/api/chars": "GET /api/chars", "/api/chars?query=letter&limit=1000": "GET /api/chars", "/api/chars?limit=1001": "GET /api/chars",
		"/api/words/top": "GET /api/words/top",
	} {
		w := get(t, site, target)
		document.CheckAnswer(operation, w.Code, w.Header(), w.Body.Bytes())
	}
}
