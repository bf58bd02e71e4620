package jobs_test

import (
	"strings"
	"testing"

	"example.com/ostov/config"
	"example.com/ostov/modules/jobs"
)

func TestSettingsThatCannotHoldAreNamed(t *testing.T) {
	t.Parallel()

	for _, wrong := range []string{
		"queues==1", "queues=a=1,a=2", "queues=a=0", "queues=mail", "queues=mail=", "queues=mail=many", "stop_timeout=0s", "job_timeout=-1s",
		"fetch_cooldown=0s", "fetch_poll_interval=1ms", "keep_completed=0s", "keep_discarded=0s",
	} {
		key, _, _ := strings.Cut(wrong, "=")
		_, err := config.Load([]config.Section{config.NewSection("jobs", jobs.DefaultConfig())}, config.Sources{Set: []string{"jobs." + wrong}})
		if err == nil || !strings.Contains(err.Error(), "jobs."+key+": ") || strings.Contains(wrong, "mail") && !strings.Contains(err.Error(), "NAME=WORKERS") {
			t.Errorf("jobs.%s = %v; want it refused, by its key, and what would be right", wrong, err)
		}
	}
	var q jobs.Queue
	if err := q.UnmarshalText([]byte("mail=5")); err != nil || q != (jobs.Queue{Name: "mail", Workers: 5}) {
		t.Errorf("mail=5 is %v, %v", q, err)
	}
}
