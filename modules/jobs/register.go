package jobs

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Registration is a worker and the kind of job that it works.
type Registration struct {
	kinds   []string      // its own, and those that it had before
	timeout time.Duration // 0: it says none, or none of its own
	add     func(*river.Workers) error
}

// Register makes a Registration, for a [Client] without Fx; with it there is [Worker].
func Register[T river.JobArgs](worker river.Worker[T]) Registration {
	var args T
	kinds := []string{args.Kind()}
	if renamed, ok := any(args).(river.JobArgsWithKindAliases); ok {
		kinds = append(kinds, renamed.KindAliases()...)
	}
	return Registration{
		kinds:   kinds,
		timeout: timeoutOf(worker),
		add:     func(all *river.Workers) error { return river.AddWorkerSafely(all, worker) },
	}
}

// timeoutOf asks for the timeout of a job without content. A worker that cannot say
// it without has none that is known.
func timeoutOf[T river.JobArgs](worker river.Worker[T]) (timeout time.Duration) {
	defer func() {
		if recover() != nil {
			timeout = 0
		}
	}()
	return worker.Timeout(&river.Job[T]{JobRow: new(rivertype.JobRow)})
}
