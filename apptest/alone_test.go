package apptest_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// isAlone is the variable of a process that runs one test only.
const isAlone = "TEST_ALONE"

// alone runs a test in a process of its own: Conform needs the whole process, and
// most of its time is waiting, which processes do side by side.
func alone(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv(isAlone) != "" {
		test(t)
		return
	}
	t.Parallel()
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=5m", "-test.run="+pattern)
	cmd.Env = append(os.Environ(), isAlone+"=yes")
	out, err := cmd.CombinedOutput()
	if err == nil && !bytes.Contains(out, []byte("--- PASS: "+t.Name()+" ")) {
		err = errors.New("it has not run")
	}
	if err != nil {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
}
