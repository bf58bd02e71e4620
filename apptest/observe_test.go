package apptest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"example.com/ostov/apptest"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
)

// order answers at once, and hands the rest of its work over.
func order(d *dispatcher.Dispatcher) []httpserver.Route {
	return []httpserver.Route{{Method: http.MethodGet, Path: "/orders/:id", Handler: func(c echo.Context) error {
		err := d.Go(c.Request().Context(), "confirm", func(context.Context) error { return errors.New("no mail server") })
		if err != nil {
			return err
		}
		return c.NoContent(http.StatusAccepted)
	}}}
}

// A request, the work that it handed over, and what operators see of both.
func TestATestSeesRecordsSpansAndMetrics(t *testing.T) {
	t.Parallel()

	app := apptest.StartOnly(t, httpserver.Routes(order), apptest.Traced())
	if status, _ := app.Get("/orders/7"); status != http.StatusAccepted {
		t.Fatalf("GET /orders/7 = %d; want 202", status)
	}

	failure := app.Record("task failed", "task", "confirm", "error", "no mail server")
	request, task := app.Span("GET /orders/:id"), app.Span("confirm")
	if task.Parent().SpanID() != request.SpanContext().SpanID() || failure["trace_id"] != request.SpanContext().TraceID().String() {
		t.Errorf("the task is below %v, and logged with %v; want the trace of the request", task.Parent(), failure)
	}
	if n := app.Metric("dispatcher_task_duration_seconds_count", "task", "confirm", "outcome", "error"); n != 1 {
		t.Errorf("%v runs of the task failed; want 1", n)
	}
	if n := app.Metric("http_server_request_duration_seconds_count", "route", "/orders/:id", "status", "202"); n != 1 {
		t.Errorf("%v requests were counted; want 1", n)
	}
	if n := app.Metric("http_server_request_duration_seconds_count", "route", "/none"); n != 0 {
		t.Errorf("%v requests of another route were counted; want 0", n)
	}
	if seconds := app.Metric("lifecycle_hook_duration_seconds", "op", "start"); seconds <= 0 {
		t.Errorf("the hooks took %v; want their sum", seconds)
	}
	app.Span("start")
}
