package database

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/ostov/config"
)

// Config is the "database" section of the configuration.
type Config struct {
	URL config.Secret `yaml:"url" doc:"file:PATH of a SQLite database, or postgres://user:password@host/name"`

	Migrate        string        `yaml:"migrate" doc:"start: a start applies the migrations that are missing; check: it fails where some are; off: neither"`
	MigrateTimeout time.Duration `yaml:"migrate_timeout" doc:"how long migrations may take at the start, beside app.start_timeout"`

	ConnectTimeout   time.Duration `yaml:"connect_timeout" doc:"how long a start waits for PostgreSQL to come up"`
	AcquireTimeout   time.Duration `yaml:"acquire_timeout" doc:"how long a transaction waits for a connection; SQLite has one that writes"`
	StatementTimeout time.Duration `yaml:"statement_timeout" doc:"PostgreSQL: the longest statement; migrations have no such limit"`
	MaxConnections   int           `yaml:"max_connections" doc:"PostgreSQL: connections of this process; SQLite: those that read"`
}

// DefaultConfig returns the settings of a database that nobody configured.
func DefaultConfig() Config {
	return Config{
		URL:              config.NewSecret("file:data/app.db"),
		Migrate:          "start",
		MigrateTimeout:   10 * time.Minute,
		ConnectTimeout:   10 * time.Second,
		AcquireTimeout:   5 * time.Second,
		StatementTimeout: 30 * time.Second,
		MaxConnections:   20,
	}
}

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, config.Invalid(key, format, args...))
	}
	switch url := c.URL.Reveal(); {
	case c.dialect() == PostgreSQL:
		if _, err := pgxpool.ParseConfig(url); err != nil {
			wrong("url", "is not the URL of a PostgreSQL database") // the error of the parser may show a part of the password
		}
	case c.path() == "" || strings.ContainsAny(c.path(), "?#") || strings.Contains(c.path(), ":memory:"):
		wrong("url", "want file:PATH, without parameters, or postgres://user:password@host/name")
	}
	switch c.Migrate {
	case "start", "check", "off":
	default:
		wrong("migrate", "is %q; want start, check or off", c.Migrate)
	}
	for _, limit := range []struct {
		key   string
		value time.Duration
	}{
		{"migrate_timeout", c.MigrateTimeout},
		{"connect_timeout", c.ConnectTimeout},
		{"acquire_timeout", c.AcquireTimeout},
		{"statement_timeout", c.StatementTimeout},
	} {
		if limit.value <= 0 {
			wrong(limit.key, "must be more than 0")
		}
	}
	if c.MaxConnections < 2 || c.MaxConnections > 1000 {
		wrong("max_connections", "is %d; want 2 to 1000", c.MaxConnections)
	}
	return errors.Join(errs...)
}

// Dialect is the kind of a database.
type Dialect string

// The dialects. They name the folders of migrations, too.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

func (c Config) dialect() Dialect {
	if url := c.URL.Reveal(); strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return PostgreSQL
	}
	return SQLite
}

// path of the SQLite file, or nothing.
func (c Config) path() string {
	path, ok := strings.CutPrefix(c.URL.Reveal(), "file:")
	if !ok {
		return ""
	}
	return path
}

// place tells where the database is, without secrets.
func (c Config) place() string {
	if c.dialect() == SQLite {
		return c.path()
	}
	parsed, err := pgxpool.ParseConfig(c.URL.Reveal())
	if err != nil {
		return string(PostgreSQL)
	}
	return fmt.Sprintf("%s on %s:%d", parsed.ConnConfig.Database, parsed.ConnConfig.Host, parsed.ConnConfig.Port)
}
