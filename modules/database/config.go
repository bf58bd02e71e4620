package database

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/ostov/config"
)

// Config is the "database" section of the configuration.
type Config struct {
	URL config.Secret `yaml:"url" doc:"file:PATH of a SQLite database, or postgres://user:password@host/name"`

	Migrate        string        `yaml:"migrate" validate:"oneof=start check off" doc:"start: a start applies the migrations that are missing; check: it fails where some are; off: neither"`
	MigrateTimeout time.Duration `yaml:"migrate_timeout" validate:"gt=0" doc:"how long migrations may take at the start, beside app.start_timeout"`

	ConnectTimeout   time.Duration `yaml:"connect_timeout" validate:"gt=0" doc:"how long a start waits for PostgreSQL to come up"`
	AcquireTimeout   time.Duration `yaml:"acquire_timeout" validate:"gt=0" doc:"how long a transaction waits for a connection; SQLite has one that writes"`
	StatementTimeout time.Duration `yaml:"statement_timeout" validate:"gt=0" doc:"PostgreSQL: the longest statement; migrations have no such limit"`
	MaxConnections   int           `yaml:"max_connections" validate:"min=2,max=1000" doc:"PostgreSQL: connections of this process; SQLite: those that read"`
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

// Validate reports what the tags of the fields cannot tell.
func (c Config) Validate() error {
	switch url := c.URL.Reveal(); {
	case c.dialect() == PostgreSQL:
		if _, err := pgxpool.ParseConfig(url); err != nil {
			return config.Invalid("url", "is not the URL of a PostgreSQL database") // the error of the parser may show a part of the password
		}
	case c.path() == "" || strings.ContainsAny(c.path(), "?#") || strings.Contains(c.path(), ":memory:"):
		return config.Invalid("url", "want file:PATH, without parameters, or postgres://user:password@host/name")
	}
	return nil
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
