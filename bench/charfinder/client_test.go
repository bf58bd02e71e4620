package charfinder_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	_ "github.com/oapi-codegen/runtime" // which the client needs

	"example.com/ostov/apptest"
)

// The client that oapi-codegen makes of the document is compiled into the program
// in testdata/talk, which asks the application with it.
func TestAClientMadeOfTheDocumentTalksToTheServer(t *testing.T) {
	t.Parallel()

	document, err := openapi3.NewLoader().LoadFromFile("../../modules/charfinder/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Errorf("kin-openapi finds that it is not valid: %v", err)
	}
	client, err := codegen.Generate(document, codegen.Configuration{
		PackageName: "main", Generate: codegen.GenerateOptions{Client: true, Models: true},
	}.UpdateDefaults())
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "client.go")
	beside, err := filepath.Abs("testdata/talk/client.go")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{beside: made}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{made: client, made + ".json": string(overlay)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	talk := exec.CommandContext(t.Context(), "go", "run", "-overlay", made+".json", "./testdata/talk", apptest.Start(t).URL)
	talk.Stderr = t.Output()
	said, err := talk.Output()
	const want = `"rook black": 2 of 5, the first {♜ U+265C BLACK CHESS ROOK}
words most asked for: [{1 BLACK} {1 ROOK}]
a limit of 2000: 422, wrong is query.limit
`
	if err != nil || string(said) != want {
		t.Errorf("the client says, %v:\n%s\nwant\n%s", err, said, want)
	}
}
