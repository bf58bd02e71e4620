package config_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"example.com/ostov/config"
)

type appConfig struct {
	Name        string        `yaml:"name" validate:"required" doc:"name in logs, traces and metrics"`
	StopTimeout time.Duration `yaml:"stop_timeout" validate:"gt=0" doc:"limit of a whole stop"`
	DrainDelay  time.Duration `yaml:"drain_delay" validate:"gte=0"`
}

type httpConfig struct {
	Address      string        `yaml:"address" validate:"required" doc:"where to listen, host:port or unix:PATH"`
	DrainTimeout time.Duration `yaml:"drain_timeout" validate:"gt=0"`
	MaxBody      int64         `yaml:"max_body" validate:"min=1,max=1000000"`
	Compress     bool          `yaml:"compress"`
	TLS          tlsConfig     `yaml:"tls"`
}

type tlsConfig struct {
	Certificate string        `yaml:"certificate"`
	Key         config.Secret `yaml:"key"`
}

func (c httpConfig) Validate() error {
	var faults []error
	if _, port, err := net.SplitHostPort(c.Address); err != nil {
		faults = append(faults, config.Invalid("address", "write host:port"))
	} else if n, err := strconv.Atoi(port); err != nil || n > 65535 {
		faults = append(faults, config.Invalid("address", "a port is a number from 0 to 65535"))
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key.Reveal() == "") {
		faults = append(faults, config.Invalid("tls.key", "a certificate and its key come together"))
	}
	return errors.Join(faults...)
}

type adminConfig struct {
	Token    config.Secret   `yaml:"token" validate:"omitempty,min=16" doc:"what a caller must show"`
	Hosts    []string        `yaml:"hosts" validate:"min=1,max=3,dive,hostname"`
	Networks []netip.Prefix  `yaml:"networks" doc:"who may call, such as 10.0.0.0/8"`
	Keys     []config.Secret `yaml:"keys" validate:"dive,min=4"`
	Open     *int            `yaml:"-"`
}

func (c *adminConfig) Validate() error {
	if len(c.Networks) > 2 {
		return errors.New("more than two networks\nslow every call")
	}
	return nil
}

type logConfig struct {
	Level  zapcore.Level `yaml:"level" doc:"debug, info, warn or error"`
	Format string        `yaml:"format" validate:"oneof=console json"`
}

type databaseConfig struct {
	URL            config.Secret `yaml:"url" validate:"required"`
	MaxConnections uint8         `yaml:"max_connections" validate:"gte=1,lte=100"`
	SampleRatio    float64       `yaml:"sample_ratio" validate:"lt=1"`
	Retries        []int         `yaml:"retries"`
	Mirror         netip.Addr    `yaml:"mirror"`
}

// sections are those of a service, in no order.
func sections() []config.Section {
	return []config.Section{
		config.NewSection("log", logConfig{Format: "json"}),
		config.NewSection("http", httpConfig{Address: "127.0.0.1:8080", DrainTimeout: 10 * time.Second, MaxBody: 4096}),
		config.NewSection("database", databaseConfig{URL: config.NewSecret("file:data/app.db"), MaxConnections: 4, Retries: []int{1, 2}}),
		config.NewSection("app", appConfig{Name: "app", StopTimeout: 25 * time.Second}),
		config.NewSection("admin", adminConfig{Hosts: []string{"localhost"}}),
	}
}

// write returns the path of a new file called name.
func write(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func load(tb testing.TB, sources config.Sources) *config.Config {
	tb.Helper()
	c, err := config.Load(sections(), sources)
	if err != nil {
		tb.Fatalf("Load: %v; want no fault", err)
	}
	return c
}

// value returns what c says of key.
func value(tb testing.TB, c *config.Config, key string) config.Value {
	tb.Helper()
	for _, v := range c.Values() {
		if v.Key == key {
			return v
		}
	}
	tb.Fatalf("Values has no key %s", key)
	return config.Value{}
}

// Contract B95.
func TestLaterSourcesWin(t *testing.T) {
	t.Parallel()

	first := write(t, "first.yaml", "http:\n  address: :1\n  max_body: 1\n  compress: true\n  tls:\n    certificate: a\n    key: b\nadmin:\n  hosts: [a, b]\n")
	second := write(t, "second.yaml", "http:\n  max_body: 2\n  address: :2\n  drain_timeout: 2s\n  tls:\n    key: c\nadmin:\n  hosts: [d]\n")
	c := load(t, config.Sources{
		Files:   []string{first, second},
		Environ: []string{"APP_HTTP_MAX_BODY=3", "APP_HTTP_DRAIN_TIMEOUT=3s"},
		Set:     []string{"http.max_body=4", "http.max_body=5"},
	})

	for _, want := range []config.Value{
		{Key: "http.max_body", Value: "5", Source: "--set http.max_body"},
		{Key: "http.drain_timeout", Value: "3s", Source: "APP_HTTP_DRAIN_TIMEOUT"},
		{Key: "http.address", Value: ":2", Source: second + ":3"},
		{Key: "http.compress", Value: "true", Source: first + ":4"},
		{Key: "http.tls.certificate", Value: "a", Source: first + ":6"},
		{Key: "http.tls.key", Value: "(secret)", Source: second + ":6"},
		{Key: "admin.hosts", Value: "[d]", Source: second + ":8"},
	} {
		if got := value(t, c, want.Key); got.Value != want.Value || got.Source != want.Source || got.Default {
			t.Errorf("%s is %s from %s; want %s from %s", want.Key, got.Value, got.Source, want.Value, want.Source)
		}
	}
	if got := config.Get[httpConfig](c, "http").TLS.Key.Reveal(); got != "c" {
		t.Errorf("http.tls.key reveals %q; want c, of the second file", got)
	}
}

// Contract B96.
func TestFileMayBeMissingOnlyWhereNobodyNamedIt(t *testing.T) {
	t.Parallel()

	missing, named := filepath.Join(t.TempDir(), "app.yaml"), write(t, "named.yaml", "app: {drain_delay: 1s}")
	optional := write(t, "app.yaml", "app: {name: optional}")

	if got := value(t, load(t, config.Sources{Optional: missing}), "app.name"); !got.Default {
		t.Errorf("app.name is %q from %s; want the default, since the optional file is missing", got.Value, got.Source)
	}
	if got := value(t, load(t, config.Sources{Optional: optional}), "app.name"); got.Value != "optional" {
		t.Errorf("app.name is %q; want that of the optional file", got.Value)
	}
	if got := value(t, load(t, config.Sources{Optional: optional, Files: []string{named}}), "app.name"); !got.Default {
		t.Errorf("app.name is %q from %s; want the default, since a named file is read in place of the optional one", got.Value, got.Source)
	}
	if _, err := config.Load(sections(), config.Sources{Files: []string{missing}}); err == nil {
		t.Error("Load with a named file that is missing gives no error")
	}
}

// Contract B94: null is no value; but a section without keys is a section.
func TestSectionMayBeEmptyInAFile(t *testing.T) {
	t.Parallel()

	for _, content := range []string{"", "# nothing\n", "---\n", "~", "http:\n", "http: {}\n", "http:\n  tls:\n  #address: x\n", "\ufeffhttp:\r\n  address: :1\r\n"} {
		load(t, config.Sources{Files: []string{write(t, "app.yaml", content)}})
	}
}

// Contract B97: the text of a file is taken as it stands.
func TestFileIsNotInterpolated(t *testing.T) {
	t.Parallel()

	c := load(t, config.Sources{
		Files:   []string{write(t, "app.yaml", "app:\n  name: ${HOME:x}\n")},
		Environ: []string{"HOME=/root"},
	})
	if got := config.Get[appConfig](c, "app").Name; got != "${HOME:x}" {
		t.Errorf("app.name = %q; want the text of the file", got)
	}
}

// Contract B98.
func TestVariableThatIsEmptyIsAValue(t *testing.T) {
	t.Parallel()

	file := write(t, "app.yaml", "http:\n  tls: {certificate: a, key: b}\ndatabase: {retries: [7]}\n")
	c := load(t, config.Sources{
		Files:   []string{file},
		Environ: []string{"APP_HTTP_TLS_CERTIFICATE=", "APP_HTTP_TLS_KEY=", "APP_DATABASE_RETRIES="},
	})
	http, database := config.Get[httpConfig](c, "http"), config.Get[databaseConfig](c, "database")
	if http.TLS.Certificate != "" || http.TLS.Key.Reveal() != "" || len(database.Retries) != 0 {
		t.Errorf("certificate %q, key %q, retries %v; want all empty, as set",
			http.TLS.Certificate, http.TLS.Key.Reveal(), database.Retries)
	}
	if got := value(t, c, "http.tls.certificate"); got.Source != "APP_HTTP_TLS_CERTIFICATE" || got.Default {
		t.Errorf("http.tls.certificate comes from %s; want the variable that is set but empty", got.Source)
	}
}

// Contract B75.
func TestGetSharesNothing(t *testing.T) {
	t.Parallel()

	type settings struct {
		Names []string          `yaml:"names"`
		Group struct{ A []int } `yaml:"-"`
		Map   map[string][]int  `yaml:"-"`
		Lists [][]int           `yaml:"-"`
	}
	defaults := settings{Names: []string{"a"}, Map: map[string][]int{"x": {1}}, Lists: [][]int{{1}}}
	defaults.Group.A = []int{1}
	section := config.NewSection("s", defaults)
	spoil := func(s settings) {
		s.Names[0], s.Group.A[0], s.Map["x"][0], s.Map["y"], s.Lists[0][0] = "spoilt", 9, 9, nil, 9
	}
	want := settings{Names: []string{"a"}, Map: map[string][]int{"x": {1}}, Lists: [][]int{{1}}}
	want.Group.A = []int{1}

	spoil(defaults)
	for _, round := range []string{"the caller changed its defaults", "another Get was changed", "another configuration was changed"} {
		c, err := config.Load([]config.Section{section}, config.Sources{})
		if err != nil {
			t.Fatal(err)
		}
		if got := config.Get[settings](c, "s"); !reflect.DeepEqual(got, want) {
			t.Fatalf("after %s Get = %+v; want %+v", round, got, want)
		}
		spoil(config.Get[settings](c, "s"))
		if got := config.Get[settings](c, "s"); !reflect.DeepEqual(got, want) {
			t.Fatalf("after %s Get = %+v; want %+v", round, got, want)
		}
	}
}

// sorter puts its list in order, where it should only look.
type sorter struct {
	List []int `yaml:"list"`
}

func (s *sorter) Validate() error {
	slices.Sort(s.List)
	return nil
}

// Contract B75.
func TestValidateCannotChangeTheDefaults(t *testing.T) {
	t.Parallel()

	section := []config.Section{config.NewSection("s", sorter{List: []int{2, 1}})}
	c, err := config.Load(section, config.Sources{Set: []string{"s.list=4,3"}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Sample(&b); err != nil || !strings.Contains(b.String(), "#list: [2, 1]") {
		t.Errorf("sample is %q, %v; want the default [2, 1]", b.String(), err)
	}
}

func TestGetOfWhatWasNotLoadedPanics(t *testing.T) {
	t.Parallel()

	c := load(t, config.Sources{})
	for name, get := range map[string]func(){
		"unknown name": func() { config.Get[httpConfig](c, "htpp") },
		"wrong type":   func() { config.Get[logConfig](c, "http") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: Get returns; want a panic", name)
				}
			}()
			get()
		}()
	}
}

func TestEveryTypeIsReadFromEverySource(t *testing.T) {
	t.Parallel()

	type named string
	type types struct {
		Text     string          `yaml:"text"`
		Named    named           `yaml:"named"`
		Bool     bool            `yaml:"bool"`
		Int      int             `yaml:"int"`
		Int8     int8            `yaml:"int8"`
		Uint     uint            `yaml:"uint"`
		Uint16   uint16          `yaml:"uint16"`
		Float    float32         `yaml:"float"`
		Duration time.Duration   `yaml:"duration"`
		Time     time.Time       `yaml:"time"`
		Secret   config.Secret   `yaml:"secret"`
		Level    zapcore.Level   `yaml:"level"`
		Addr     netip.Addr      `yaml:"addr"`
		AddrPort netip.AddrPort  `yaml:"peer"`
		Texts    []string        `yaml:"texts"`
		Bools    []bool          `yaml:"bools"`
		Secrets  []config.Secret `yaml:"secrets"`
		Waits    []time.Duration `yaml:"waits"`
	}
	want := types{
		Text: "a, b", Named: "n", Bool: true, Int: -9223372036854775808, Int8: -128, Uint: 18446744073709551615, Uint16: 65535,
		Float: 0.5, Duration: 90 * time.Second, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Secret: config.NewSecret("s3cret"),
		Level: zapcore.WarnLevel, Addr: netip.MustParseAddr("::1"), AddrPort: netip.MustParseAddrPort("10.0.0.1:80"),
		Texts: []string{"a", "b c"}, Bools: []bool{true, false}, Secrets: []config.Secret{config.NewSecret("x"), config.NewSecret("y")},
		Waits: []time.Duration{0, time.Second},
	}
	texts := map[string]string{
		"text": "a, b", "named": "n", "bool": "true", "int": "-9223372036854775808", "int8": "-128", "uint": "18446744073709551615",
		"uint16": "65535", "float": "0.5", "duration": "1m30s", "time": "2026-01-02T03:04:05Z", "secret": "s3cret", "level": "warn",
		"addr": "::1", "peer": "10.0.0.1:80", "texts": "a, b c", "bools": "true,false", "secrets": "x,y", "waits": "0,1s",
	}
	var set, environ []string
	for key, text := range texts {
		set = append(set, "types."+key+"="+text)
		environ = append(environ, "APP_TYPES_"+strings.ToUpper(key)+"="+text)
	}
	file := `
types:
  text: a, b
  named: 'n'
  bool: true
  int: -9223372036854775808
  int8: -128
  uint: 18446744073709551615
  uint16: 65535
  float: 0.5
  duration: 1m30s
  time: 2026-01-02T03:04:05Z
  secret: s3cret
  level: "warn"
  addr: ::1
  peer: 10.0.0.1:80
  texts: [&a a, b c]
  bools:
    - true
    - false
  secrets: [x, "y"]
  waits: [0, 1s]
`
	for name, sources := range map[string]config.Sources{
		"file":        {Files: []string{write(t, "app.yaml", file)}},
		"environment": {Environ: environ},
		"--set":       {Set: set},
	} {
		c, err := config.Load([]config.Section{config.NewSection("types", types{})}, sources)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := config.Get[types](c, "types"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v; want %+v", name, got, want)
		}
	}
}

func TestValueSaysAllOfASetting(t *testing.T) {
	t.Parallel()

	c := load(t, config.Sources{Set: []string{
		"app.stop_timeout=1h", "admin.hosts=a,true", "admin.networks=10.0.0.0/8", "http.tls.certificate=two\nlines", "http.tls.key=k",
	}})
	for key, want := range map[string]config.Value{
		"app.stop_timeout":     {Value: "1h", Source: "--set app.stop_timeout", Variable: "APP_STOP_TIMEOUT", Type: "time.Duration", Doc: "limit of a whole stop"},
		"app.drain_delay":      {Value: "0s", Source: "default", Default: true, Variable: "APP_DRAIN_DELAY", Type: "time.Duration"},
		"admin.hosts":          {Value: `[a, "true"]`, Source: "--set admin.hosts", Variable: "APP_ADMIN_HOSTS", Type: "[]string"},
		"admin.networks":       {Value: "[10.0.0.0/8]", Source: "--set admin.networks", Variable: "APP_ADMIN_NETWORKS", Type: "[]netip.Prefix", Doc: "who may call, such as 10.0.0.0/8"},
		"admin.token":          {Value: `""`, Source: "default", Default: true, Variable: "APP_ADMIN_TOKEN", Type: "config.Secret", Doc: "what a caller must show"},
		"http.tls.certificate": {Value: `"two\nlines"`, Source: "--set http.tls.certificate", Variable: "APP_HTTP_TLS_CERTIFICATE", Type: "string"},
		"log.level":            {Value: "info", Source: "default", Default: true, Variable: "APP_LOG_LEVEL", Type: "zapcore.Level", Doc: "debug, info, warn or error"},
		"database.url":         {Value: "(secret)", Source: "default", Default: true, Variable: "APP_DATABASE_URL", Type: "config.Secret"},
	} {
		want.Key = key
		if got := value(t, c, key); got != want {
			t.Errorf("Values has %+v; want %+v", got, want)
		}
	}
}
