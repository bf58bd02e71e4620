package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/ostov/config"
)

// hidden is a secret in the table below; no message may hold it.
const hidden = "hunter2-hunter2"

// Contract B91, B94: everything that is wrong is told at once, in words that mend.
func TestLoadNamesEveryFault(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name    string
		file    string
		environ []string
		set     []string
		want    []string
	}{
		// What is good, although it looks odd.
		{
			name: "variables that Kubernetes sets for services called app, app-http and app-database-url",
			environ: []string{
				"KUBERNETES_SERVICE_HOST=10.0.0.1", "KUBERNETES_PORT=tcp://10.0.0.1:443", "KUBERNETES_SERVICE_PORT_HTTPS=443",
				"APP_SERVICE_HOST=10.0.0.2", "APP_SERVICE_PORT=80", "APP_SERVICE_PORT_HTTP=80", "APP_PORT=tcp://10.0.0.2:80",
				"APP_HTTP_SERVICE_HOST=10.0.0.3", "APP_HTTP_SERVICE_PORT=80", "APP_HTTP_SERVICE_PORT_WEB=80", "APP_HTTP_PORT=tcp://10.0.0.3:80",
				"APP_HTTP_PORT_80_TCP=tcp://10.0.0.3:80", "APP_HTTP_PORT_80_TCP_PROTO=tcp", "APP_HTTP_PORT_80_TCP_PORT=80", "APP_HTTP_PORT_80_TCP_ADDR=10.0.0.3",
				"APP_HTTP_PORT_53_UDP=udp://10.0.0.3:53", "APP_HTTP_PORT_53_UDP_ADDR=10.0.0.3", "APP_HTTP_PORT_9_SCTP_PROTO=sctp",
				"APP_DATABASE_URL_SERVICE_HOST=10.0.0.4", "APP_DATABASE_URL_PORT_5432_TCP_ADDR=10.0.0.4",
			},
		},
		{name: "variables of other programs", environ: []string{"PATH=/bin", "HTTP_PROXY=x", "LOG_LEVEL=loud", "APPDATA=x", "APP_ENV=prod", "APP_FAKE=x", "APP_VERSION=1", "APACHE_LOG=x", "=C:=x", "nothing"}},
		{name: "an empty duration that is zero", set: []string{"app.drain_delay=0"}},
		{name: "a value with = in it", set: []string{"database.url=file:x?a=b=c"}},
		{name: "an alias", file: "app:\n  name: &n x\nhttp:\n  tls:\n    certificate: *n\n    key: *n\n"},
		{name: "a number for a text", file: "app:\n  name: 0123\n"},

		// Files that are no YAML, or not ours.
		{name: "tab", file: "app:\n\tname: x\n", want: []string{"app.yaml:2: this is not YAML: found character that cannot start any token"}},
		{name: "two colons", file: "app:\n  name: a: b\n", want: []string{"app.yaml:2: this is not YAML: mapping values are not allowed in this context"}},
		{name: "open quote", file: "app:\n  name: 'x\nhttp:\n", want: []string{"app.yaml:2: this is not YAML: found unexpected end of stream"}},
		{name: "control character", file: "app:\n  name: \x01\n", want: []string{"app.yaml:2: this is not YAML: control characters are not allowed"}},
		{name: "not UTF-8", file: "app:\n  name: \xff\n", want: []string{"app.yaml:2: this is not YAML: invalid leading UTF-8 octet"}},
		{name: "secret that is an alias", file: "admin:\n  token: *" + hidden + "\n", want: []string{`app.yaml:2: this is not YAML: a value that begins with "*" needs quotes`}},
		{name: "two documents", file: "app:\n  name: x\n---\napp:\n  name: y\n", want: []string{"app.yaml:3: this is not YAML: a second document begins"}},
		{name: "list of sections", file: "- app\n", want: []string{"app.yaml:1: found a list; write keys: app, admin, database, http, log"}},
		{name: "one word", file: hidden + "\n", want: []string{"app.yaml:1: found one value; write keys: app, admin, database, http, log"}},

		// Keys of files.
		{name: "unknown section", file: "htpp:\n  address: x\n", want: []string{"app.yaml:1: htpp: unknown key; did you mean http?"}},
		{name: "section of no module", file: "charfinder:\n  x: 1\n", want: []string{"app.yaml:1: charfinder: unknown key; known here are app, admin, database, http, log"}},
		{name: "typo", file: "http:\n  addrss: x\n", want: []string{"app.yaml:2: http.addrss: unknown key; did you mean http.address?"}},
		{name: "swapped letters", file: "http:\n  tls:\n    kye: x\n", want: []string{"app.yaml:3: http.tls.kye: unknown key; did you mean http.tls.key?"}},
		{name: "hyphen and capitals", file: "http:\n  Drain-Timeout: 1s\n", want: []string{"app.yaml:2: http.Drain-Timeout: unknown key; did you mean http.drain_timeout?"}},
		{name: "key of another section", file: "http:\n  stop_timeout: 1s\n", want: []string{"app.yaml:2: http.stop_timeout: unknown key; did you mean app.stop_timeout?"}},
		{name: "key without its section", file: "max_connections: 1\n", want: []string{"app.yaml:1: max_connections: unknown key; did you mean database.max_connections?"}},
		{name: "key of nothing", file: "log:\n  colour: red\n", want: []string{"app.yaml:2: log.colour: unknown key; known here are level, format"}},
		{name: "too far from a key to guess it", file: "http:\n  adxyzss: x\n", want: []string{"app.yaml:2: http.adxyzss: unknown key; known here are address, drain_timeout, max_body, compress, tls"}},
		{name: "unprintable key", file: "log:\n  \"\\e[2J\": red\n", want: []string{"app.yaml:2: log.\uFFFD[2J: unknown key; known here are level, format"}},
		{name: "repeated key", file: "app:\n  name: a\n  name: b\n", want: []string{"app.yaml:3: app.name: this key is repeated; it stands in line 2"}},
		{name: "merge key", file: "app: &a\n  name: x\nlog:\n  <<: *a\n", want: []string{"app.yaml:4: log.<<: unknown key; known here are level, format"}},
		{name: "list as a key", file: "app:\n  ? [a]\n  : b\n", want: []string{"app.yaml:2: app: found a list in place of a key; write a name"}},

		// Values of files.
		{name: "value for a section", file: "admin: " + hidden + "\n", want: []string{"app.yaml:1: admin: found one value; write keys: token, hosts, networks, keys"}},
		{name: "list for a section", file: "http:\n  tls: [" + hidden + "]\n", want: []string{"app.yaml:2: http.tls: found a list; write keys: certificate, key"}},
		{name: "list for a value", file: "app:\n  name: [a]\n", want: []string{"app.yaml:2: app.name: found a list; write one value"}},
		{name: "keys for a secret", file: "admin:\n  token:\n    value: " + hidden + "\n", want: []string{"app.yaml:3: admin.token: found keys; write one value"}},
		{name: "value for a list", file: "admin:\n  hosts: " + hidden + "\n", want: []string{"app.yaml:2: admin.hosts: found one value; write a list such as [a, b]"}},
		{name: "list in a list", file: "admin:\n  hosts: [a, [b]]\n", want: []string{"app.yaml:2: admin.hosts[1]: found a list; write one value"}},
		{name: "no value", file: "http:\n  address:\n", want: []string{`app.yaml:2: http.address: found no value; write one, "" for an empty text, or leave the key out`}},
		{name: "null for a list", file: "admin:\n  hosts: null\n", want: []string{"app.yaml:2: admin.hosts: found no value; write a list such as [a, b]"}},
		{name: "tag", file: "admin:\n  token: !" + hidden + "\n", want: []string{`app.yaml:2: admin.token: found a value that begins with "!"; write it in quotes`}},
		{name: "value that is not read is not judged", file: "http:\n  max_body: 0\n", environ: []string{"APP_HTTP_MAX_BODY=x"}, want: []string{
			`APP_HTTP_MAX_BODY: http.max_body: found "x"; write a whole number from -9223372036854775808 to 9223372036854775807`,
		}},
		{name: "yes for true", file: "http:\n  compress: yes\n", want: []string{`app.yaml:2: http.compress: found "yes"; write true or false`}},
		{name: "duration without unit", file: "http:\n  drain_timeout: 10\n", want: []string{`app.yaml:2: http.drain_timeout: found "10"; write the unit too: 10ms, 10s, 10m or 10h`}},
		{name: "duration in days", file: "http:\n  drain_timeout: 1d\n", want: []string{`app.yaml:2: http.drain_timeout: found "1d"; write a duration such as 500ms, 10s or 1m30s`}},
		{name: "fraction for a whole number", file: "http:\n  max_body: 1.5\n", want: []string{`app.yaml:2: http.max_body: found "1.5"; write a whole number from -9223372036854775808 to 9223372036854775807`}},
		{name: "octal", file: "http:\n  max_body: 0644\n", want: []string{`app.yaml:2: http.max_body: found "0644"; write a whole number from -9223372036854775808 to 9223372036854775807`}},
		{name: "not a number", file: "database:\n  sample_ratio: .nan\n", want: []string{`app.yaml:2: database.sample_ratio: found ".nan"; write a number such as 0.5`}},
		{name: "elements of a list", file: "database:\n  retries:\n    - 1\n    - two\n    - 3\n    - \"4\"\n", want: []string{
			`app.yaml:4: database.retries[1]: found "two"; write a whole number from -9223372036854775808 to 9223372036854775807`,
			`app.yaml:6: database.retries[3]: found the text "4"; write it without quotes`,
		}},
		{name: "level", file: "log:\n  level: loud\n", want: []string{`app.yaml:2: log.level: found "loud"; unrecognized level: "loud" (debug, info, warn or error)`}},
		{name: "long text", file: "http:\n  max_body: " + strings.Repeat("x", 1000) + "\n", want: []string{
			`app.yaml:2: http.max_body: found "` + strings.Repeat("x", 60) + `..."; write a whole number from -9223372036854775808 to 9223372036854775807`,
		}},

		// Environment.
		{name: "variable with a typo", environ: []string{"APP_HTTP_ADDRSS=" + hidden}, want: []string{"APP_HTTP_ADDRSS: unknown variable; did you mean APP_HTTP_ADDRESS?"}},
		{name: "variable of a section", environ: []string{"APP_LOG_COLOUR=red"}, want: []string{"APP_LOG_COLOUR: unknown variable; those of log are APP_LOG_FORMAT, APP_LOG_LEVEL"}},
		{name: "variable that is a section", environ: []string{"APP_LOG=debug"}, want: []string{"APP_LOG: unknown variable; those of log are APP_LOG_FORMAT, APP_LOG_LEVEL"}},
		{name: "variable with the section app", environ: []string{"APP_APP_NAME=x"}, want: []string{"APP_APP_NAME: unknown variable; those of app are APP_DRAIN_DELAY, APP_NAME, APP_STOP_TIMEOUT"}},
		{name: "variable with a typo in its section", environ: []string{"APP_HTPP_ADDRESS=x"}, want: []string{"APP_HTPP_ADDRESS: unknown variable; did you mean APP_HTTP_ADDRESS?"}},
		{name: "variable of the section app with a typo", environ: []string{"APP_STOP_TIMOUT=1s"}, want: []string{"APP_STOP_TIMOUT: unknown variable; did you mean APP_STOP_TIMEOUT?"}},
		{name: "variable in small letters", environ: []string{"app_http_address=x"}, want: []string{"app_http_address: unknown variable; did you mean APP_HTTP_ADDRESS?"}},
		{name: "variable without _", environ: []string{"APPHTTP_ADDRESS=x"}, want: []string{"APPHTTP_ADDRESS: unknown variable; did you mean APP_HTTP_ADDRESS?"}},
		{name: "file for what is no secret", environ: []string{"APP_HTTP_ADDRESS_FILE=x", "APP_NAME_FILE=x"}, want: []string{
			"APP_HTTP_ADDRESS_FILE: unknown variable; only a secret can stand in a file: set APP_HTTP_ADDRESS",
			"APP_NAME_FILE: unknown variable; only a secret can stand in a file: set APP_NAME",
		}},
		{name: "empty where a value is needed", environ: []string{"APP_HTTP_MAX_BODY=", "APP_HTTP_COMPRESS=", "APP_STOP_TIMEOUT="}, want: []string{
			`APP_STOP_TIMEOUT: app.stop_timeout: found ""; write a duration such as 500ms, 10s or 1m30s`,
			`APP_HTTP_MAX_BODY: http.max_body: found ""; write a whole number from -9223372036854775808 to 9223372036854775807`,
			`APP_HTTP_COMPRESS: http.compress: found ""; write true or false`,
		}},
		{name: "null in a variable", environ: []string{"APP_HTTP_MAX_BODY=null"}, want: []string{
			`APP_HTTP_MAX_BODY: http.max_body: found "null"; write a whole number from -9223372036854775808 to 9223372036854775807`,
		}},
		{name: "empty element", environ: []string{"APP_ADMIN_HOSTS=a,,b"}, want: []string{"APP_ADMIN_HOSTS: admin.hosts: found an empty element; write elements with one comma between them"}},
		{name: "element of the wrong type", environ: []string{"APP_ADMIN_NETWORKS=10.0.0.0/8, 10.0.0.1"}, want: []string{
			`APP_ADMIN_NETWORKS: admin.networks[1]: found "10.0.0.1"; netip.ParsePrefix("10.0.0.1"): no '/' (who may call, such as 10.0.0.0/8)`,
		}},
		{name: "secret and its file", environ: []string{"APP_ADMIN_TOKEN=" + hidden, "APP_ADMIN_TOKEN_FILE=/dev/null"}, want: []string{
			"APP_ADMIN_TOKEN: admin.token: APP_ADMIN_TOKEN_FILE is set too; unset one of them",
		}},
		{name: "secret in place of its file", environ: []string{"APP_ADMIN_TOKEN_FILE=" + hidden}, want: []string{
			"APP_ADMIN_TOKEN_FILE: admin.token: the file that it names cannot be read: no such file or directory",
		}},
		{name: "secret file that is empty", environ: []string{"APP_ADMIN_TOKEN_FILE=/dev/null"}, want: []string{"APP_ADMIN_TOKEN_FILE: admin.token: the file that it names is empty"}},
		{name: "secret file without end", environ: []string{"APP_ADMIN_TOKEN_FILE=/dev/zero"}, want: []string{
			"APP_ADMIN_TOKEN_FILE: admin.token: the file that it names cannot be read: it is larger than 1048576 bytes",
		}},
		{name: "secret file that is a directory", environ: []string{"APP_ADMIN_TOKEN_FILE=/"}, want: []string{
			"APP_ADMIN_TOKEN_FILE: admin.token: the file that it names cannot be read: is a directory",
		}},

		// Flags.
		{name: "flag without =", set: []string{"admin.token", hidden, "=" + hidden}, want: []string{
			"--set: admin.token: found no value; write --set admin.token=VALUE",
			"--set: found no key; write --set section.key=VALUE",
			"--set: found no key; write --set section.key=VALUE",
		}},
		{name: "flag with a typo", set: []string{"http.addrss=" + hidden}, want: []string{"--set: http.addrss: unknown key; did you mean http.address?"}},
		{name: "flag with a typo in its section", set: []string{"htpp.address=x"}, want: []string{"--set: htpp.address: unknown key; known here are app, admin, database, http, log"}},
		{name: "flag for a section", set: []string{"http.tls=x"}, want: []string{"--set: http.tls: this is a section; set one of its keys: certificate, key"}},
		{name: "flag below a key", set: []string{"app.name.first=x"}, want: []string{"--set: app.name.first: unknown key; known here are name, stop_timeout, drain_delay"}},

		// Values that are read, and refused.
		{name: "required", file: "app:\n  name: \"\"\n", want: []string{`app.yaml:2: app.name: found ""; a value is required`}},
		{name: "required secret", environ: []string{"APP_DATABASE_URL="}, want: []string{"APP_DATABASE_URL: database.url: a value is required"}},
		{name: "not more than zero", set: []string{"app.stop_timeout=0"}, want: []string{"--set app.stop_timeout: app.stop_timeout: found 0s; it must be more than 0"}},
		{name: "negative duration", environ: []string{"APP_DRAIN_DELAY=-1s"}, want: []string{"APP_DRAIN_DELAY: app.drain_delay: found -1s; it must be 0 or more"}},
		{name: "above the most", file: "database: {max_connections: 101}\n", want: []string{"app.yaml:1: database.max_connections: found 101; it must be at most 100"}},
		{name: "outside its type", file: "database: {max_connections: 256}\n", want: []string{`app.yaml:1: database.max_connections: found "256"; write a whole number from 0 to 255`}},
		{name: "not less", set: []string{"database.sample_ratio=1"}, want: []string{"--set database.sample_ratio: database.sample_ratio: found 1; it must be less than 1"}},
		{name: "not one of", file: "log:\n  format: xml\n", want: []string{"app.yaml:2: log.format: found xml; it must be one of console, json"}},
		{name: "too few elements", environ: []string{"APP_ADMIN_HOSTS="}, want: []string{"APP_ADMIN_HOSTS: admin.hosts: found []; it must have 1 or more elements"}},
		{name: "too many elements", environ: []string{"APP_ADMIN_HOSTS=a,b,c,d"}, want: []string{"APP_ADMIN_HOSTS: admin.hosts: found [a, b, c, d]; it must have at most 3 elements"}},
		{name: "element that breaks a rule", file: "admin:\n  hosts: [a, \"?\"]\n", want: []string{`app.yaml:2: admin.hosts[1]: found '?'; it must pass the rule hostname`}},
		{name: "short secret", environ: []string{"APP_ADMIN_TOKEN=" + hidden}, want: []string{"APP_ADMIN_TOKEN: admin.token: it must have 16 or more characters"}},
		{name: "short secret in a list", environ: []string{"APP_ADMIN_KEYS=" + hidden + ",x"}, want: []string{"APP_ADMIN_KEYS: admin.keys[1]: it must have 4 or more characters"}},
		{name: "Validate names its key", set: []string{"http.address=:70000"}, want: []string{`--set http.address: http.address: found :70000; a port is a number from 0 to 65535`}},
		{name: "Validate refuses a secret", file: "http:\n  tls:\n    key: " + hidden + "\n", want: []string{"app.yaml:3: http.tls.key: a certificate and its key come together"}},
		{name: "Validate refuses a default", file: "http:\n  tls:\n    certificate: x\n", want: []string{
			"default: http.tls.key: a certificate and its key come together: write it in a file, or set APP_HTTP_TLS_KEY",
		}},
		{name: "Validate names no key", environ: []string{"APP_ADMIN_NETWORKS=10.0.0.0/8,11.0.0.0/8,12.0.0.0/8"}, want: []string{"admin: more than two networks; slow every call"}},

		// All at once.
		{
			name:    "everywhere",
			file:    "http:\n  addrss: x\n  max_body: 0\n  drain_timeout: 10\nlog:\n  format: xml\n",
			environ: []string{"APP_HTTP_COMPRESS=1", "APP_LOG_LEVL=x"},
			set:     []string{"app.name=", "http.address=x"},
			want: []string{
				"app.yaml:2: http.addrss: unknown key; did you mean http.address?",
				`app.yaml:4: http.drain_timeout: found "10"; write the unit too: 10ms, 10s, 10m or 10h`,
				`APP_HTTP_COMPRESS: http.compress: found "1"; write true or false`,
				"APP_LOG_LEVL: unknown variable; did you mean APP_LOG_LEVEL?",
				`--set app.name: app.name: found ""; a value is required`,
				"app.yaml:3: http.max_body: found 0; it must be 1 or more",
				`--set http.address: http.address: found x; write host:port`,
				"app.yaml:6: log.format: found xml; it must be one of console, json",
			},
		},
	}
	bad := 0
	for _, tt := range tests {
		if tt.want != nil {
			bad++
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			sources := config.Sources{Environ: tt.environ, Set: tt.set}
			if tt.file != "" {
				sources.Files = []string{write(t, "app.yaml", tt.file)}
			}
			_, err := config.Load(sections(), sources)
			got := faults(err)
			if !slices.Equal(got, tt.want) {
				t.Errorf("faults are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if err != nil && strings.Contains(err.Error(), hidden) {
				t.Errorf("the secret is in the error: %v", err)
			}
		})
	}
	if bad < 60 {
		t.Errorf("the table has %d bad configurations; want 60 or more", bad)
	}
}

// faults returns the faults of err in lines, files by their base name.
func faults(err error) []string {
	e, ok := errors.AsType[*config.Error](err)
	if !ok {
		return nil
	}
	var lines []string
	for _, f := range e.Faults {
		if strings.HasPrefix(f.Source, "/") {
			f.Source = filepath.Base(f.Source)
		}
		lines = append(lines, f.String())
	}
	return lines
}

func TestFileThatCannotBeReadIsAFault(t *testing.T) {
	t.Parallel()

	directory := t.TempDir()
	_, err := config.Load(sections(), config.Sources{Files: []string{"/no/such.yaml", directory, "/dev/zero"}})
	want := []string{
		"such.yaml: the file cannot be read: no such file or directory",
		filepath.Base(directory) + ": the file cannot be read: is a directory",
		"zero: the file cannot be read: it is larger than 1048576 bytes",
	}
	if got := faults(err); !slices.Equal(got, want) {
		t.Errorf("faults are %q; want %q", got, want)
	}
	if _, err := config.Load(sections(), config.Sources{Optional: directory}); err == nil {
		t.Error("Load with an optional file that is there and cannot be read gives no error")
	}
}

func TestErrorOfOneFaultSaysWhatToDo(t *testing.T) {
	t.Parallel()

	_, err := config.Load(sections(), config.Sources{Set: []string{"log.format=xml"}})
	want := "configuration: 1 fault; correct it and start again:\n" +
		"  --set log.format: log.format: found xml; it must be one of console, json"
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	if errors.Is(err, config.ErrSections) {
		t.Error("a fault of the user is ErrSections")
	}
}

func TestFaultsAreInAStableOrder(t *testing.T) {
	t.Parallel()

	sources := config.Sources{
		Files:   []string{write(t, "app.yaml", "x: 1\nhttp: {y: 2, z: 3}\n")},
		Environ: []string{"APP_HTTP_B=", "APP_LOG_A=", "APP_HTTP_A="},
		Set:     []string{"q=1", "http.max_body=0", "p=1"},
	}
	_, first := config.Load(sections(), sources)
	for range 20 {
		slices.Reverse(sources.Environ)
		all := sections()
		slices.Reverse(all)
		if _, err := config.Load(all, sources); err == nil || err.Error() != first.Error() {
			t.Fatalf("error is\n%v\nwant the same as the first time\n%v", err, first)
		}
	}
}

func TestSecretIsReadFromAFileAndTrimmed(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("\n "+hidden+" with more\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, config.Sources{Environ: []string{"APP_ADMIN_TOKEN_FILE=" + path}})
	if got := config.Get[adminConfig](c, "admin").Token.Reveal(); got != hidden+" with more" {
		t.Errorf("token is %q; want the content of the file without the space around it", got)
	}
	if got := value(t, c, "admin.token"); got.Source != "APP_ADMIN_TOKEN_FILE" || got.Value != "(secret)" {
		t.Errorf("Values has %s from %s; want it masked, from the variable", got.Value, got.Source)
	}
}

// refuser is a section whose Validate has an error of its own.
type refuser struct {
	Secret config.Secret `yaml:"secret"`
	err    func(secret string) error
}

func (r refuser) Validate() error { return r.err(r.Secret.Reveal()) }

func TestErrorOfValidateIsAFault(t *testing.T) {
	t.Parallel()

	const secret = "hunter\"2"
	const left = "it is refused, with a text that quotes a secret and is left out for that reason"
	for name, tt := range map[string]struct {
		err  func(string) error
		want []string
	}{
		"none":              {func(string) error { return nil }, nil},
		"plain":             {func(string) error { return errors.New("no") }, []string{"x: no"}},
		"wrapped":           {func(string) error { return fmt.Errorf("no: %w", config.Invalid("secret", "so")) }, []string{"default: x.secret: so"}},
		"joined":            {func(string) error { return errors.Join(errors.New("a"), config.Invalid("secret", "b")) }, []string{"x: a", "default: x.secret: b"}},
		"joined, wrapped":   {func(string) error { return fmt.Errorf("no: %w", errors.Join(errors.New("a"), errors.New("b"))) }, []string{"x: a", "x: b"}},
		"of an unknown key": {func(string) error { return config.Invalid("sekret", "so") }, []string{"x.sekret: so"}},
		"with the secret":   {func(s string) error { return errors.New("no " + s) }, []string{"x: " + left}},
		"with it quoted":    {func(s string) error { return fmt.Errorf("no %q", s) }, []string{"x: " + left}},
		"with it, by key":   {func(s string) error { return config.Invalid("secret", "not %s", s) }, []string{"default: x.secret: " + left}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := config.Load([]config.Section{config.NewSection("x", refuser{Secret: config.NewSecret(secret), err: tt.err})}, config.Sources{})
			if got := faults(err); !slices.Equal(got, tt.want) {
				t.Errorf("faults are %q; want %q", got, tt.want)
			}
		})
	}
	if got := config.Invalid("a", "b %d", 1).Error(); got != "a: b 1" {
		t.Errorf("Invalid says %q; want the key and the text", got)
	}
}
