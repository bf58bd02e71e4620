package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"example.com/ostov/config"
)

func TestSectionsThatDoNotFitAreTheFaultOfTheProgram(t *testing.T) {
	t.Parallel()

	type text struct {
		A string `yaml:"a"`
	}
	type recursive struct {
		Inner []recursive `yaml:"inner"`
	}
	section := func(name string) config.Section { return config.NewSection(name, text{}) }
	tests := []struct {
		name     string
		sections []config.Section
		want     []string
	}{
		{"no struct", []config.Section{config.NewSection("x", 1)}, []string{"x: int is not a struct with keys"}},
		{"pointer", []config.Section{config.NewSection("x", &text{})}, []string{"x: *config_test.text is not a struct with keys"}},
		{"two of one name", []config.Section{section("x"), section("y"), section("x")}, []string{"x: there are two sections of this name; one is of config_test.text"}},
		{"names", []config.Section{section("a-b"), section("")}, []string{
			`"" cannot name the section of config_test.text: write small letters, digits and _`,
			`a-b: "a-b" cannot name the section of config_test.text: write small letters, digits and _`,
		}},
		{"no tag", []config.Section{config.NewSection("x", struct{ A int }{})}, []string{
			`x: field A of struct { A int } needs a tag such as yaml:"drain_timeout", or yaml:"-"`,
		}},
		{"two fields of one name", []config.Section{config.NewSection("x", struct {
			A int `yaml:"a"`
			B int `yaml:"a"`
		}{})}, []string{`x.a: two fields of struct { A int "yaml:\"a\""; B int "yaml:\"a\"" } have this name`}},
		{"types", []config.Section{config.NewSection("x", struct {
			A any            `yaml:"a"`
			B *int           `yaml:"b"`
			C map[string]int `yaml:"c"`
			D []text         `yaml:"d"`
			E chan int       `yaml:"e"`
			F uintptr        `yaml:"f"`
			G [2]int         `yaml:"g"`
			H complex64      `yaml:"h"`
		}{})}, []string{
			"x.a: a value of type interface {} cannot be read: let it implement encoding.TextUnmarshaler",
			"x.b: a value of type *int cannot be read: let it implement encoding.TextUnmarshaler",
			"x.c: a value of type map[string]int cannot be read: let it implement encoding.TextUnmarshaler",
			"x.d: a value of type []config_test.text cannot be read: let it implement encoding.TextUnmarshaler",
			"x.e: a value of type chan int cannot be read: let it implement encoding.TextUnmarshaler",
			"x.f: a value of type uintptr cannot be read: let it implement encoding.TextUnmarshaler",
			"x.g: a value of type [2]int cannot be read: let it implement encoding.TextUnmarshaler",
			"x.h: a value of type complex64 cannot be read: let it implement encoding.TextUnmarshaler",
		}},
		{"recursive", []config.Section{config.NewSection("x", recursive{})}, []string{
			"x.inner: a value of type []config_test.recursive cannot be read: let it implement encoding.TextUnmarshaler",
		}},
		{"one variable for two keys", []config.Section{
			config.NewSection("x", struct {
				Y int `yaml:"y_z"`
			}{}),
			config.NewSection("x_y", struct {
				Z int `yaml:"z"`
			}{}),
		}, []string{"x_y.z: its variable APP_X_Y_Z is that of x.y_z too: name one of them otherwise"}},
		{"one variable for a key of app and another", []config.Section{config.NewSection("app", struct {
			A int `yaml:"x_a"`
		}{}), section("x")}, []string{"x.a: its variable APP_X_A is that of app.x_a too: name one of them otherwise"}},
		{"one variable for the file of a secret and a key", []config.Section{config.NewSection("x", struct {
			Key  config.Secret `yaml:"key"`
			File string        `yaml:"key_file"`
		}{})}, []string{"x.key_file: its variable APP_X_KEY_FILE is that of x.key too: name one of them otherwise"}},
		{"variables of Kubernetes", []config.Section{
			config.NewSection("app", struct {
				Port int `yaml:"port"`
			}{}),
			config.NewSection("http", struct {
				Port    int `yaml:"port"`
				Service struct {
					Host string `yaml:"host"`
					Port string `yaml:"port_name"`
				} `yaml:"service"`
				TCP string `yaml:"port_80_tcp_addr"`
			}{}),
		}, []string{
			"app.port: its variable APP_PORT is one that Kubernetes sets for a service: name it otherwise",
			"http.port: its variable APP_HTTP_PORT is one that Kubernetes sets for a service: name it otherwise",
			"http.service.host: its variable APP_HTTP_SERVICE_HOST is one that Kubernetes sets for a service: name it otherwise",
			"http.service.port_name: its variable APP_HTTP_SERVICE_PORT_NAME is one that Kubernetes sets for a service: name it otherwise",
			"http.port_80_tcp_addr: its variable APP_HTTP_PORT_80_TCP_ADDR is one that Kubernetes sets for a service: name it otherwise",
		}},
		{"unknown rule", []config.Section{config.NewSection("x", struct {
			A int `yaml:"a" validate:"biggish"`
		}{})}, []string{"x: a tag validate of *struct { A int \"yaml:\\\"a\\\" validate:\\\"biggish\\\"\" } cannot be applied: Undefined validation function 'biggish' on field 'A'"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			_, err := config.Load(tt.sections, config.Sources{})
			if got := faults(err); !slices.Equal(got, tt.want) {
				t.Errorf("faults are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if !errors.Is(err, config.ErrSections) {
				t.Errorf("error is %v; want ErrSections", err)
			}
		})
	}
}
