package dispatcher

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// cronTimes are the times of a cron text in a zone. The parser's own walk
// through a zone is not used: where a zone skips a midnight it misses days, and
// where one skips a whole day (Samoa, 2011) it never returns.
type cronTimes struct {
	spec *cron.SpecSchedule
	zone *time.Location
}

// star marks a parsed field that was "*".
const star = 1 << 63

func parseCron(text, zone string) (*cronTimes, error) {
	location, err := time.LoadLocation(zone) // "" is UTC
	if err != nil {
		return nil, fmt.Errorf("Zone is %q: %w", zone, err)
	}
	if strings.Contains(text, "TZ=") {
		return nil, fmt.Errorf("Cron is %q; want its zone in Zone", text)
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("Cron is %q: %w", text, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("Cron is %q; want a period in Every", text)
	}
	c := &cronTimes{spec: spec, zone: location}
	if c.next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("Cron is %q, which never comes", text)
	}
	return c, nil
}

// next returns the first of the times after t, or zero where there is none for
// years.
func (c *cronTimes) next(t time.Time) time.Time {
	t = t.In(c.zone)
	if c.spec.Hour&star != 0 {
		return c.nextEven(t)
	}
	for wall := clock(t); ; {
		if wall = c.nextIn(time.UTC, wall); wall.IsZero() {
			return wall
		}
		if due := c.shown(wall); due.After(t) {
			return due
		}
	}
}

// nextEven is next for a text of every hour: the times follow each other evenly
// through a change of the clock. Between two changes the zone is a fixed one.
func (c *cronTimes) nextEven(t time.Time) time.Time {
	for at := t; ; {
		name, offset := at.Zone()
		_, change := at.ZoneBounds()
		due := c.nextIn(time.FixedZone(name, offset), t)
		if change.IsZero() || due.Before(change) {
			return due
		}
		at, t = change, change.Add(-1)
	}
}

// nextIn returns the first of the times after t by the clock of a zone that has
// no changes.
func (c *cronTimes) nextIn(zone *time.Location, t time.Time) time.Time {
	spec := *c.spec
	spec.Location = zone
	return spec.Next(t)
}

// shown returns when the zone's clock first shows wall, or, where a change skips
// wall, the moment of the change.
func (c *cronTimes) shown(wall time.Time) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, c.zone)
	begin, end := t.ZoneBounds()
	switch shows := clock(t); {
	case shows.After(wall): // time.Date is free to choose a side
		return begin
	case shows.Before(wall):
		return end
	case begin.IsZero():
		return t
	}
	_, offset := begin.Add(-1).Zone()
	if earlier := wall.Add(-time.Duration(offset) * time.Second); earlier.Before(begin) {
		return earlier.In(c.zone)
	}
	return t
}

// clock returns what a clock on the wall shows at t, as a time in UTC.
func clock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
