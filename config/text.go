package config

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// setText sets v, a scalar, to what text says. Where it cannot, v stays as it is
// and the error says what is allowed.
func setText(v reflect.Value, text string) error {
	t := v.Type()
	switch {
	case t == reflect.TypeFor[Secret]():
		v.Set(reflect.ValueOf(NewSecret(text)))
	case readsText(t):
		fresh := reflect.New(t)
		if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return err
		}
		v.Set(fresh.Elem())
	case t == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		if err != nil {
			if _, err := time.ParseDuration(text + "s"); err == nil {
				return fmt.Errorf("write the unit too: %[1]sms, %[1]ss, %[1]sm or %[1]sh", text)
			}
			return errors.New("write a duration such as 500ms, 10s or 1m30s")
		}
		v.SetInt(int64(d))
	case isNumber(t):
		// JSON is strict where it matters: no 010, no 1.5 for 1, nothing out of range.
		if text == "null" || json.Unmarshal([]byte(text), v.Addr().Interface()) != nil {
			return errors.New("write " + numbers(t))
		}
	default:
		v.SetString(text)
	}
	return nil
}

// numbers says what a value of t, a number or a bool, may be.
func numbers(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Float32:
		return "a number such as 0.5"
	case t.Kind() >= reflect.Uint:
		return fmt.Sprintf("a whole number from 0 to %d", uint64(math.MaxUint64)>>(64-t.Bits()))
	default:
		most := int64(math.MaxInt64) >> (64 - t.Bits())
		return fmt.Sprintf("a whole number from %d to %d", -most-1, most)
	}
}

// scalarText returns the text that sets a scalar to v; of a Secret what an operator
// may see.
func scalarText(v reflect.Value) string {
	pointer := reflect.New(v.Type())
	pointer.Elem().Set(v)
	switch value := pointer.Interface().(type) {
	case *Secret:
		return value.outline()
	case *time.Duration:
		return durationText(*value)
	case encoding.TextMarshaler:
		if text, err := value.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v.Interface())
}

// durationText returns d without the parts that are zero: 1m and not 1m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// yamlText returns a value, a scalar or a list of them, as YAML in one line.
func yamlText(v reflect.Value) string {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	if isList(v.Type()) {
		for i := range v.Len() {
			n.Content = append(n.Content, node(v.Index(i)))
		}
	} else {
		n = node(v)
	}
	text, _ := yaml.Marshal(n) // nodes like these are never refused
	return strings.TrimSuffix(string(text), "\n")
}

func node(v reflect.Value) *yaml.Node {
	text := strings.ToValidUTF8(scalarText(v), "\uFFFD")
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	if !isNumber(v.Type()) {
		n.Tag = "!!str" // quoted where it would be read as something else
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle // in one line
	}
	return n
}
