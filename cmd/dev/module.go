package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// template is the module that a new one is copied from: a package that is
// compiled, linted and tested here.
//
//go:embed template/greeter
var template embed.FS

// nameForm is a package name that is also the name of a section and of a part of
// a path.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// newModule adds modules/NAME, a copy of the template under that name, and its
// line in modules/modules.go.
func newModule(dir, name string) (string, error) {
	// Sections of other modules, and folders that go treats differently.
	taken := []string{"app", "log", "modules", "internal", "vendor", "testdata", "main"}
	switch {
	case !nameForm.MatchString(name) || token.IsKeyword(name) || types.Universe.Lookup(name) != nil:
		return "", fmt.Errorf("%q cannot name a package: write small letters and digits, such as shop", name)
	case slices.Contains(taken, name):
		return "", fmt.Errorf("%s is the name of something else here: take another one", name)
	}
	module, err := modulePath(dir)
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "modules", "modules.go")
	source, err := os.ReadFile(list)
	if err != nil {
		return "", fmt.Errorf("%w: run it in the root of the service", err)
	}
	listed, err := addToList(source, module+"/modules/"+name, name)
	if err != nil {
		return "", fmt.Errorf("modules/modules.go: %w", err)
	}
	files, err := filesOf(name, module)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(dir, "modules", name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("modules/%s is there already; nothing was changed", name)
		}
		return "", err
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(folder, file), text, 0o644); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(list, listed, 0o644); err != nil {
		return "", err
	}
	return fmt.Sprintf("modules/%[1]s is there, and in modules/modules.go. Try\n\n\tgo test ./modules/%[1]s\n\tgo run ./cmd/app\n\tcurl http://127.0.0.1:8080/api/%[1]s/Ada\n", name), nil
}

// filesOf returns the files of the new module, by name.
func filesOf(name, module string) (map[string][]byte, error) {
	const own, from = "example.com/ostov", "template/greeter" // rename changes the first
	entries, err := template.ReadDir(from)
	if err != nil {
		return nil, err
	}
	title := strings.ToUpper(name[:1]) + name[1:]
	words := strings.NewReplacer(
		own+"/cmd/dev/"+from, module+"/modules/"+name,
		own, module, // whatever stands in them
		"greeter", name,
		"Greeter", title,
	)
	files := make(map[string][]byte)
	for _, e := range entries {
		text, err := template.ReadFile(path.Join(from, e.Name()))
		if err != nil {
			return nil, err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), e.Name(), text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for n := range ast.Preorder(syntax) {
			if id, ok := n.(*ast.Ident); ok && name != "greeter" && (id.Name == name || id.Name == title) {
				return nil, fmt.Errorf("%s is a name that the new files use for something else: take another one", id.Name)
			}
		}
		if text, err = format.Source([]byte(words.Replace(string(text)))); err != nil { // imports have another order
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		files[strings.ReplaceAll(e.Name(), "greeter", name)] = text
	}
	return files, nil
}

// addToList adds name.Module as the last argument of the fx.Options that All
// returns, and its import.
func addToList(source []byte, imported, name string) ([]byte, error) {
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, "modules.go", source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	call, imports := optionsOfAll(syntax), importsOf(syntax)
	if call == nil || imports == nil {
		return nil, errors.New("want a function All that returns fx.Options(...), and imports in parentheses: add the line by hand")
	}
	for _, spec := range syntax.Imports {
		if is, err := strconv.Unquote(spec.Path.Value); err == nil && (path.Base(is) == name || spec.Name != nil && spec.Name.Name == name) {
			return nil, fmt.Errorf("%s is imported there already", is)
		}
	}
	line := func(p token.Pos) int { return bytes.LastIndexByte(source[:files.Position(p).Offset], '\n') + 1 }
	list, end := line(call.Rparen), line(imports.Rparen)
	return format.Source(slices.Concat(
		source[:end], []byte("\t"+strconv.Quote(imported)+"\n"),
		source[end:list], []byte("\t\t"+name+".Module,\n"),
		source[list:],
	))
}

// optionsOfAll returns the call of fx.Options that func All returns.
func optionsOfAll(f *ast.File) *ast.CallExpr {
	for _, d := range f.Decls {
		all, ok := d.(*ast.FuncDecl)
		if !ok || all.Name.Name != "All" || all.Recv != nil || len(all.Body.List) == 0 {
			continue
		}
		result, ok := all.Body.List[len(all.Body.List)-1].(*ast.ReturnStmt)
		if !ok || len(result.Results) != 1 {
			return nil
		}
		call, ok := result.Results[0].(*ast.CallExpr)
		if !ok {
			return nil
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Options" {
			return call
		}
	}
	return nil
}

// importsOf returns the imports in parentheses.
func importsOf(f *ast.File) *ast.GenDecl {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Rparen.IsValid() {
			return g
		}
	}
	return nil
}
