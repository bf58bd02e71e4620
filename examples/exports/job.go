package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/riverqueue/river"

	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

// Export is the job that makes a file.
type Export struct {
	Query string `json:"query"`
}

// Kind names the job in the database: for good.
func (Export) Kind() string { return "export" }

// InsertOpts are those of every export.
func (Export) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 5} }

// exporter works exports.
type exporter struct {
	river.WorkerDefaults[Export]
	db *database.DB
}

func newExporter(db *database.DB) *exporter { return &exporter{db: db} }

// Work writes the file and completes the job in one transaction: however often the
// job is begun, there is one file.
func (e *exporter) Work(ctx context.Context, job *river.Job[Export]) error {
	var file strings.Builder
	if err := writeCSV(ctx, &file, job.Args.Query); err != nil {
		return fmt.Errorf("export %q: %w", job.Args.Query, err)
	}
	return e.db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO export (id, file) VALUES ($1, $2)", job.ID, file.String()); err != nil {
			return err
		}
		return jobs.CompleteTx(ctx, tx, job)
	})
}
