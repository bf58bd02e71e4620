package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/apptest"
	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/apptest/jobstest"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

func TestMain(m *testing.M) {
	if os.Getenv(asExports) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr, faults()))
	}
	goleak.VerifyTestMain(m)
}

func TestAnExportIsOrderedAndFetched(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		var client *jobs.Client
		app := apptest.Start(t, database.Module, jobs.Module, Module, apptest.Set("database.url", url), fx.Populate(&client))
		order := app.Do(http.MethodPost, "/api/exports", map[string]string{"query": "chess knight"}).Want(http.StatusAccepted)
		var ordered struct{ ID int64 }
		order.JSON(&ordered)
		if job := jobstest.Wait(t, client, ordered.ID, rivertype.JobStateCompleted, rivertype.JobStateRetryable); job.State != rivertype.JobStateCompleted {
			t.Fatalf("the job is %s: %v", job.State, job.Errors)
		}
		file := app.Do(http.MethodGet, order.Header.Get("Location"), nil).Want(http.StatusOK).Body
		if !strings.HasPrefix(file, "code,char,name\n") || !strings.Contains(file, "\nU+265E,♞,BLACK CHESS KNIGHT\n") {
			t.Errorf("the file is %.200s; want its head and the knight", file)
		}
		app.Do(http.MethodGet, "/api/exports/99999", nil).Want(http.StatusNotFound)
		app.Do(http.MethodGet, "/api/exports/x", nil).Want(http.StatusNotFound)
		for _, wrong := range []any{map[string]string{}, map[string]string{"query": ""}, map[string]int{"query": 1}} {
			app.Do(http.MethodPost, "/api/exports", wrong).Want(http.StatusUnprocessableEntity)
		}
	})
}

// An order that waits for SQLite's one writer in vain may come again.
func TestAnOrderThatFindsTheDatabaseBusyIsToComeAgain(t *testing.T) {
	t.Parallel()

	var db *database.DB
	app := apptest.Start(t, database.Module, jobs.Module, Module, fx.Populate(&db),
		apptest.Set("database.url", databasetest.SQLite(t)), apptest.Set("database.acquire_timeout", "1s"))
	if err := db.InTx(t.Context(), func(context.Context, *database.Tx) error {
		refused := app.Do(http.MethodPost, "/api/exports", map[string]string{"query": "chess"}).Want(http.StatusServiceUnavailable)
		if after := refused.Header.Get("Retry-After"); after != "1" {
			t.Errorf("Retry-After is %q; want a second", after)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// With --only http orders are taken, and worked by nobody here.
func TestAnExportThatNobodyWorksIsAvailable(t *testing.T) {
	t.Parallel()

	p := start(t, databasetest.SQLite(t), "--only", "http")
	_, body := ask(t.Context(), http.MethodPost, p.url+"/api/exports", `{"query": "chess"}`)
	if want := `{"id":1}`; strings.TrimSpace(body) != want {
		t.Errorf("POST /api/exports = %s; want %s", body, want)
	}
	if state := p.get(t, "/api/exports/1"); strings.TrimSpace(state) != `{"id":1,"state":"available"}` {
		t.Errorf("GET /api/exports/1 = %s; want it available", state)
	}
	p.stop(t, 0)
}

func TestTheCommandsAreThere(t *testing.T) {
	t.Parallel()

	var out, err bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &out, &err); code != 0 {
		t.Errorf("exports --help = %d, %s", code, &err)
	}
	for _, want := range []string{"migrate", "backup", "jobs", "check"} {
		if !strings.Contains(out.String(), "\n  "+want) {
			t.Errorf("exports --help says\n%s\nwant %s", &out, want)
		}
	}
}
