package database_test

import (
	"strings"
	"testing"

	"example.com/ostov/config"
	"example.com/ostov/modules/database"
)

func TestSettingsThatCannotHoldAreNamed(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, want string
		set        func(*database.Config)
	}{
		{"no database", "url", func(c *database.Config) { c.URL = config.Secret{} }},
		{"another kind", "url", func(c *database.Config) { c.URL = config.NewSecret("mysql://host/name") }},
		{"in memory", "url", func(c *database.Config) { c.URL = config.NewSecret("file::memory:") }},
		{"parameters", "url", func(c *database.Config) { c.URL = config.NewSecret("file:app.db?_pragma=journal_mode(OFF)") }},
		{"no path", "url", func(c *database.Config) { c.URL = config.NewSecret("file:") }},
		{"migrate", "migrate", func(c *database.Config) { c.Migrate = "always" }},
		{"no time for migrations", "migrate_timeout", func(c *database.Config) { c.MigrateTimeout = 0 }},
		{"no time to connect", "connect_timeout", func(c *database.Config) { c.ConnectTimeout = -1 }},
		{"no time to wait", "acquire_timeout", func(c *database.Config) { c.AcquireTimeout = 0 }},
		{"no time for statements", "statement_timeout", func(c *database.Config) { c.StatementTimeout = 0 }},
		{"one connection", "max_connections", func(c *database.Config) { c.MaxConnections = 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			c := database.DefaultConfig()
			if err := c.Validate(); err != nil {
				t.Fatalf("the defaults are refused: %v", err)
			}
			tt.set(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate = %v; want it to name %s", err, tt.want)
			}
		})
	}
}
