package typed_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"example.com/ostov/internal/typed"
)

// Of a body that is wrong in many places a few are told: the others cost no more
// than huma takes to find them, which is three allocations each.
func TestManyWrongPlacesCostLittle(t *testing.T) { // not parallel: it counts allocations
	type numbers struct {
		Body []int
	}
	api := typed.NewAPI("test", "1")
	serve, err := api.Add(huma.Operation{Method: http.MethodPost, Path: "/"},
		typed.New(func(context.Context, *numbers) (*struct{}, error) { return nil, nil }))
	if err != nil {
		t.Fatal(err)
	}
	cost := func(places int) float64 {
		text := "[" + strings.Repeat(`"",`, places-1) + `""]`
		return testing.AllocsPerRun(2, func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(text))
			r.Header.Set("Content-Type", "application/json")
			if err := serve(httptest.NewRecorder(), r, nil); err == nil || !strings.Contains(err.Error(), "and many more") {
				t.Errorf("%d wrong places: %v; want that there are many", places, err)
			}
		})
	}
	if each := (cost(12_000) - cost(2_000)) / 10_000; each > 5 {
		t.Errorf("each wrong place costs %v allocations; want 5 at most", each)
	}
}
