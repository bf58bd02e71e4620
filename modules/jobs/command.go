package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

// Command is `jobs list|show|retry|cancel`. It works beside the service, with a
// SQLite file, too.
func Command(application func() *container.Container) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "jobs", Short: "List, show, retry and cancel durable jobs", Args: cobra.NoArgs}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "as JSON")
	write := func(w io.Writer, views []view) error {
		if asJSON {
			return printJSON(w, views)
		}
		return printTable(w, views)
	}
	one := func(use, short string, work func(*Client, context.Context, int64) (*rivertype.JobRow, error)) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: jobIDs,
			RunE: func(cmd *cobra.Command, args []string) error {
				return with(cmd.Context(), application, func(c *Client) error {
					var views []view
					var errs []error
					for _, arg := range args {
						id, _ := strconv.ParseInt(arg, 10, 64) // jobIDs has seen to it
						job, err := work(c, cmd.Context(), id)
						if err == nil {
							views = append(views, viewOf(job))
						}
						errs = append(errs, err)
					}
					return errors.Join(append(errs, write(cmd.OutOrStdout(), views))...)
				})
			},
		}
	}
	show := one("show ID...", "Show jobs with all that is known of them", (*Client).Get)
	show.PreRun = func(*cobra.Command, []string) { asJSON = true }
	cmd.AddCommand(listCommand(application, write), show,
		one("retry ID...", "Make jobs available now, failed and cancelled ones too", (*Client).Retry),
		one("cancel ID...", "Cancel jobs; those that run are told to end", (*Client).Cancel))
	return cmd
}

func listCommand(application func() *container.Container, write func(io.Writer, []view) error) *cobra.Command {
	var states, kinds, queues []string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List jobs, the newest first", Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			for _, s := range states {
				if !slices.Contains(rivertype.JobStates(), rivertype.JobState(s)) {
					return fmt.Errorf("--state %q: want one of %v", s, rivertype.JobStates())
				}
			}
			if limit < 1 || limit > 10_000 {
				return fmt.Errorf("--limit %d: want 1 to 10000", limit)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), application, func(c *Client) error {
				params := river.NewJobListParams().First(limit).OrderBy(river.JobListOrderByID, river.SortOrderDesc)
				wanted := make([]rivertype.JobState, len(states))
				for i, s := range states {
					wanted[i] = rivertype.JobState(s)
				}
				if len(wanted) > 0 {
					params = params.States(wanted...)
				}
				if kinds != nil {
					params = params.Kinds(kinds...)
				}
				if queues != nil {
					params = params.Queues(queues...)
				}
				found, err := c.List(cmd.Context(), params)
				if err != nil {
					return fmt.Errorf("list jobs: %w", err)
				}
				views := make([]view, len(found.Jobs))
				for i, job := range found.Jobs {
					views[i] = viewOf(job)
				}
				return write(cmd.OutOrStdout(), views)
			})
		},
	}
	cmd.Flags().StringArrayVar(&states, "state", nil, "only jobs in this `state`, repeatable")
	cmd.Flags().StringArrayVar(&kinds, "kind", nil, "only jobs of this `kind`, repeatable")
	cmd.Flags().StringArrayVar(&queues, "queue", nil, "only jobs of this `queue`, repeatable")
	cmd.Flags().IntVar(&limit, "limit", 20, "at most so many")
	return cmd
}

// with gives a client that works nothing to a command.
func with(ctx context.Context, application func() *container.Container, work func(*Client) error) error {
	c, err := container.Get[*Client](application()) // who made the container releases it
	if err != nil {
		return err
	}
	if err := c.db.OpenShared(ctx); err != nil {
		return err
	}
	return work(c)
}

func jobIDs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("want the ID of a job")
	}
	for _, arg := range args {
		if id, err := strconv.ParseInt(arg, 10, 64); err != nil || id < 1 {
			return fmt.Errorf("%q: want the ID of a job", arg)
		}
	}
	return nil
}

func printJSON(w io.Writer, views []view) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "\t")
	return encoder.Encode(append([]view{}, views...)) // [] where there are none
}

func printTable(out io.Writer, views []view) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tQUEUE\tSTATE\tATTEMPT\tSCHEDULED\tLAST ERROR")
	for _, v := range views {
		last := ""
		if n := len(v.Errors); n > 0 {
			last = fmt.Sprintf("%.80q", v.Errors[n-1].Error)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d/%d\t%s\t%s\n", v.ID, v.Kind, v.Queue, v.State, v.Attempt, v.MaxAttempts, v.ScheduledAt.Format(time.RFC3339), last)
	}
	return w.Flush()
}
