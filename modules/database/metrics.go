package database

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// collector reads the pools when it is asked.
type collector struct {
	db                                      *DB
	connections, limit, waits, waitDuration *prometheus.Desc
}

func newCollector(db *DB) collector {
	return collector{
		db:           db,
		connections:  prometheus.NewDesc("database_connections", "Connections of a pool, by what they do.", []string{"pool", "state"}, nil),
		limit:        prometheus.NewDesc("database_connections_max", "The most connections of a pool.", []string{"pool"}, nil),
		waits:        prometheus.NewDesc("database_waits_total", "How often a connection of a pool was waited for.", []string{"pool"}, nil),
		waitDuration: prometheus.NewDesc("database_wait_seconds_total", "How long connections of a pool were waited for.", []string{"pool"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.limit, c.waits, c.waitDuration} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	send := func(pool string, s sql.DBStats) {
		gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
		metrics <- prometheus.MustNewConstMetric(c.connections, gauge, float64(s.InUse), pool, "used")
		metrics <- prometheus.MustNewConstMetric(c.connections, gauge, float64(s.Idle), pool, "idle")
		metrics <- prometheus.MustNewConstMetric(c.limit, gauge, float64(s.MaxOpenConnections), pool)
		metrics <- prometheus.MustNewConstMetric(c.waits, counter, float64(s.WaitCount), pool)
		metrics <- prometheus.MustNewConstMetric(c.waitDuration, counter, s.WaitDuration.Seconds(), pool)
	}
	if c.db.pool == nil {
		send("write", c.db.write.Stats())
		send("read", c.db.read.Stats())
		return
	}
	s := c.db.pool.Stat()
	send("postgresql", sql.DBStats{
		InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()), MaxOpenConnections: int(s.MaxConns()),
		WaitCount: s.EmptyAcquireCount(), WaitDuration: s.EmptyAcquireWaitTime(),
	})
}
