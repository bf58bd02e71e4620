package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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
		os.Exit(run(process(), os.Args[1:], os.Stdout, os.Stderr, faults()))
	}
	goleak.VerifyTestMain(m)
}

func post(t *testing.T, url, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestAnExportIsOrderedAndFetched(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		var client *jobs.Client
		app := apptest.Start(t, database.Module, jobs.Module, Module, apptest.Set("database.url", url), fx.Populate(&client))
		response, body := post(t, app.URL+"/api/exports", `{"query": "chess knight"}`)
		var ordered struct {
			ID int64 `json:"id"`
		}
		if err := json.Unmarshal([]byte(body), &ordered); err != nil || response.StatusCode != http.StatusAccepted {
			t.Fatalf("POST /api/exports = %d %s; want 202 and the ID", response.StatusCode, body)
		}
		if job := jobstest.Wait(t, client, ordered.ID, rivertype.JobStateCompleted, rivertype.JobStateRetryable); job.State != rivertype.JobStateCompleted {
			t.Fatalf("the job is %s: %v", job.State, job.Errors)
		}
		status, file := app.Get(response.Header.Get("Location"))
		if lines := strings.Split(file, "\n"); status != http.StatusOK || lines[0] != "code,char,name" || !strings.Contains(file, "\nU+265E,♞,BLACK CHESS KNIGHT\n") {
			t.Errorf("GET %s = %d %.200s; want the file", response.Header.Get("Location"), status, file)
		}
		for path, want := range map[string]int{"/api/exports/99999": 404, "/api/exports/x": 404} {
			if status, body := app.Get(path); status != want {
				t.Errorf("GET %s = %d %s; want %d", path, status, body, want)
			}
		}
		for _, wrong := range []string{`{}`, `{"query": ""}`, `{"query": 1}`, `nonsense`} {
			if response, body := post(t, app.URL+"/api/exports", wrong); response.StatusCode/100 != 4 {
				t.Errorf("POST %s = %d %s; want it refused", wrong, response.StatusCode, body)
			}
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
		response, body := post(t, app.URL+"/api/exports", `{"query": "chess"}`)
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "1" {
			t.Errorf("POST /api/exports = %d, Retry-After %q, %s; want 503 and a second", response.StatusCode, response.Header.Get("Retry-After"), body)
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
	_, body := post(t, p.url+"/api/exports", `{"query": "chess"}`)
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
