package charfinder_test

import (
	"slices"
	"testing"

	"example.com/ostov/apptest"
	"example.com/ostov/internal/openapi"
)

func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	text := get(t, site, "/openapi.json").Body.Bytes()
	apptest.Golden(t, "openapi.json", string(text))

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
