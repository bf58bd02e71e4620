package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/riverqueue/river/rivertype"
	"golang.org/x/text/unicode/runenames"

	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

// ErrNoExport reports an export that was never asked for, or is long gone.
var ErrNoExport = errors.New("there is no such export")

// Exports takes orders for files, and knows what has become of them.
type Exports struct {
	db   *database.DB
	jobs *jobs.Client
}

func newExports(db *database.DB, client *jobs.Client) *Exports { return &Exports{db, client} }

// Order asks for the characters whose names have every word of query, and returns
// the ID of the export: from now on it will be made, whatever happens.
func (e *Exports) Order(ctx context.Context, query string) (int64, error) {
	inserted, err := e.jobs.Insert(ctx, Export{Query: query}, nil)
	if err != nil {
		return 0, err
	}
	return inserted.Job.ID, nil
}

// Find returns the file of an export, or, where it is not done, its state.
func (e *Exports) Find(ctx context.Context, id int64) (file string, state rivertype.JobState, err error) {
	err = e.db.Reader().QueryRowContext(ctx, "SELECT file FROM export WHERE id = $1", id).Scan(&file)
	if err == nil {
		return file, rivertype.JobStateCompleted, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", "", fmt.Errorf("read export %d: %w", id, err)
	}
	job, err := e.jobs.Get(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) || err == nil && job.Kind != (Export{}).Kind() {
		return "", "", ErrNoExport
	}
	if err != nil {
		return "", "", err
	}
	return "", job.State, nil
}

// writeCSV writes the characters whose names have every word of query.
func writeCSV(ctx context.Context, out io.Writer, query string) error {
	words := strings.Fields(strings.ToUpper(query))
	w := csv.NewWriter(out)
	_ = w.Write([]string{"code", "char", "name"}) // the error is kept for the end
	for r := rune(0); r <= unicode.MaxRune && len(words) > 0; r++ {
		if r&0xfff == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if name := runenames.Name(r); name != "" && name[0] != '<' && hasAll(strings.FieldsFunc(name, isSeparator), words) {
			_ = w.Write([]string{fmt.Sprintf("U+%04X", r), string(r), name})
		}
	}
	w.Flush()
	return w.Error()
}

func isSeparator(r rune) bool { return r == ' ' || r == '-' }

func hasAll(name, words []string) bool {
	for _, word := range words {
		if !slices.Contains(name, word) {
			return false
		}
	}
	return true
}
