// Package openapi_test gives documents of APIs to tools that others wrote: what
// they make of them is what users get.
package openapi_test

import (
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// TestToolsTakeTheDocument gives them one with a parameter and a field of each
// kind.
func TestToolsTakeTheDocument(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"../../modules/http/testdata/openapi.json", "../../modules/http/testdata/openapi.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Errorf("kin-openapi does not read %s: %v", name, err)
			continue
		}
		if err := loaded.Validate(t.Context()); err != nil {
			t.Errorf("kin-openapi finds that %s is not valid: %v", name, err)
		}
		code, err := codegen.Generate(loaded, codegen.Configuration{
			PackageName: "client", Generate: codegen.GenerateOptions{Client: true, Models: true},
		}.UpdateDefaults())
		if err != nil || len(code) == 0 {
			t.Errorf("oapi-codegen makes no client of %s: %v", name, err)
		}
	}
}
