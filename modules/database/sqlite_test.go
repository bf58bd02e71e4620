package database_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/modules/database"
)

func TestASQLiteFileIsMadeForItsOwnerAlone(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "data of today", "a%20+&;.db")
	db := open(t, "file:"+path, nil)
	if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error { return write(ctx, tx, 1, "x") }); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Errorf("stat: %v", err)
		} else if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v; want 0600", info.Name(), info.Mode())
		}
	}
}

func TestSQLiteIsSetUpToLoseNothing(t *testing.T) {
	t.Parallel()

	db := open(t, databasetest.SQLite(t), nil)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "trusted_schema": "0"} {
		var got string
		if err := db.Writer().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("PRAGMA %s is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := db.Reader().ExecContext(t.Context(), "DELETE FROM note"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a change by the reader = %v; want it refused", err)
	}
}

// Contract B152.
func TestASQLiteFileHasOneProcess(t *testing.T) {
	t.Parallel()

	url := databasetest.SQLite(t)
	first := open(t, url, nil)
	second := describe(t, url, nil)
	err := second.Open(t.Context())
	if !errors.Is(err, database.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("Open of a file that is in use = %v; want ErrInUse with the process", err)
	}
	if err := second.OpenShared(t.Context()); err != nil {
		t.Errorf("OpenShared = %v; want it to open beside the first", err)
	}
	if _, err := second.Versions(t.Context()); err != nil {
		t.Errorf("a look beside the first = %v", err)
	}
	wantNotes(t, first, 0)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := describe(t, url, nil).Open(t.Context()); err != nil {
		t.Errorf("Open after the first has closed = %v", err)
	}
}

// Contract B148.
// Those that wait for the one writer get it in the order in which they came: by
// chance alone some wait for many times as long as others.
func TestTransactionsAreFirstComeFirstServed(t *testing.T) {
	t.Parallel()

	url := databasetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		db := open(t, url, nil)
		var came []int
		var all sync.WaitGroup
		if err := db.InTx(t.Context(), func(context.Context, *database.Tx) error {
			for i := range 20 {
				all.Go(func() {
					if err := db.InTx(t.Context(), func(context.Context, *database.Tx) error { came = append(came, i); return nil }); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if !slices.IsSorted(came) || len(came) != 20 {
			t.Errorf("they were served in the order %v; want that in which they came", came)
		}
	})
}

func TestAFileThatIsNoDatabaseFailsTheStart(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "app.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	db := describe(t, "file:"+path, nil)
	if err := db.Open(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Open = %v; want an error with the path", err)
	}
}

func TestABackupIsWholeWhileOthersWrite(t *testing.T) {
	t.Parallel()

	db := open(t, databasetest.SQLite(t), nil)
	copied := filepath.Join(t.TempDir(), "copy.db")
	stop := make(chan struct{})
	var written int
	var writer sync.WaitGroup
	begun := make(chan struct{})
	writer.Go(func() {
		for ; ; written += 2 {
			select {
			case <-stop:
				return
			default:
			}
			if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				return errors.Join(write(ctx, tx, written, strings.Repeat("x", 5000)), write(ctx, tx, written+1, "y"))
			}); err != nil {
				t.Errorf("write beside the backup: %v", err)
				return
			}
			if written == 20 {
				close(begun)
			}
		}
	})
	<-begun
	err := db.Backup(t.Context(), copied)
	close(stop)
	writer.Wait()
	if err != nil {
		t.Fatalf("Backup = %v", err)
	}
	if err := db.Backup(t.Context(), copied); !errors.Is(err, os.ErrExist) {
		t.Errorf("Backup over a file = %v; want it refused", err)
	}
	again := describe(t, "file:"+copied, nil, notes)
	if err := again.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	var integrity string
	var count int
	if err := again.Reader().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
		t.Errorf("integrity of the copy: %s, %v", integrity, err)
	}
	if err := again.Reader().QueryRowContext(t.Context(), "SELECT count(*) FROM note").Scan(&count); err != nil || count < 20 || count%2 != 0 {
		t.Errorf("the copy has %d notes, %v; want whole transactions, 10 at least", count, err)
	}
}
