package charfinder_test

import (
	"flag"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

var update = flag.Bool("update", false, "write the client anew")

func TestClientIsThatOfTheDocument(t *testing.T) {
	t.Parallel()

	document, err := openapi3.NewLoader().LoadFromFile("../../modules/charfinder/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Errorf("kin-openapi finds that it is not valid: %v", err)
	}
	code, err := codegen.Generate(document, codegen.Configuration{
		PackageName:   "client",
		Generate:      codegen.GenerateOptions{Client: true, Models: true},
		OutputOptions: codegen.OutputOptions{SkipPrune: true},
	}.UpdateDefaults())
	if err != nil {
		t.Fatal(err)
	}
	const file = "client/client.gen.go"
	if *update {
		if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if code != string(before) {
		t.Errorf("%s is not what the document makes now: write it anew with go test ./charfinder -run %s -update", file, t.Name())
	}
}
