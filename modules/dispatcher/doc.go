// Package dispatcher runs the work of an application beside its requests. It
// starts all of it, watches over it, stops it, and accounts for each piece.
//
//	work that                       use                      where it fails
//	lives with the process          Task with a [Service]    restarted, pausing longer and longer; then the application stops
//	runs by the clock               Task with a [Schedule]   logged; it runs again at its next time
//	runs once, soon                 [Dispatcher.Go]          logged
//	runs once, and one waits        [Dispatcher.Wait]        the error is returned
//	must survive a crash, or run    package jobs             retried, on any machine
//	once for many machines
//
// The first two are given to the module with [Task] or to [New]; a panic, or a
// runtime.Goexit, is a failure like an error, with its stack in the log.
//
// A service or a schedule goes through these states; one that has no ready
// signal is never Starting:
//
//	            due                 ready
//	Waiting ───────────→ Starting ─────────→ Running
//	   ↑                    │                   │
//	   └────────────────────┴───── failed, ─────┤
//	                          or run and due again
//	                                            ├──→ Ended      done, or told to end
//	                                            ├──→ Failed     given up
//	                                            └──→ Abandoned  ignores the stop
//
// [Dispatcher.Stop] tells the one rule by which all work ends.
package dispatcher
