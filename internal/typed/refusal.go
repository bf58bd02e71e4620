package typed

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"example.com/ostov/internal/problem"
)

// refusal makes an error of the answer by which huma would refuse a request.
// Reading is why its body could not be read, and texts are expectations.
func refusal(answer huma.StatusError, reading error, texts map[string]string) error {
	model, ok := answer.(*huma.ErrorModel)
	switch {
	case reading != nil:
		return fmt.Errorf("reading the body: %w", reading)
	case !ok || model.Status >= http.StatusInternalServerError:
		return fmt.Errorf("huma: %w", answer.(error))
	case len(model.Errors) == 0: // there was none
		return problem.Of(model.Status, problem.FieldError{Field: "body", Message: "required"})
	}
	wrong := make([]problem.FieldError, 0, len(model.Errors))
	for _, detail := range model.Errors {
		wrong = append(wrong, translate(detail, texts))
	}
	index := regexp.MustCompile(`\[\d+\]`)
	place := func(e problem.FieldError) string { // [2] stands before [10]
		return index.ReplaceAllStringFunc(e.Field, func(i string) string { return fmt.Sprintf("%12s", i) })
	}
	slices.SortStableFunc(wrong, func(a, b problem.FieldError) int { return strings.Compare(place(a), place(b)) })
	return problem.Of(model.Status, slices.Compact(wrong)...)
}

// translate says where exactly a field is, and what must be there. The value
// that came stays out of it, and what a parser said of it.
func translate(d *huma.ErrorDetail, texts map[string]string) problem.FieldError {
	field, message := d.Location, d.Message
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, lacks := strings.CutPrefix(message, before)
	switch {
	case lacks: // huma names the object that lacks it
		field, message = field+"."+strings.TrimSuffix(name, after), "required"
	case strings.HasPrefix(message, "required "):
		message = "required"
	case texts[field] != "":
		message = texts[field]
	case strings.HasPrefix(message, "invalid "):
		message = cmp.Or(texts[field+"[]"], malformed)
	case strings.HasPrefix(message, "body"): // of decode
		field, message, _ = strings.Cut(message, ": ")
	default:
		for _, format := range []string{
			validation.MsgExpectedRFC5322Email, validation.MsgExpectedRFC3986URI, validation.MsgExpectedRFC4122UUID,
			validation.MsgExpectedRegexp, validation.MsgExpectedDuration,
		} {
			if text := strings.TrimSuffix(format, ": %v"); strings.HasPrefix(message, text) {
				message = text
			}
		}
	}
	return problem.FieldError{Field: field, Message: message}
}

// What is said of a value that its type does not take.
const (
	malformed  = "expected a value of another form"
	outOfRange = "the number is out of range"
)
