// Package database gives an application one database: a SQLite file on one
// machine or PostgreSQL for many, by one setting and with the same code.
//
// Reads go to [DB.Reader], changes through [DB.InTx]:
//
//	err := db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
//		_, err := tx.ExecContext(ctx, `INSERT INTO export (id, query) VALUES ($1, $2)`, id, query)
//		return err
//	})
//
// Parameters are $1, $2 on both. A module brings its tables with [Schema].
//
// The module is not among those of every application: a main adds it, and beside
// it the commands [MigrateCommand] and [BackupCommand].
package database
