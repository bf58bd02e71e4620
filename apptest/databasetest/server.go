package databasetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// shared is the server of all tests of a binary. It is kept: its pipe is what keeps it up.
//
//nolint:gochecknoglobals // starting one takes seconds, and Go has no other place for what the tests of a package share
var shared = sync.OnceValues(startServer)

// NewServer starts a server for one test that stops and starts it. Where there is
// no PostgreSQL the test is skipped; with CI=true it fails.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := startServer()
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() {
		s.alive.Close() // a server that runs removes its folder at its end
		if s.down {
			_ = os.RemoveAll(s.dir)
		}
	})
	return s
}

// Server is a throwaway PostgreSQL on a unix socket in a folder of its own. It ends
// with the process that made it, however that ends.
type Server struct {
	URL string // of its database postgres

	dir     string
	command []string // what runs a program as the server's user
	bin     string
	alive   *os.File // the server ends when this pipe does
	ended   *os.File // and this one when it has
	down    bool
}

// startServer makes a new database cluster and starts a server on it. Without
// fsync: nothing of it outlives the test.
func startServer() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg") // short: the path of a socket has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, URL: "postgres://postgres@/postgres?host=" + dir}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		owner, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		s.command = []string{"setpriv", "--reuid=" + owner.Uid, "--regid=" + owner.Gid, "--clear-groups"}
	}
	initdb := s.as(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// run starts the server, says so, waits for the end of its standard input, and
// ends the server at once, the folder with it where it is told to.
const run = `
cd "$1"
"$0/pg_ctl" -D data -w -s -l log -o "-k $1 -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=300" start || { cat log; exit 1; }
echo up
read -r last
"$0/pg_ctl" -D data -w -s -m immediate stop
[ "$last" = keep ] || rm -rf "$1"
`

// Start starts the server, after a Stop, and returns when it takes connections.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) start() error {
	in, alive, err := os.Pipe()
	if err != nil {
		return err
	}
	ended, out, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := s.as("sh", "-c", run, s.bin, s.dir)
	cmd.Stdin, cmd.Stdout = in, out
	err = errors.Join(cmd.Start(), in.Close(), out.Close())
	if err != nil {
		return err
	}
	said := make([]byte, len("up\n"))
	if _, err := io.ReadFull(ended, said); err != nil || string(said) != "up\n" {
		rest, _ := io.ReadAll(ended)
		return fmt.Errorf("start PostgreSQL: %s%s", said, rest)
	}
	s.alive, s.ended, s.down = alive, ended, false
	return nil
}

// Stop ends the server as a crash would; what is committed stays for a Start.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	_, err := s.alive.WriteString("keep\n")
	_, gone := io.Copy(io.Discard, s.ended)
	s.down = true
	if err := errors.Join(err, gone, s.alive.Close(), s.ended.Close()); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

func (s *Server) as(program string, args ...string) *exec.Cmd {
	all := append(slices.Clone(s.command), append([]string{program}, args...)...)
	cmd := exec.Command(all[0], all[1:]...) //nolint:noctx // it ends with the pipe
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	return cmd
}

// binaries returns the folder with the programs of the newest PostgreSQL. Debian
// keeps them off the PATH.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("initdb is neither on the PATH nor in /usr/lib/postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil // from 10 on the versions sort as text
}
