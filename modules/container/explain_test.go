package container_test

import (
	"strings"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

type (
	dsn    struct{}
	db     struct{}
	orders struct{}
	clock  interface{ Now() }
)

func newOrders(*db) *orders             { return nil }
func newDB(*dsn, clock) *db             { return nil }
func newDBOf(*dsn) *db                  { return nil }
func newDSN(*orders) *dsn               { return nil }
func noDSN() (*dsn, error)              { return nil, errBoom }
func useOrders(*orders)                 {}
func again(l fx.Lifecycle) fx.Lifecycle { return l }

// Contract B4, B89, B90.
func TestAFaultOfWiringSaysWhatToDoAndWhoNeedsWhat(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name   string
		option fx.Option
		want   []string // in this order
	}{
		{"missing types", fx.Options(fx.Provide(newOrders, newDB), fx.Invoke(useOrders)), []string{
			"provide *container_test.dsn and container_test.clock, or take out what needs it\n",
			"→ container_test.useOrders (", "→ *container_test.orders by container_test.newOrders (", "→ *container_test.db by container_test.newDB (",
			"→ nobody provides *container_test.dsn; container_test.clock",
		}},
		{"failing constructor", fx.Options(fx.Provide(newOrders, newDBOf, noDSN), fx.Invoke(useOrders)), []string{
			"cannot be built: boom\n", "container_test.useOrders (", "container_test.newOrders (", "container_test.noDSN (", "→ boom",
		}},
		{"second decoration of the lifecycle", fx.Options(fx.Decorate(again), fx.Invoke(func(fx.Lifecycle) {})), []string{
			"decorate fx.Lifecycle once", "container.Module", "fxevent.Logger",
		}},
		{"missing argument of a CleanupCtx", container.CleanupCtx(needsOrders), []string{
			"provide *container_test.orders, or", "→ container_test.needsOrders\n", "nobody provides *container_test.orders",
		}},
		{"CleanupCtx of what is no Setup", container.CleanupCtx(notASetup), []string{
			"container.CleanupCtx(container_test.notASetup)", "want a function that returns a lifecycle.Setup",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, stderr := quiet()
			if code := container.Run(t.Context(), p, container.Module, tt.option); code != 1 {
				t.Errorf("exit code %d; want 1", code)
			}
			rest := stderr.String()
			if !strings.HasPrefix(rest, "the application cannot be built: ") {
				t.Errorf("stderr begins otherwise:\n%s", rest)
			}
			for _, want := range tt.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("want %q, in this order, in\n%s", want, stderr)
				}
				rest = after
			}
		})
	}
}

func notASetup() string { return "" }

func needsOrders(*orders) lifecycle.Setup { return nil }
