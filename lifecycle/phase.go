package lifecycle

// Phase is the part of a start or stop in which a hook runs. Phases go up in
// the order of the constants and down in reverse; within a phase hooks keep the
// order in which they were appended.
type Phase int8

// The phases. The zero value is Resource.
const (
	Observe  Phase = iota - 1 // logs, traces, admin: first up, last down
	Resource                  // what others use: one by one, each after what it needs
	Work                      // dispatcher, jobs: stop side by side
	Serve                     // servers: open last, drain first and side by side
)

// String returns the name of the phase in lower case.
func (p Phase) String() string {
	switch p {
	case Observe:
		return "observe"
	case Work:
		return "work"
	case Serve:
		return "serve"
	default:
		return "resource"
	}
}
