package jobs

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivershared/baseservice"
	"github.com/riverqueue/river/rivershared/riverpilot"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/lifecycle"
)

// putBack is how long a job waits that was fetched by a program which does not know
// its kind.
const putBack = time.Minute

// guard stands between River and the rows of jobs, for what River does wrong or
// cannot know. A program that does not know a kind leaves its jobs to others, where
// River's fails them, and as the leader discards those whose process died (river
// issue 1105). And none is begun once the application stops.
type guard struct {
	riverpilot.StandardPilot

	log      *slog.Logger
	kinds    map[string]bool
	tell     bool // who works a job that it is cancelled
	stopping lifecycle.Stopping
}

// What guard stands in for is what River calls: this does not compile where an upgrade
// has changed that, and newEngine refuses a River that takes no guard at all.
var (
	_ = riverpilot.Pilot.JobGetAvailable
	_ = riverpilot.Pilot.JobCancel
	_ = riverpilot.PilotJobRescuer.JobGetStuck

	_ riverpilot.PilotJobRescuer = (*guard)(nil)
)

// JobGetAvailable fetches jobs to work.
func (g *guard) JobGetAvailable(ctx context.Context, exec riverdriver.Executor, state riverpilot.ProducerState, params *riverdriver.JobGetAvailableParams) ([]*rivertype.JobRow, error) {
	if g.stopping.Begun() {
		return nil, nil
	}
	fetched, err := g.StandardPilot.JobGetAvailable(ctx, exec, state, params)
	if err != nil {
		return nil, err
	}
	ours := fetched[:0]
	now := time.Now().UTC()
	stops := g.stopping.Begun() // while it was fetched
	var change riverdriver.JobSetStateIfRunningManyParams
	for _, job := range fetched {
		attempt := max(job.Attempt-1, 0)
		p := riverdriver.JobSetStateInterrupted(job.ID, now, attempt, nil)
		switch {
		case !g.kinds[job.Kind]:
			g.log.WarnContext(ctx, "a job of a kind that this program does not know is put back", slog.Int64("job", job.ID), slog.String("kind", job.Kind))
			p = riverdriver.JobSetStateSnoozed(job.ID, now.Add(putBack), attempt, nil)
		case !stops:
			ours = append(ours, job)
			continue
		}
		change.ID = append(change.ID, p.ID)
		change.Attempt = append(change.Attempt, p.Attempt)
		change.ErrData = append(change.ErrData, nil)
		change.FinalizedAt = append(change.FinalizedAt, nil)
		change.MetadataDoMerge = append(change.MetadataDoMerge, false)
		change.MetadataUpdates = append(change.MetadataUpdates, nil)
		change.ScheduledAt = append(change.ScheduledAt, p.ScheduledAt)
		change.State = append(change.State, p.State)
	}
	if len(change.ID) > 0 {
		change.Schema = params.Schema
		if _, err := exec.JobSetStateIfRunningMany(ctx, &change); err != nil {
			g.log.ErrorContext(ctx, "jobs that are put back stay marked as running", slog.Any("jobs", change.ID), slog.String("error", err.Error()))
		}
	}
	return ours, nil
}

// JobGetStuck returns the jobs to rescue: of known kinds, so many as are asked for,
// or else River would take a page full of others for the last.
func (g *guard) JobGetStuck(ctx context.Context, exec riverdriver.Executor, params *riverdriver.JobGetStuckParams) ([]*rivertype.JobRow, error) {
	page := *params
	var stuck []*rivertype.JobRow
	for len(stuck) < params.Max {
		found, err := g.StandardPilot.JobGetStuck(ctx, exec, &page)
		if err != nil {
			return nil, err
		}
		for _, job := range found {
			if g.kinds[job.Kind] {
				stuck = append(stuck, job)
			}
			page.AfterID = job.ID
			if len(stuck) == params.Max {
				break
			}
		}
		if len(found) < page.Max {
			break
		}
	}
	return stuck, nil
}

// JobCancel cancels a job. River's driver for SQLite does not tell the process that
// works it.
func (g *guard) JobCancel(ctx context.Context, exec riverdriver.Executor, params *riverdriver.JobCancelParams) (*rivertype.JobRow, error) {
	job, err := g.StandardPilot.JobCancel(ctx, exec, params)
	if err != nil || job.State != rivertype.JobStateRunning || !g.tell {
		return job, err
	}
	order, err := json.Marshal(map[string]any{"action": "cancel", "job_id": job.ID, "queue": job.Queue})
	if err == nil {
		err = exec.NotifyMany(ctx, &riverdriver.NotifyManyParams{Topic: params.ControlTopic, Payload: []string{string(order)}, Schema: params.Schema})
	}
	return job, err
}

// guarded is a driver with the guard, and with SQLite a listener of our own.
type guarded[TTx any] struct {
	riverdriver.Driver[TTx]

	guard  *guard
	listen func() riverdriver.Listener // nil: that of the driver
}

// PluginInit has nothing to do; River asks for it beside PluginPilot.
func (guarded[TTx]) PluginInit(*baseservice.Archetype) {}

// PluginPilot gives River the guard.
func (d guarded[TTx]) PluginPilot() riverpilot.Pilot { return d.guard }

// GetListener gives River what hears of new jobs.
func (d guarded[TTx]) GetListener(params *riverdriver.GetListenenerParams) riverdriver.Listener {
	if d.listen != nil {
		return d.listen()
	}
	return d.Driver.GetListener(params)
}
