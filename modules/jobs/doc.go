// Package jobs does durable work: a job is a row of the application's database,
// so that it survives a crash, and any process on the same database may work it.
// The engine is River (github.com/riverqueue/river), whose documentation holds:
// its JobArgs, Worker, Job and InsertOpts are the ones to use. The package adds
// the wiring, safe defaults, start and stop.
//
//	type Export struct{ ID int64 }
//
//	func (Export) Kind() string { return "export" }
//
//	type exporter struct {
//		river.WorkerDefaults[Export]
//		db *database.DB
//	}
//
//	func (e *exporter) Work(ctx context.Context, job *river.Job[Export]) error { ... }
//
// A module adds it by jobs.Worker[Export](newExporter), and inserts by a [Client].
//
// A job runs at least once: a process that dies may have done it and not said so.
// [CompleteTx] says so in the transaction that holds the effect, for exactly one.
//
// The module needs package database, and is not among those of every application:
// a main adds both, and beside them the command [Command].
package jobs
