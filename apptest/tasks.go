package apptest

import (
	"time"

	"example.com/ostov/modules/dispatcher"
)

// WaitTask waits until the task or one-shot of that name is as until wants it, and
// returns its state. It looks again at each change, so that nobody has to sleep. A
// state that is over soon, such as a short run, is better waited for by what it
// leaves:
//
//	app.WaitTask("report", func(s dispatcher.TaskState) bool { return s.Starts > 0 && s.State == dispatcher.Waiting })
//
// Where nothing has that name, which is so of a one-shot that is over, until gets the
// zero TaskState. After 10 seconds it fails the test, and shows what the task is like.
func (a *App) WaitTask(name string, until func(dispatcher.TaskState) bool) dispatcher.TaskState {
	a.t.Helper()
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		changed := a.dispatcher.Changed()
		var found dispatcher.TaskState
		for _, s := range a.dispatcher.Snapshot() {
			if s.Name == name {
				found = s
				break
			}
		}
		if until(found) {
			return found
		}
		select {
		case <-changed:
		case <-late.C:
			a.t.Fatalf("task %q is not as wanted within %v; it is %+v", name, limit, found)
		}
	}
}
