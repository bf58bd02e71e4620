//go:build soak

package apptest_test

import (
	"testing"

	"example.com/ostov/apptest"
	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

func TestTheOptInModulesConform(t *testing.T) {
	apptest.Conform(t, database.Module, jobs.Module, apptest.Set("database.url", databasetest.SQLite(t)))
}
