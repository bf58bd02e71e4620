package jobs_test

import (
	"strings"
	"testing"
	"time"

	"example.com/ostov/modules/jobs"
)

func TestSettingsThatCannotHoldAreNamed(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, want string
		set        func(*jobs.Config)
	}{
		{"no name", "queues", func(c *jobs.Config) { c.Queues = []jobs.Queue{{"", 1}} }},
		{"twice", "queues", func(c *jobs.Config) { c.Queues = []jobs.Queue{{"a", 1}, {"a", 2}} }},
		{"no workers", "queues", func(c *jobs.Config) { c.Queues = []jobs.Queue{{"a", 0}} }},
		{"no time to stop", "stop_timeout", func(c *jobs.Config) { c.StopTimeout = 0 }},
		{"no time to run", "job_timeout", func(c *jobs.Config) { c.JobTimeout = -1 }},
		{"no cooldown", "fetch_cooldown", func(c *jobs.Config) { c.FetchCooldown = 0 }},
		{"polls before it may", "fetch_poll_interval", func(c *jobs.Config) { c.FetchPollInterval = time.Millisecond }},
		{"keeps nothing", "keep_completed", func(c *jobs.Config) { c.KeepCompleted = 0 }},
		{"keeps no failure", "keep_discarded", func(c *jobs.Config) { c.KeepDiscarded = 0 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			c := jobs.DefaultConfig()
			if err := c.Validate(); err != nil {
				t.Fatalf("the defaults are refused: %v", err)
			}
			tt.set(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate = %v; want it to name %s", err, tt.want)
			}
		})
	}
	var q jobs.Queue
	if err := q.UnmarshalText([]byte("mail=5")); err != nil || q != (jobs.Queue{Name: "mail", Workers: 5}) {
		t.Errorf("mail=5 is %v, %v", q, err)
	}
	for _, wrong := range []string{"mail", "mail=", "mail=many"} {
		if err := q.UnmarshalText([]byte(wrong)); err == nil || !strings.Contains(err.Error(), "NAME=WORKERS") {
			t.Errorf("%q = %v; want what is right", wrong, err)
		}
	}
}
