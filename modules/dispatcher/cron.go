package dispatcher

import (
	"errors"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// cronTimes are the times of a cron text in a zone. The library walks only through
// zones without changes: skipped midnights, or days (Samoa, 2011), confuse it.
type cronTimes struct {
	spec *cron.SpecSchedule
	zone *time.Location
}

func parseCron(text, zone string) (*cronTimes, error) {
	location, err := time.LoadLocation(zone) // "" is UTC
	if err != nil {
		return nil, err
	}
	if strings.Contains(text, "TZ=") {
		return nil, errors.New("want the zone in Zone")
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(text)
	if err != nil {
		return nil, err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("want a period in Every")
	}
	c := &cronTimes{spec: spec, zone: location}
	if c.next(time.Unix(0, 0)).IsZero() {
		return nil, errors.New("that never comes")
	}
	return c, nil
}

// next returns the first of the times after t, zero where none comes for years.
func (c *cronTimes) next(t time.Time) time.Time {
	t = t.In(c.zone)
	if c.spec.Hour>>63 != 0 { // the parser's mark of a "*"
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

// nextEven is next for a text of every hour, whose times follow each other evenly
// through a change of the clock.
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

// nextIn returns the first of the times after t in a zone that has no changes.
func (c *cronTimes) nextIn(zone *time.Location, t time.Time) time.Time {
	spec := *c.spec
	spec.Location = zone
	return spec.Next(t)
}

// shown returns when the zone's clock first shows wall; skipped: at the change.
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
