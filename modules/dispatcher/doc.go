// Package dispatcher runs the work of an application beside its requests: it starts
// all of it, watches over it, stops it, and accounts for each piece.
//
//	work that                          use                     where it fails
//	lives with the process             Task with a Service     restarted after longer and longer pauses; then the application stops
//	runs by the clock                  Task with a Schedule    logged; it runs again at its next time
//	runs once, soon                    Dispatcher.Go           logged
//	runs once, and somebody waits      Dispatcher.Wait         returned to who waits
//	must survive a crash, or run once  package jobs            retried, on any machine
//	for many machines
//
// A panic, or a runtime.Goexit, is a failure like an error, with its stack in the
// log. A service or a schedule goes through these states, Starting only where it
// has a ready signal:
//
//	           due                ready
//	Waiting ─────────→ Starting ─────────→ Running
//	   ↑                   │                  │
//	   └───────────────────┴──── due again ───┤
//	                                          ├──→ Ended      done, or told to end
//	                                          ├──→ Failed     given up
//	                                          └──→ Abandoned  ignores the stop
//
// [Dispatcher.Stop] tells the one rule by which all work ends.
package dispatcher
