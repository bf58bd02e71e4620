package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivershared/riverpilot"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/modules/database"
)

// engine is River's client, which is of another type for each kind of database.
type engine interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	JobGet(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	JobRetry(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobCancel(ctx context.Context, id int64) (*rivertype.JobRow, error)
	Subscribe(kinds ...river.EventKind) (<-chan *river.Event, func())

	insert(ctx context.Context, tx *database.Tx, jobs []river.InsertManyParams) ([]*rivertype.JobInsertResult, error)
	free(ctx context.Context, log *slog.Logger) error
}

// riverEngine is the engine for a database whose transactions are a TTx.
type riverEngine[TTx any] struct {
	*river.Client[TTx]

	tx func(*database.Tx) TTx
}

func newEngine[TTx any](driver guarded[TTx], settings *river.Config, tx func(*database.Tx) TTx) (engine, error) {
	client, err := river.NewClient(driver, settings)
	if err != nil {
		return nil, err
	}
	if client.Pilot() != riverpilot.Pilot(driver.guard) {
		return nil, errors.New("this version of River takes no pilot from its driver: see guard.go")
	}
	return riverEngine[TTx]{client, tx}, nil
}

func (e riverEngine[TTx]) insert(ctx context.Context, tx *database.Tx, jobs []river.InsertManyParams) ([]*rivertype.JobInsertResult, error) {
	return e.InsertManyTx(ctx, e.tx(tx), jobs)
}

// free makes the jobs available that are marked as running, while none is: a process
// that died has left them. What was in its last attempt is discarded, and what was told
// to end cancelled.
func (e riverEngine[TTx]) free(ctx context.Context, log *slog.Logger) error {
	const batch = 1000
	executor := e.Driver().GetExecutor()
	now := time.Now().UTC()
	all := riverdriver.JobGetStuckParams{Max: batch, StuckHorizon: now.AddDate(100, 0, 0)} // whenever the clock says they began
	for freed := 0; ; {
		left, err := executor.JobGetStuck(ctx, &all)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			if freed > 0 {
				log.InfoContext(ctx, "jobs freed that a process had left running", slog.Int("jobs", freed))
			}
			return nil
		}
		var change riverdriver.JobRescueManyParams
		for _, job := range left {
			text, err := json.Marshal(rivertype.AttemptError{At: now, Attempt: job.Attempt, Error: "the process ended while the job ran"})
			if err != nil {
				return err
			}
			var metadata struct {
				Cancelled *time.Time `json:"cancel_attempted_at"` // River's: it was to end
			}
			if err := json.Unmarshal(job.Metadata, &metadata); err != nil {
				return fmt.Errorf("metadata of job %d: %w", job.ID, err)
			}
			state, finalized := rivertype.JobStateAvailable, (*time.Time)(nil)
			switch {
			case metadata.Cancelled != nil:
				state, finalized = rivertype.JobStateCancelled, &now
			case job.Attempt >= job.MaxAttempts:
				state, finalized = rivertype.JobStateDiscarded, &now
				log.ErrorContext(ctx, "a job is discarded: the process ended during its last attempt", slog.Int64("job", job.ID), slog.String("kind", job.Kind))
			}
			change.ID = append(change.ID, job.ID)
			change.Error = append(change.Error, text)
			change.FinalizedAt = append(change.FinalizedAt, finalized)
			change.ScheduledAt = append(change.ScheduledAt, now)
			change.State = append(change.State, string(state))
		}
		change.StuckHorizon = all.StuckHorizon
		if _, err := executor.JobRescueMany(ctx, &change); err != nil {
			return fmt.Errorf("%d jobs: %w", len(left), err)
		}
		freed += len(left)
	}
}
