package dispatcher

import (
	"slices"
	"testing"
	"time"
)

func TestCronAndChangesOfTheClock(t *testing.T) {
	t.Parallel()

	const layout = "2006-01-02 15:04:05 -0700"
	tests := []struct {
		name, cron, zone string
		after            string
		want             []string
	}{
		{
			"a time that the change skips comes at the change", "30 2 * * *", "America/New_York",
			"2026-03-07 12:00:00 -0500",
			[]string{"2026-03-08 03:00:00 -0400", "2026-03-09 02:30:00 -0400"},
		},
		{
			"several skipped times are one", "0,30 2 * * *", "America/New_York",
			"2026-03-07 12:00:00 -0500",
			[]string{"2026-03-08 03:00:00 -0400", "2026-03-09 02:00:00 -0400"},
		},
		{
			"a skipped time and the one at the change are one", "0 2,3 * * *", "America/New_York",
			"2026-03-07 12:00:00 -0500",
			[]string{"2026-03-08 03:00:00 -0400", "2026-03-09 02:00:00 -0400"},
		},
		{
			"a time that comes twice counts the first time", "30 1 * * *", "America/New_York",
			"2026-10-31 12:00:00 -0400",
			[]string{"2026-11-01 01:30:00 -0400", "2026-11-02 01:30:00 -0500"},
		},
		{
			"also east of Greenwich", "30 2 * * *", "Europe/Berlin",
			"2026-10-24 12:00:00 +0200",
			[]string{"2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"},
		},
		{
			"a time at the end of the hour that comes twice", "0 3 * * *", "Europe/Berlin",
			"2026-10-24 12:00:00 +0200",
			[]string{"2026-10-25 03:00:00 +0100", "2026-10-26 03:00:00 +0100"},
		},
		{
			"asked in the hour that comes again", "30 1 * * *", "America/New_York",
			"2026-11-01 01:10:00 -0500",
			[]string{"2026-11-02 01:30:00 -0500"},
		},
		{
			"a midnight that is skipped", "@daily", "Asia/Beirut",
			"2016-03-26 12:00:00 +0200",
			[]string{"2016-03-27 01:00:00 +0300", "2016-03-28 00:00:00 +0300"},
		},
		{
			"a change of half an hour", "15 2 * * *", "Australia/Lord_Howe",
			"2026-10-03 12:00:00 +1030",
			[]string{"2026-10-04 02:30:00 +1100", "2026-10-05 02:15:00 +1100"},
		},
		{
			"a day that a zone skips", "0 12 * * *", "Pacific/Apia",
			"2011-12-29 11:00:00 -1000",
			[]string{"2011-12-29 12:00:00 -1000", "2011-12-31 00:00:00 +1400", "2011-12-31 12:00:00 +1400"},
		},
		{
			"no zone is UTC", "0 12 * * MON-FRI", "",
			"2026-01-02 12:00:00 +0000",
			[]string{"2026-01-05 12:00:00 +0000"},
		},
		{
			"the 29th of February", "0 0 29 2 *", "",
			"2026-01-01 00:00:00 +0000",
			[]string{"2028-02-29 00:00:00 +0000"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			times, err := parseCron(tt.cron, tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(layout, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range tt.want {
				at = times.next(at)
				got = append(got, at.In(times.zone).Format(layout))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("after %s %q comes at %q; want %q", tt.after, tt.cron, got, tt.want)
			}
		})
	}
}

// The parser's own walk through a zone misses days and may not return; next is
// held against a walk minute by minute.
func TestCronOfEveryHourIsWhatAWalkThroughTheMinutesFinds(t *testing.T) {
	t.Parallel()

	zones := []string{
		"UTC", "America/New_York", "America/St_Johns", "Africa/Casablanca", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",
	}
	texts := []string{"*/15 * * * *", "7 * * * *", "*/10 * * * SUN", "30 * 1,15 * *"}
	for _, zone := range zones {
		for _, text := range texts {
			times, err := parseCron(text, zone)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2011, 1, 1, 0, 0, 0, 0, times.zone)
			for range 4 { // changes of the clock
				_, change := at.ZoneBounds()
				if change.IsZero() {
					break
				}
				for _, before := range []time.Duration{25 * time.Hour, 2 * time.Hour, time.Minute, time.Second, 0, -time.Hour} {
					from := change.Add(-before)
					want := from.Truncate(time.Minute).Add(time.Minute)
					for !times.matches(want) {
						want = want.Add(time.Minute)
					}
					if got := times.next(from); !got.Equal(want) {
						t.Errorf("%q in %s after %v: %v; want %v", text, zone, from, got, want)
					}
				}
				at = change
			}
		}
	}
}

// matches tells whether the zone's clock shows one of the times at t.
func (c *cronTimes) matches(t time.Time) bool {
	has := func(field uint64, n int) bool { return field&(1<<n) != 0 }
	day, weekday := has(c.spec.Dom, t.Day()), has(c.spec.Dow, int(t.Weekday()))
	onDay := day && weekday
	if c.spec.Dom>>63 == 0 && c.spec.Dow>>63 == 0 {
		onDay = day || weekday
	}
	return onDay && has(c.spec.Minute, t.Minute()) && has(c.spec.Hour, t.Hour()) && has(c.spec.Month, int(t.Month()))
}

// FuzzCron looks for texts on which the parser panics or next does not return.
func FuzzCron(f *testing.F) {
	for _, text := range []string{"* * * * *", "30 2 * * 1-5", "@daily", "TZ=UTC", "", "*/0 * * * *", "0 0 31 2 *"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		times, err := parseCron(text, "Pacific/Apia")
		if err != nil {
			return
		}
		at := time.Date(2011, 12, 29, 0, 0, 0, 0, time.UTC)
		for range 3 {
			next := times.next(at)
			if next.IsZero() {
				return
			}
			if !next.After(at) {
				t.Fatalf("%q after %v: %v", text, at, next)
			}
			at = next
		}
	})
}
