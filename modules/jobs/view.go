package jobs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// View is a job as operators see it.
type View struct {
	ID          int64                    `json:"id"`
	Kind        string                   `json:"kind"`
	Queue       string                   `json:"queue"`
	State       rivertype.JobState       `json:"state"`
	Attempt     int                      `json:"attempt"`
	MaxAttempts int                      `json:"max_attempts"`
	Priority    int                      `json:"priority"`
	CreatedAt   time.Time                `json:"created_at"`
	ScheduledAt time.Time                `json:"scheduled_at"`
	AttemptedAt *time.Time               `json:"attempted_at,omitempty"`
	AttemptedBy []string                 `json:"attempted_by,omitempty"`
	FinalizedAt *time.Time               `json:"finalized_at,omitempty"`
	Args        json.RawMessage          `json:"args"`
	Metadata    json.RawMessage          `json:"metadata,omitempty"`
	Tags        []string                 `json:"tags,omitempty"`
	Errors      []rivertype.AttemptError `json:"errors,omitempty"`
}

// ViewOf returns the view of a job.
func ViewOf(job *rivertype.JobRow) View {
	return View{
		ID: job.ID, Kind: job.Kind, Queue: job.Queue, State: job.State,
		Attempt: job.Attempt, MaxAttempts: job.MaxAttempts, Priority: job.Priority,
		CreatedAt: job.CreatedAt, ScheduledAt: job.ScheduledAt,
		AttemptedAt: job.AttemptedAt, AttemptedBy: job.AttemptedBy, FinalizedAt: job.FinalizedAt,
		Args: job.EncodedArgs, Metadata: job.Metadata, Tags: job.Tags, Errors: job.Errors,
	}
}

// QueueState counts the jobs of a queue that are not over, and those that failed for
// good.
type QueueState struct {
	Queue  string                       `json:"queue"`
	Counts map[rivertype.JobState]int64 `json:"counts"`
}

// Snapshot returns the queues that have such jobs, by name: what an operator's page
// shows. Completed and cancelled jobs are not counted, which may be millions.
func (c *Client) Snapshot(ctx context.Context) ([]QueueState, error) {
	rows, err := c.db.Reader().QueryContext(ctx, `
		SELECT queue, state, count(*) FROM river_job
		WHERE state IN ('available', 'discarded', 'pending', 'retryable', 'running', 'scheduled')
		GROUP BY queue, state ORDER BY queue, state`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells what went wrong
	states := []QueueState{}
	for rows.Next() {
		var queue string
		var state rivertype.JobState
		var n int64
		if err := rows.Scan(&queue, &state, &n); err != nil {
			return nil, err
		}
		if len(states) == 0 || states[len(states)-1].Queue != queue {
			states = append(states, QueueState{queue, make(map[rivertype.JobState]int64)})
		}
		states[len(states)-1].Counts[state] = n
	}
	return states, rows.Err()
}
