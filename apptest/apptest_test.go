package apptest_test

import (
	"flag"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"example.com/ostov/apptest"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "6") // these tests wait more than they compute
	goleak.VerifyTestMain(m)
}

// Contract B79.
func TestApplicationsRunSideBySide(t *testing.T) {
	t.Parallel()

	a, b := apptest.Start(t), apptest.Start(t)
	if a.URL == b.URL || a.Admin == b.Admin {
		t.Errorf("%s %s and %s %s; want different addresses", a.URL, a.Admin, b.URL, b.Admin)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if status, _ := b.Get("/livez"); status != http.StatusOK {
		t.Errorf("GET /livez of the other = %d; want 200", status)
	}
}
