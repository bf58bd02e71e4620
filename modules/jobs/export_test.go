package jobs

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver"
)

// Stuck returns the jobs that a leader which knows kinds would rescue of those that
// run.
func Stuck(ctx context.Context, c *Client, most int, kinds ...string) ([]int64, error) {
	g := &guard{kinds: make(map[string]bool)}
	for _, k := range kinds {
		g.kinds[k] = true
	}
	var exec riverdriver.Executor
	switch e := c.river.(type) {
	case riverEngine[*sql.Tx]:
		exec = e.Driver().GetExecutor()
	case riverEngine[pgx.Tx]:
		exec = e.Driver().GetExecutor()
	}
	found, err := g.JobGetStuck(ctx, exec, &riverdriver.JobGetStuckParams{Max: most, StuckHorizon: time.Now().Add(time.Hour)})
	ids := make([]int64, len(found))
	for i, job := range found {
		ids[i] = job.ID
	}
	return ids, err
}

// OnceIn returns the options of a job of [Every].
var OnceIn = onceIn
