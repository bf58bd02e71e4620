package jobs

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river/riverdriver"

	"example.com/ostov/modules/database"
)

const (
	// readInterval is how often a listener reads the notifications without a
	// commit of this process: those of a command beside it, and of River itself.
	readInterval = time.Second

	// readGap is the shortest time between two reads, where commits follow each other.
	readGap = 50 * time.Millisecond
)

// fileListener hears the notifications that River writes into a table of SQLite. That
// of River's driver reads the table twenty times a second, on the connection that
// writes. This one reads after a commit: the process has the file to itself.
type fileListener struct {
	db   *database.DB
	last int64 // the notification that was read last
}

// Connect passes over what is in the table.
func (l *fileListener) Connect(ctx context.Context) error {
	return l.db.Reader().QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM river_notification").Scan(&l.last)
}

// WaitForNotification returns the next notification, of whatever topic: River drops
// those that it does not listen to.
func (l *fileListener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		committed, gap, interval := l.db.Committed(), time.After(readGap), time.After(readInterval)
		var n riverdriver.Notification
		err := l.db.Reader().QueryRowContext(ctx, "SELECT id, topic, payload FROM river_notification WHERE id > $1 ORDER BY id LIMIT 1", l.last).
			Scan(&l.last, &n.Topic, &n.Payload)
		if !errors.Is(err, sql.ErrNoRows) {
			return &n, err
		}
		select {
		case <-committed:
			select {
			case <-gap:
			case <-ctx.Done():
			}
		case <-interval:
		case <-ctx.Done():
		}
	}
}

// Ping tells whether the database can be read.
func (l *fileListener) Ping(ctx context.Context) error { return l.db.Reader().PingContext(ctx) }

// The rest of what River asks for has nothing to do here.

func (l *fileListener) Close(context.Context) error            { return nil }
func (l *fileListener) Listen(context.Context, string) error   { return nil }
func (l *fileListener) Unlisten(context.Context, string) error { return nil }
func (l *fileListener) Schema() string                         { return "" }
func (l *fileListener) SetAfterConnectExec(string)             {}
