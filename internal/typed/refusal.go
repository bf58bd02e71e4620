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
		return &problem.Problem{Status: http.StatusBadRequest, Detail: "The body could not be read.", Cause: reading}
	case !ok || model.Status >= http.StatusInternalServerError:
		return fmt.Errorf("huma: %w", answer.(error))
	case len(model.Errors) == 0: // there was none
		return problem.Of(model.Status, problem.FieldError{Field: "body", Message: "required"})
	}
	// A body of a megabyte can be wrong in half a million places.
	details := model.Errors[:min(len(model.Errors), 1000)]
	index := regexp.MustCompile(`\[\d+\]`)
	places := make(map[string]string) // of fields: [2] stands before [10]
	wrong := make([]problem.FieldError, 0, len(details))
	for _, detail := range details {
		e := translate(detail, texts)
		places[e.Field] = index.ReplaceAllStringFunc(e.Field, func(i string) string { return fmt.Sprintf("%12s", i) })
		wrong = append(wrong, e)
	}
	slices.SortStableFunc(wrong, func(a, b problem.FieldError) int { return strings.Compare(places[a.Field], places[b.Field]) })
	return problem.Of(model.Status, slices.Compact(wrong)...)
}

// translate says where exactly a field is, and what must be there. The value
// that came stays out of it, and what a parser said of it.
func translate(d *huma.ErrorDetail, texts map[string]string) problem.FieldError {
	field, message := d.Location, d.Message
	// So huma begins, where it speaks of what has a text.
	ofType := []string{"invalid ", "expected number", "expected integer", "expected boolean", "expected string to be RFC 3339"}
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, lacks := strings.CutPrefix(message, before)
	switch {
	case lacks: // huma names the object that lacks it
		field, message = field+"."+strings.TrimSuffix(name, after), "required"
	case strings.HasPrefix(message, "required "):
		message = "required"
	case texts[field] != "" && slices.ContainsFunc(ofType, func(begin string) bool { return strings.HasPrefix(message, begin) }):
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
