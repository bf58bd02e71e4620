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
	var answer struct{ Text string }
	app.Do(http.MethodGet, "/api/greeter/Ada", nil).Want(http.StatusOK).JSON(&answer)
	if want := "Hi, Ada!"; answer.Text != want {
		t.Errorf("the greeting is %q; want %q", answer.Text, want)
	}
	app.Do(http.MethodGet, "/api/greeter/"+strings.Repeat("a", 81), nil).Want(http.StatusUnprocessableEntity).Problem()
}
