package constructor_test

import (
	"reflect"
	"strings"
	"testing"

	"example.com/ostov/internal/constructor"
)

type (
	good  struct{}
	other struct{}
)

func (good) method() good         { return good{} }
func newGood() good               { return good{} }
func newGoodErr() (good, error)   { return good{}, nil }
func newOther() other             { return other{} }
func newBad() (good, string)      { return good{}, "" }
func newMany() (good, error, int) { return good{}, nil, 0 } //nolint:staticcheck // it is to be wrong

func TestCheckAcceptsFunctionsThatReturnAType(t *testing.T) {
	t.Parallel()

	for _, f := range []any{newGood, newGoodErr, newOther, good{}.method, func(int, string) good { return good{} }} {
		if err := constructor.Check("x.Add", f, reflect.TypeFor[good](), reflect.TypeFor[other]()); err != nil {
			t.Errorf("Check(%T) = %v; want nil", f, err)
		}
	}
}

func TestCheckNamesWhatIsWrongAndWhatIsRight(t *testing.T) {
	t.Parallel()

	for name, f := range map[string]any{
		"x.Add(constructor_test.newBad): got func() (constructor_test.good, string); want": newBad,
		"x.Add(constructor_test.newMany): got":                                             newMany,
		"x.Add(constructor_test.newOther): got":                                            newOther,
		"x.Add(no function): got <nil>":                                                    nil,
		"x.Add(no function): got int":                                                      7,
		"got func(); want":                                                                 func() {},
		"got func() error; want":                                                           func() error { return nil },
		"got func() *constructor_test.good; want":                                          func() *good { return nil },
		"x.Add(nil): got func() constructor_test.good; want":                               (func() good)(nil),
	} {
		err := constructor.Check("x.Add", f, reflect.TypeFor[good]())
		if err == nil || !strings.Contains(err.Error(), name) || !strings.HasSuffix(err.Error(), "want a function that returns a constructor_test.good, and perhaps an error") {
			t.Errorf("Check(%T) = %v; want %q", f, err, name)
		}
	}
}

func TestNameLeavesOutPathAndCompilersMarks(t *testing.T) {
	t.Parallel()

	for want, f := range map[string]any{"constructor_test.newGood": newGood, "constructor_test.good.method": good{}.method, "no function": 7} {
		if got := constructor.Name(f); got != want {
			t.Errorf("Name = %q; want %q", got, want)
		}
	}
}
