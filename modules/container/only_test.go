package container_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

func TestAProcessTakesOnlyTheWorkOfItsRoles(t *testing.T) {
	t.Parallel()

	tests := []struct{ only, want string }{
		{"", "+resource +dispatcher +jobs +http -http -jobs -dispatcher -resource -held"},
		{"http", "+resource +dispatcher +http -http -dispatcher -resource -held"},
		{"jobs", "+resource +dispatcher +jobs -jobs -dispatcher -resource -held"},
		{"http,jobs", "+resource +dispatcher +jobs +http -http -jobs -dispatcher -resource -held"},
	}
	for _, tt := range tests {
		d := new(diary)
		p, _, _ := quiet()
		if tt.only != "" {
			p.Only = strings.Split(tt.only, ",")
		}
		hook := func(name, role string) func() lifecycle.Hook {
			return func() lifecycle.Hook { return lifecycle.Hook{Name: name, Role: role, Setup: d.setup(name)} }
		}
		held := func() lifecycle.Hook {
			return lifecycle.Hook{Name: "held", Role: "jobs", Cleanup: func(context.Context) error { d.do("-held"); return nil }}
		}
		c := container.New(p, container.Module, container.CleanupCtx(held),
			container.CleanupCtx(hook("resource", "")), container.CleanupCtx(hook("dispatcher", ""), lifecycle.Work),
			container.CleanupCtx(hook("jobs", "jobs"), lifecycle.Work), container.CleanupCtx(hook("http", "http"), lifecycle.Serve))
		if err := errors.Join(c.Start(t.Context()), c.Stop(t.Context())); err != nil {
			t.Errorf("--only %q: %v", tt.only, err)
		}
		if got := strings.ReplaceAll(d.String(), "-dispatcher -jobs", "-jobs -dispatcher"); got != tt.want { // side by side
			t.Errorf("--only %q did %q; want %q", tt.only, got, tt.want)
		}
	}
}

func TestARoleThatNoModuleHasIsWrongUsage(t *testing.T) {
	t.Parallel()

	p, _, stderr := quiet()
	p.Only = []string{"mail"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // or it would run
	hook := func() lifecycle.Hook { return lifecycle.Hook{Role: "http"} }
	if code := container.Run(ctx, p, container.Module, container.CleanupCtx(hook), container.CleanupCtx(hook)); code != 2 || !strings.HasSuffix(stderr.String(), "--only mail: no module has this role; there are http\n") {
		t.Errorf("Run --only mail = %d, %s; want 2, and the roles that there are, each once", code, stderr)
	}
}
