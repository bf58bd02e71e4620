package database

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

// with opens the database of the application for the work of a command.
func with(ctx context.Context, application func() *container.Container, open func(*DB, context.Context) error, work func(*DB) error) error {
	db, err := container.Get[*DB](application()) // who made the container releases it
	if err != nil {
		return err
	}
	if err := open(db, ctx); err != nil {
		return err
	}
	return work(db)
}

// MigrateCommand is `migrate up|down|status`.
func MigrateCommand(application func() *container.Container) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "migrate", Short: "Apply or look at the migrations of the database", Args: cobra.NoArgs}
	up := &cobra.Command{
		Use: "up", Short: "Apply what is missing, without a limit of time", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), application, (*DB).Open, func(db *DB) error { return db.MigrateUp(cmd.Context()) })
		},
	}
	down := &cobra.Command{
		Use: "down MODULE", Short: "Take the tables of one module one step back", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), application, (*DB).Open, func(db *DB) error { return db.MigrateDown(cmd.Context(), args[0]) })
		},
	}
	status := &cobra.Command{
		Use: "status", Short: "Tell how far the tables of each module are", Args: cobra.NoArgs,
		Long: "Status tells how far the tables of each module are, and how far this program takes\nthem. The exit code is 1 where the two differ.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), application, (*DB).OpenShared, func(db *DB) error {
				versions, err := db.Versions(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					encoder := json.NewEncoder(cmd.OutOrStdout())
					encoder.SetIndent("", "\t")
					err = encoder.Encode(versions)
				} else {
					w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
					for _, v := range versions {
						fmt.Fprintf(w, "%s\t%d of %d\n", v.Module, v.Have, v.Want)
					}
					err = w.Flush()
				}
				pending, newer := compare(versions)
				return errors.Join(err, newer, pending)
			})
		},
	}
	status.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.AddCommand(up, down, status)
	return cmd
}

// BackupCommand is `backup FILE`.
func BackupCommand(application func() *container.Container) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy a SQLite database to a new file, while the service runs", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), application, (*DB).OpenShared, func(db *DB) error { return db.Backup(cmd.Context(), args[0]) })
		},
	}
}
