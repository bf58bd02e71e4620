package jobs

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
)

const (
	// lookInterval is how often a listener looks whether the SQLite database has
	// changed, which costs next to nothing, and readInterval how often it reads the
	// notifications although that is not seen.
	lookInterval = 50 * time.Millisecond
	readInterval = time.Second

	// coarse is longer than the clock of a file system takes to go on.
	coarse = 100 * time.Millisecond
)

// fileListener hears the notifications that River writes into a table of SQLite. That
// of River's driver reads the table twenty times a second, on the connection that
// writes; this one only where the write-ahead log has changed, on one that reads.
type fileListener struct {
	db  *sql.DB // of readers
	log string  // the file of the write-ahead log

	mu     sync.Mutex
	topics map[string]bool
	last   int64 // the notification that was read last

	read time.Time // when the table was read last, and
	size int64     // the state that the log was in
	at   time.Time
}

// Connect passes over what is in the table.
func (l *fileListener) Connect(ctx context.Context) error {
	return l.db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM river_notification").Scan(&l.last)
}

// Close has nothing to close.
func (l *fileListener) Close(context.Context) error { return nil }

// Ping tells whether the database can be read.
func (l *fileListener) Ping(ctx context.Context) error { return l.db.PingContext(ctx) }

// Schema is none: SQLite has no schemas.
func (l *fileListener) Schema() string { return "" }

// SetAfterConnectExec is for River's own tests.
func (l *fileListener) SetAfterConnectExec(string) {}

// Listen begins to hear of a topic.
func (l *fileListener) Listen(_ context.Context, topic string) error { return l.hear(topic, true) }

// Unlisten ends that.
func (l *fileListener) Unlisten(_ context.Context, topic string) error { return l.hear(topic, false) }

func (l *fileListener) hear(topic string, hear bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.topics == nil {
		l.topics = make(map[string]bool)
	}
	l.topics[topic] = hear
	return nil
}

// WaitForNotification returns the next notification of a topic that is heard.
func (l *fileListener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for more := true; ; { // after one there may be another
		if more || l.changed() {
			found, err := l.next(ctx)
			if err != nil || found != nil && l.hears(found.Topic) {
				return found, err
			}
			if more = found != nil; more {
				continue
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// next returns the next notification of any topic, or nil.
func (l *fileListener) next(ctx context.Context) (*riverdriver.Notification, error) {
	var n riverdriver.Notification
	err := l.db.QueryRowContext(ctx, "SELECT id, topic, payload FROM river_notification WHERE id > $1 ORDER BY id LIMIT 1", l.last).
		Scan(&l.last, &n.Topic, &n.Payload)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // there is none
	}
	return &n, err
}

func (l *fileListener) hears(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.topics[topic]
}

// changed tells whether somebody may have written since it was asked last.
func (l *fileListener) changed() bool {
	now := time.Now()
	info, err := os.Stat(l.log)
	if err != nil || now.Sub(l.read) >= readInterval {
		l.read = now
		return true
	}
	same := info.Size() == l.size && info.ModTime().Equal(l.at)
	l.size, l.at = info.Size(), info.ModTime()
	if same && now.Sub(l.at).Abs() > coarse {
		return false
	}
	l.read = now
	return true
}
