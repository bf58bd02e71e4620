package database

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrInUse reports a SQLite file that another process has.
var ErrInUse = errors.New("another process has it")

// fileLock is a file that one process holds at a time. The system lets go of it
// where the process dies.
type fileLock struct{ file *os.File }

// lockFile takes the lock, without waiting, and writes this process into it.
func lockFile(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	taken, err := tryLock(file)
	if err == nil && !taken {
		holder, _ := io.ReadAll(io.LimitReader(file, 20)) // whoever has just taken it may not be in it yet
		err = fmt.Errorf("%w: %s is held by process %s", ErrInUse, path, strings.TrimSpace(string(holder)))
	}
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = file.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &fileLock{file}, nil
}

// release lets go. The file stays: whoever removed it might remove that of the
// next holder.
func (l *fileLock) release() error {
	if err := l.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil // a second time
}
