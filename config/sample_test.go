package config_test

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"example.com/ostov/config"
)

const sample = `# Settings. A line that begins with "#" and a key shows the default: drop the "#" to
# change it. Each has a variable too: http.drain_timeout is APP_HTTP_DRAIN_TIMEOUT,
# app.name is APP_NAME.

app:
  # name in logs, traces and metrics
  #name: app
  # limit of a whole stop
  #stop_timeout: 25s
  #drain_delay: 0s

admin:
  # what a caller must show (secret; APP_ADMIN_TOKEN_FILE may name a file that holds it)
  #token: ""
  #hosts: [localhost]
  # who may call, such as 10.0.0.0/8
  #networks: []
  #keys: []

database:
  # (secret; APP_DATABASE_URL_FILE may name a file that holds it)
  #url: ""
  #max_connections: 4
  #sample_ratio: 0
  #retries: [1, 2]
  #mirror: ""

http:
  # where to listen, host:port or unix:PATH
  #address: 127.0.0.1:8080
  #drain_timeout: 10s
  #max_body: 4096
  #compress: false
  tls:
    #certificate: ""
    # (secret; APP_HTTP_TLS_KEY_FILE may name a file that holds it)
    #key: ""

log:
  # debug, info, warn or error
  #level: info
  #format: json
`

func TestSampleShowsEverySetting(t *testing.T) {
	t.Parallel()

	var b strings.Builder
	if err := load(t, config.Sources{}).Sample(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != sample {
		t.Errorf("sample is\n%s\nwant\n%s", b.String(), sample)
	}
}

func TestSampleUncommentedIsTheDefaults(t *testing.T) {
	t.Parallel()

	whole := regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`).ReplaceAllString(sample, "$1$2")
	whole = strings.Replace(whole, `url: ""`, "url: file:data/app.db", 1)
	c, defaults := load(t, config.Sources{Files: []string{write(t, "app.yaml", whole)}}), load(t, config.Sources{})
	for _, v := range c.Values() {
		if v.Default {
			t.Errorf("%s is not in the sample", v.Key)
		}
	}
	if got, want := config.Get[httpConfig](c, "http"), config.Get[httpConfig](defaults, "http"); !reflect.DeepEqual(got, want) {
		t.Errorf("http is %+v; want %+v", got, want)
	}
	if got, want := config.Get[databaseConfig](c, "database"), config.Get[databaseConfig](defaults, "database"); !reflect.DeepEqual(got, want) {
		t.Errorf("database is %+v; want %+v", got, want)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSampleReportsItsWriter(t *testing.T) {
	t.Parallel()

	if err := load(t, config.Sources{}).Sample(broken{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error is %v; want that of the writer", err)
	}
}
