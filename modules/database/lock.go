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

// lockFile takes a lock that one process holds at a time, without waiting, and writes
// this process into the file. Closing it lets go, and so does the system where the
// process dies. The file stays: whoever removed it might remove that of the next holder.
func lockFile(path string) (*os.File, error) {
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
	return file, nil
}
