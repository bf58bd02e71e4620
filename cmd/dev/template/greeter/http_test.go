package greeter_test

import (
	"net/http"
	"strings"
	"testing"

	"example.com/ostov/apptest"
	"example.com/ostov/cmd/dev/template/greeter"
)

func TestTheEndpointGreets(t *testing.T) {
	t.Parallel()

	app := apptest.StartOnly(t, greeter.Module, apptest.Set("greeter.greeting", "Hi"))
	status, body := app.Get("/api/greeter/Ada")
	if want := `{"text":"Hi, Ada!"}`; status != http.StatusOK || strings.TrimSpace(body) != want {
		t.Errorf("GET /api/greeter/Ada = %d %s; want 200 %s", status, body, want)
	}
}
