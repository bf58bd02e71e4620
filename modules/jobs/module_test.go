package jobs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/fx"

	"example.com/ostov/apptest"
	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/apptest/jobstest"
	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
	"example.com/ostov/modules/telemetry"
)

func TestAFeatureAddsItsWorkers(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		greeted := make(chan string, 1000)
		feature := fx.Module("greeter",
			fx.Supply(func(_ context.Context, job *river.Job[Call]) error { greeted <- job.Args.Name; return nil }),
			jobs.Worker[Call](func(work func(context.Context, *river.Job[Call]) error) *caller { return &caller{work: work} }),
			jobs.Worker[Other](func() (*otherWorker, error) { return &otherWorker{}, nil }),
			jobs.Periodic(func() *river.PeriodicJob { return jobs.Every(time.Hour, Call{Name: "every hour"}) }),
		)
		var client *jobs.Client
		var panels struct {
			fx.In

			All []container.Panel `group:"container.panels"`
		}
		app := apptest.StartOnly(t, database.Module, jobs.Module, feature, apptest.Set("database.url", url), fx.Populate(&client, &panels))
		if _, err := panels.All[0].Read(t.Context()); err != nil || panels.All[0].Name != "jobs" {
			t.Errorf("the panel %s = %v; want that of the jobs", panels.All[0].Name, err)
		}
		if job := jobstest.Work(t, client, Call{Name: "you"}); job.State != rivertype.JobStateCompleted {
			t.Errorf("the job is %s, %v", job.State, job.Errors)
		}
		jobstest.Work(t, client, Other{})
		names := map[string]bool{<-greeted: true, <-greeted: true}
		if !names["you"] || !names["every hour"] {
			t.Errorf("greeted %v; want you and every hour", names)
		}
		if err := app.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestTheCommandShowsAndChangesJobsBesideTheService(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		client := describe(t, db, nil, jobs.Register(&caller{}))
		inserted, err := client.Insert(t.Context(), Call{Name: "x"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		id := strconv.FormatInt(inserted.Job.ID, 10)
		call := func(args ...string) (string, error) {
			var out bytes.Buffer
			c := container.New(container.Process{
				Stdout: &out, Stderr: &out, Sources: config.Sources{Environ: []string{}, Set: []string{"database.url=" + url}},
			}, container.Module, telemetry.Module, database.Module, jobs.Module, jobs.Worker[Call](func() *caller { return &caller{} }))
			cmd := jobs.Command(func() *container.Container { return c })
			cmd.SetArgs(args)
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			cmd.SilenceUsage, cmd.SilenceErrors = true, true
			err := cmd.ExecuteContext(t.Context())
			if err := c.Stop(t.Context()); err != nil {
				t.Errorf("jobs %v: release: %v", args, err)
			}
			return out.String(), err
		}
		if out, err := call("list", "--state", "available", "--kind", "call", "--queue", "default"); err != nil || !strings.Contains(out, id+"   call  default  available  0/25") {
			t.Errorf("jobs list = %s, %v; want the job", out, err)
		}
		if out, err := call("list", "--json", "--state", "running"); err != nil || strings.TrimSpace(out) != "[]" {
			t.Errorf("jobs list --state running --json = %s, %v; want none", out, err)
		}
		var views []struct {
			Args  json.RawMessage
			State rivertype.JobState
		}
		if out, err := call("show", id); err != nil || json.Unmarshal([]byte(out), &views) != nil || len(views) != 1 || !strings.Contains(string(views[0].Args), "x") {
			t.Errorf("jobs show = %s, %v; want the job with its arguments", out, err)
		}
		if out, err := call("cancel", id); err != nil || !strings.Contains(out, "cancelled") {
			t.Errorf("jobs cancel = %s, %v", out, err)
		}
		if out, err := call("retry", id, "--json"); err != nil || json.Unmarshal([]byte(out), &views) != nil || views[0].State != rivertype.JobStateAvailable {
			t.Errorf("jobs retry = %s, %v; want the job available", out, err)
		}
		for _, wrong := range [][]string{{"show"}, {"show", "x"}, {"show", "99999"}, {"list", "--state", "lost"}, {"list", "--limit", "0"}} {
			if out, err := call(wrong...); err == nil {
				t.Errorf("jobs %v = %s; want an error", wrong, out)
			}
		}
	})
}
