package typed_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"example.com/ostov/internal/typed"
)

// What it takes it reads as encoding/json does; what it refuses is no JSON, or
// one of the few things that the message names.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", " ", "{", "[]", " [ ] ", "{ }", "null", "true", "[false, true,null]", "-1.5e3", "1e400", `"a\"b\u00e9\ud800"`, "\"\xff\"",
		`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`, `{"a":1,"A":2}`, `{"a":1,"\u0061":2}`, `{"s":1,"\u017f":2}`, `{"":0,"":1}`,
		strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat("1", 41), "{}{}", "\ufeff{}", `{"a" : [ 1 , 2 ] }`,
		"{" + strings.Join(manyNames(40), ",") + "}", "{" + strings.Join(append(manyNames(40), `"NAMEX":1`, `"namex":1`), ",") + "}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := typed.Parse(data)
		var want any
		wrong := json.Unmarshal(data, &want)
		switch {
		case err == nil && wrong != nil:
			t.Errorf("%q is %v; want the error of encoding/json: %v", data, got, wrong)
		case err == nil && !reflect.DeepEqual(got, want):
			t.Errorf("%q is %v; want %v, as encoding/json has it", data, got, want)
		case err != nil && wrong == nil:
			for _, reason := range []string{"UTF-8", "stands twice", "more than 64", "more than 40"} {
				if strings.Contains(err.Error(), reason) {
					return
				}
			}
			t.Errorf("%q is refused: %v; want %v, as encoding/json has it", data, err, want)
		}
	})
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, `"name`+strings.Repeat("x", i)+`":0`)
	}
	return names
}

func TestManyNamesTakeNoTime(t *testing.T) {
	t.Parallel()

	names := make([]string, 100_000)
	for i := range names {
		names[i] = `"name` + strconv.Itoa(i) + `":0`
	}
	if _, err := typed.Parse([]byte("{" + strings.Join(names, ",") + "}")); err != nil {
		t.Error(err)
	}
	for _, again := range []string{names[50_000], strings.ToUpper(names[50_000])} {
		_, err := typed.Parse([]byte("{" + strings.Join(append(names, again), ",") + "}"))
		if err == nil || !strings.Contains(err.Error(), "stands twice") {
			t.Errorf("%s, which stands twice among 100,000: %v; want that said", again, err)
		}
	}
}
