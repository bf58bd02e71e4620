package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// view is a job as operators see it.
type view struct {
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

func viewOf(job *rivertype.JobRow) view {
	return view{
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
	Queue     string `json:"queue"`
	Available int64  `json:"available"`
	Running   int64  `json:"running"`
	Retryable int64  `json:"retryable"`
	Scheduled int64  `json:"scheduled"`
	Discarded int64  `json:"discarded"`
}

// Snapshot returns the queues that have such jobs, by name: what the operator's page
// shows. Completed and cancelled jobs, which may be millions, are not counted.
func (c *Client) Snapshot(ctx context.Context) ([]QueueState, error) {
	rows, err := c.db.Reader().QueryContext(ctx, `
		SELECT queue,
			sum(CASE state WHEN 'available' THEN 1 ELSE 0 END), sum(CASE state WHEN 'running' THEN 1 ELSE 0 END),
			sum(CASE state WHEN 'retryable' THEN 1 ELSE 0 END), sum(CASE state WHEN 'scheduled' THEN 1 ELSE 0 END),
			sum(CASE state WHEN 'discarded' THEN 1 ELSE 0 END)
		FROM river_job WHERE state IN ('available', 'discarded', 'retryable', 'running', 'scheduled')
		GROUP BY queue ORDER BY queue`)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells what went wrong
	states := []QueueState{}
	for rows.Next() {
		var s QueueState
		if err := rows.Scan(&s.Queue, &s.Available, &s.Running, &s.Retryable, &s.Scheduled, &s.Discarded); err != nil {
			return nil, fmt.Errorf("count jobs: %w", err)
		}
		states = append(states, s)
	}
	return states, rows.Err()
}
