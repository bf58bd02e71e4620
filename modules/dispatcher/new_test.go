package dispatcher_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.com/ostov/modules/dispatcher"
)

func nothing(context.Context) error { return nil }

func TestNewRefusesWhatCannotRunAndNamesIt(t *testing.T) {
	t.Parallel()

	service := func(change func(*dispatcher.Service)) []dispatcher.Work {
		s := dispatcher.Service{Name: "words", Run: nothing}
		change(&s)
		return []dispatcher.Work{s}
	}
	schedule := func(change func(*dispatcher.Schedule)) []dispatcher.Work {
		s := dispatcher.Schedule{Name: "words", Run: nothing}
		change(&s)
		return []dispatcher.Work{s}
	}
	tests := []struct {
		name  string
		tasks []dispatcher.Work
		want  []string
	}{
		{"service without a function", service(func(s *dispatcher.Service) { s.Run = nil }), []string{`service "words": want one function, Run or RunReady`}},
		{"service with two functions", service(func(s *dispatcher.Service) {
			s.RunReady = func(context.Context, func()) error { return nil }
		}), []string{`service "words": want one function`}},
		{"service without a name", service(func(s *dispatcher.Service) { s.Name = "" }), []string{"no name", "dispatcher_test.nothing"}},
		{"negative backoff", service(func(s *dispatcher.Service) { s.Backoff = -1 }), []string{`service "words": Backoff is -1ns`}},
		{"backoff that is no pause", service(func(s *dispatcher.Service) { s.Backoff = 1 }), []string{`service "words": Backoff is 1ns; want 1ms or more`}},
		{"largest backoff below the first", service(func(s *dispatcher.Service) {
			s.Backoff, s.MaxBackoff = time.Second, time.Millisecond
		}), []string{`service "words": MaxBackoff is 1ms; want at least Backoff, which is 1s`}},
		{"negative window", service(func(s *dispatcher.Service) { s.Window = -1 }), []string{`service "words": Window is -1ns`}},
		{"impossible limit of restarts", service(func(s *dispatcher.Service) { s.MaxRestarts = -2 }), []string{`service "words": MaxRestarts is -2`}},
		{"unknown restart policy", service(func(s *dispatcher.Service) { s.Restart = 7 }), []string{`service "words": Restart is 7`}},
		{"unknown way to give up", service(func(s *dispatcher.Service) { s.GiveUp = -1 }), []string{`service "words": GiveUp is -1`}},

		{"schedule without a function", schedule(func(s *dispatcher.Schedule) { s.Run, s.Every = nil, 1 }), []string{`schedule "words": no function`}},
		{"schedule without a name", schedule(func(s *dispatcher.Schedule) { s.Name, s.Every = "", 1 }), []string{"no name", "dispatcher_test.nothing"}},
		{"schedule without a time", schedule(func(*dispatcher.Schedule) {}), []string{`schedule "words": want either Every or Cron`}},
		{"schedule with two times", schedule(func(s *dispatcher.Schedule) { s.Every, s.Cron = 1, "@daily" }), []string{`schedule "words": want either Every or Cron`}},
		{"negative period", schedule(func(s *dispatcher.Schedule) { s.Every = -time.Second }), []string{`schedule "words": Every is -1s`}},
		{"negative jitter", schedule(func(s *dispatcher.Schedule) { s.Every, s.Jitter = 1, -1 }), []string{`schedule "words": Jitter is -1ns`}},
		{"jitter longer than the period", schedule(func(s *dispatcher.Schedule) { s.Every, s.Jitter = 1, 2 }), []string{`schedule "words": Jitter is 2ns; want 0 to Every, which is 1ns`}},
		{"zone without cron", schedule(func(s *dispatcher.Schedule) { s.Every, s.Zone = 1, "UTC" }), []string{`schedule "words": Zone and CatchUp are for Cron`}},
		{"catching up without cron", schedule(func(s *dispatcher.Schedule) { s.Every, s.CatchUp = 1, true }), []string{`schedule "words": Zone and CatchUp are for Cron`}},
		{"bad cron text", schedule(func(s *dispatcher.Schedule) { s.Cron = "61 * * * *" }), []string{`schedule "words": Cron is "61 * * * *"`}},
		{"too few fields", schedule(func(s *dispatcher.Schedule) { s.Cron = "* *" }), []string{`schedule "words": Cron is "* *"`}},
		{"cron text with a zone", schedule(func(s *dispatcher.Schedule) { s.Cron = "TZ=UTC" }), []string{`schedule "words": Cron is "TZ=UTC" in zone "UTC": want the zone in Zone`}},
		{"a period as cron text", schedule(func(s *dispatcher.Schedule) { s.Cron = "@every 5m" }), []string{`schedule "words": Cron is "@every 5m" in zone "UTC": want a period in Every`}},
		{"a day that never comes", schedule(func(s *dispatcher.Schedule) { s.Cron = "0 0 30 2 *" }), []string{`schedule "words": Cron is "0 0 30 2 *" in zone "UTC": that never comes`}},
		{"unknown zone", schedule(func(s *dispatcher.Schedule) { s.Cron, s.Zone = "@daily", "Mars/Phobos" }), []string{`schedule "words": Cron is "@daily" in zone "Mars/Phobos": unknown time zone`}},

		{"one name for two tasks", append(
			service(func(*dispatcher.Service) {}),
			schedule(func(s *dispatcher.Schedule) { s.Every = 1 })...,
		), []string{`"words": another task has this name`}},
		{"all faults at once", append(
			service(func(s *dispatcher.Service) { s.Run = nil }),
			dispatcher.Schedule{Name: "letters", Every: -1},
		), []string{`service "words"`, `schedule "letters": Every`, `schedule "letters": no function`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			_, err := dispatcher.New(params(tt.tasks...))
			if err == nil {
				t.Fatal("New accepted it")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New: %v; want it to say %s", err, want)
				}
			}
		})
	}
}

func TestNewRefusesImpossibleSettings(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name   string
		change func(*dispatcher.Params)
		want   string
	}{
		{"no time to stop", func(p *dispatcher.Params) { p.Config.StopTimeout = 0 }, "stop_timeout: want more than 0"},
		{"no worker", func(p *dispatcher.Params) { p.Config.Workers = 0 }, "workers: want 1 to 10000"},
		{"too many workers", func(p *dispatcher.Params) { p.Config.Workers = 10_001 }, "workers: want 1 to 10000"},
		{"no queue", func(p *dispatcher.Params) { p.Config.Queue = -1 }, "queue: want 1 to 1000000"},
		{"too long a queue", func(p *dispatcher.Params) { p.Config.Queue = 1_000_001 }, "queue: want 1 to 1000000"},
		{"nobody to tell", func(p *dispatcher.Params) { p.Shutdown = nil }, "no Shutdown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			p := params()
			tt.change(&p)
			if _, err := dispatcher.New(p); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v; want it to say %q", err, tt.want)
			}
		})
	}
}

// Contract B75.
func TestOneDescriptionServesAnyNumberOfDispatchers(t *testing.T) {
	t.Parallel()

	p := params(dispatcher.Service{Name: "words", Run: nothing}, dispatcher.Schedule{Name: "letters", Every: time.Hour, Run: nothing})
	for range 2 {
		d, err := dispatcher.New(p)
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		if err := d.Start(t.Context()); err != nil {
			t.Fatalf("Start: %v", err)
		}
		if err := d.Stop(t.Context()); err != nil {
			t.Fatalf("Stop: %v", err)
		}
	}
	if first := p.Tasks[0].(dispatcher.Service); first.Backoff != 0 {
		t.Errorf("the description was changed: %+v", first)
	}
}
