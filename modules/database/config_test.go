package database_test

import (
	"strings"
	"testing"

	"example.com/ostov/config"
	"example.com/ostov/modules/database"
)

func TestSettingsThatCannotHoldAreNamed(t *testing.T) {
	t.Parallel()

	for _, wrong := range []string{
		"url=", "url=mysql://host/name", "url=file::memory:", "url=file:app.db?_pragma=journal_mode(OFF)", "url=file:",
		"migrate=always", "migrate_timeout=0s", "connect_timeout=-1s", "acquire_timeout=0s", "statement_timeout=0s",
		"max_connections=1", "max_connections=1001",
	} {
		key, _, _ := strings.Cut(wrong, "=")
		_, err := config.Load([]config.Section{config.NewSection("database", database.DefaultConfig())}, config.Sources{Set: []string{"database." + wrong}})
		if err == nil || !strings.Contains(err.Error(), "database."+key+": ") {
			t.Errorf("database.%s = %v; want it refused, by its key", wrong, err)
		}
	}
}
