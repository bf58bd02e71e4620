package config_test

import (
	"fmt"
	"testing"

	"example.com/ostov/config"
)

// BenchmarkLoad loads eight sections with 41 settings from a file, an environment of
// a hundred variables and flags. The promise is less than 5 ms.
func BenchmarkLoad(b *testing.B) {
	all := append(sections(), config.NewSection("tcp", httpConfig{Address: ":0", DrainTimeout: 1, MaxBody: 1}),
		config.NewSection("jobs", databaseConfig{URL: config.NewSecret("x"), MaxConnections: 1}), config.NewSection("audit", adminConfig{Hosts: []string{"a"}}))
	sources := config.Sources{
		Files: []string{write(b, "app.yaml", "http:\n  address: :8080\n  tls: {certificate: a, key: b}\nadmin:\n  hosts: [a, b, c]\nlog:\n  level: debug\n  format: json\n")},
		Set:   []string{"tcp.address=:1", "database.url=postgres://a:b@c/d"},
	}
	for i := range 90 {
		sources.Environ = append(sources.Environ, fmt.Sprintf("SOME_OTHER_PROGRAM_%d=x", i))
	}
	for i := range 10 {
		sources.Environ = append(sources.Environ, fmt.Sprintf("APP_HTTP_PORT_%d_TCP=x", i), fmt.Sprintf("APP_OF_ANOTHER_TEAM_%d=x", i))
	}
	for b.Loop() {
		if _, err := config.Load(all, sources); err != nil {
			b.Fatal(err)
		}
	}
}
