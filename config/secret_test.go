package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"

	"example.com/ostov/config"
)

// holder has secrets wherever a struct can have them; fmt can call no method of
// those in unexported fields.
type holder struct {
	Open    config.Secret
	Pointer *config.Secret
	List    []config.Secret
	Array   [1]config.Secret
	Map     map[string]config.Secret
	Key     map[config.Secret]string `json:"-" yaml:"-"`
	Any     any

	closed config.Secret
	list   []config.Secret
	inner  struct{ closed *config.Secret }
}

func hold(text string) holder {
	s := config.NewSecret(text)
	h := holder{
		Open: s, Pointer: &s, List: []config.Secret{s}, Array: [1]config.Secret{s},
		Map: map[string]config.Secret{"k": s}, Key: map[config.Secret]string{s: "v"}, Any: s,
		closed: s, list: []config.Secret{s},
	}
	h.inner.closed = &s
	return h
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()

	h, wrap := hold(hidden), "%w %v" // %w is wrong for what is no error, and fmt then calls no method
	values := map[string]any{
		"secret": h.Open, "pointer": h.Pointer, "list": h.List, "map": h.Map, "key": h.Key,
		"struct": h, "pointer to struct": &h, "in any": []any{h.Open, h},
	}
	for name, v := range values {
		var b bytes.Buffer
		for verb := rune(' '); verb <= '~'; verb++ { // unknown verbs and flags, too
			for _, flags := range []string{"", "#", "+", "-20", "020", " ", "+#", ".3"} {
				fmt.Fprintf(&b, "%"+flags+string(verb)+"\n", v)
			}
		}
		fmt.Fprint(&b, v, fmt.Errorf(wrap, v, v), fmt.Sprintf("%[2]*[1]d", v, 3), errors.New(fmt.Sprint(v)))
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal, yaml.Marshal} {
			text, err := marshal(v)
			b.Write(text)
			fmt.Fprint(&b, err)
		}
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
		for _, encoder := range []zapcore.Encoder{
			zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
		} {
			log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&b), zapcore.DebugLevel))
			log.Info(fmt.Sprint(v), zap.Any("v", v), zap.Reflect("r", v), zap.Stringer("s", h.Open), zap.Error(fmt.Errorf("%v", v)))
			log.Sugar().Infow("x", "v", v)
			log.Sugar().Infof("%v", v)
		}
		if err := template.Must(template.New("").Parse("{{.}} {{printf `%q` .}} {{html .}}")).Execute(&b, v); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { fmt.Fprintf(&b, "%v %+v %#v", recover(), v, v) }()
			panic(v)
		}()
		if out := b.String(); strings.Contains(out, hidden) || strings.Contains(out, fmt.Sprintf("%x", hidden)) {
			t.Errorf("%s: the secret is printed: %s", name, around(out, hidden))
		}
	}
}

// around returns the part of text near what.
func around(text, what string) string {
	at := strings.Index(text, what)
	return text[max(0, at-80):min(len(text), max(0, at)+80)]
}

func TestSecretIsMasked(t *testing.T) {
	t.Parallel()

	set, unset := config.NewSecret("x"), config.NewSecret("")
	for format, want := range map[string]string{"%v": "(secret)", "%s": "(secret)", "%q": "(secret)", "%#v": "(secret)", "%d": "(secret)", "%+30v": "(secret)"} {
		if got := fmt.Sprintf(format, set); got != want {
			t.Errorf("Sprintf(%s) = %s; want %s", format, got, want)
		}
		if got := fmt.Sprintf(format, unset); got != "" {
			t.Errorf("Sprintf(%s) of an empty secret = %s; want nothing", format, got)
		}
	}
	if got, err := json.Marshal(map[string]any{"a": set, "b": unset}); err != nil || string(got) != `{"a":"(secret)","b":""}` {
		t.Errorf("JSON is %s, %v", got, err)
	}
	if got, err := yaml.Marshal(map[string]any{"a": set, "b": unset}); err != nil || string(got) != "a: (secret)\nb: \"\"\n" {
		t.Errorf("YAML is %s, %v", got, err)
	}
}

func TestSecretsOfTheSameTextAreEqual(t *testing.T) {
	t.Parallel()

	a, again := config.NewSecret("a"), config.NewSecret("a")
	if a != again || config.NewSecret("") != (config.Secret{}) {
		t.Error("two secrets of the same text are not equal")
	}
	if a == config.NewSecret("b") {
		t.Error("secrets of two texts are equal")
	}
	if got := config.NewSecret("a").Reveal() + (config.Secret{}).Reveal(); got != "a" {
		t.Errorf("Reveal = %q; want a", got)
	}
}

func TestSecretURLShowsItsHostOnly(t *testing.T) {
	t.Parallel()

	for url, want := range map[string]string{
		"postgres://app:hunter2@db.example.com:5432/app?sslmode=off": "postgres://(secret)@db.example.com:5432",
		"postgres://app:hun@ter2@db/app":                             "postgres://(secret)@db",
		"postgres://app@[::1]:5432":                                  "postgres://(secret)@[::1]:5432",
		"https://hooks.example.com/services/T0/hunter2":              "https://hooks.example.com",
		"https://example.com:8443/?token=hunter2":                    "https://example.com",
		"redis://default:12345":                                      "redis://default",
		"postgres://app:12/34@db/app":                                "(secret)",
		"postgres://app:12?34@db/app":                                "(secret)",
		"postgres://app:12#34@db/app":                                "(secret)",
		"postgres://app:hun/ter2@db":                                 "(secret)",
		"postgres://app:hun%zzter2@db":                               "(secret)",
		"file:data/app.db?key=hunter2":                               "(secret)",
		"file:///data/app.db":                                        "(secret)",
		"app:hunter2@tcp(db:3306)/app":                               "(secret)",
		"host=db password=hunter2":                                   "(secret)",
		"user:hunter2":                                               "(secret)",
		"://hunter2":                                                 "(secret)",
		hidden:                                                       "(secret)",
		"":                                                           `""`,
	} {
		c, err := config.Load([]config.Section{config.NewSection("x", struct {
			URL config.Secret `yaml:"url"`
		}{})}, config.Sources{Set: []string{"x.url=" + url}})
		if err != nil {
			t.Fatal(err)
		}
		if got := value(t, c, "x.url").Value; got != want {
			t.Errorf("Values shows %s as %s; want %s", url, got, want)
		}
	}
}
