package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds what is read of a file, so that a wrong name such as /dev/zero is
// a fault and not the end of the memory.
const maxFile = 1 << 20

// readFile returns the content of a file. The error does not say which: the caller
// does, or must not, where a secret may stand in place of the name of its file.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	_ = f.Close() // nothing was written
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return content, nil
}

func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// file merges the named file into the values.
func (l *loader) file(name string, optional bool) {
	content, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) && optional {
		return
	}
	if err != nil {
		l.fault("", name, "the file cannot be read: %v", err)
		return
	}
	root, err := parse(content)
	if err != nil {
		line, problem := syntax(err, content)
		l.fault("", fmt.Sprintf("%s:%d", name, line), "this is not YAML: %s", problem)
		return
	}
	if root != nil {
		l.node(func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", name, n.Line) }, root, "")
	}
}

// parse returns the content of the one document in a file, nil where it is empty.
func parse(content []byte) (*yaml.Node, error) {
	var document, next yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&next); err == nil {
		return nil, errors.New("a second document begins")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return document.Content[0], nil
}

// located finds the places that an error of YAML names: the line, which may be that
// of a block around the fault, and an anchor, which is content.
var located = regexp.MustCompile(`^yaml: |line \d+: | '.*' referenced$`)

// syntax returns where and why content is not YAML, without a word of the content:
// a secret that begins with "*" is an anchor that is not known.
func syntax(err error, content []byte) (line int, problem string) {
	lines := bytes.SplitAfter(content, []byte("\n"))
	good := sort.Search(len(lines), func(n int) bool {
		_, err := parse(bytes.Join(lines[:n+1], nil))
		return err != nil
	})
	problem = located.ReplaceAllString(err.Error(), "")
	if problem == "unknown anchor" {
		problem = `a value that begins with "*" needs quotes`
	}
	return good + 1, problem
}

// resolved returns the node that n stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kind says what n is, never its text: it may be a secret at the wrong place.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "no value"
	default:
		return "one value"
	}
}

// node sets what stands at key, a setting or the settings below it, to n. at says
// where a node stands.
func (l *loader) node(at func(*yaml.Node) string, n *yaml.Node, key string) {
	source, n := at(n), resolved(n)
	s, leaf := l.known[key]
	switch {
	case !leaf && n.Kind == yaml.MappingNode:
		l.mapping(at, n, key)
	case !leaf && isNull(n): // a section whose keys are all commented out
	case !leaf:
		l.fault(key, source, "found %s; write keys: %s", kind(n), strings.Join(l.children[key], ", "))
	case isList(s.of) && n.Kind == yaml.SequenceNode:
		list, read := reflect.MakeSlice(s.of, len(n.Content), len(n.Content)), true
		for i, e := range n.Content {
			read = l.scalar(list.Index(i), fmt.Sprintf("%s[%d]", key, i), at(e), resolved(e)) && read
		}
		if read {
			l.of(s).Set(list)
			l.sources[key] = source
		}
	case isList(s.of):
		l.wrong(key, source, "found %s; write a list such as [a, b]", kind(n))
	case l.scalar(l.of(s), key, source, n):
		l.sources[key] = source
	}
}

// mapping sets what stands below parent to the values of n.
func (l *loader) mapping(at func(*yaml.Node) string, n *yaml.Node, parent string) {
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := join(parent, name.Value)
		first, repeated := seen[name.Value]
		switch {
		case name.Kind != yaml.ScalarNode:
			l.fault(parent, at(name), "found %s in place of a key; write a name", kind(resolved(name)))
			continue
		case repeated:
			l.fault(key, at(name), "this key is repeated; it stands in line %d", first)
			continue
		case !slices.Contains(l.children[parent], name.Value):
			l.fault(key, at(name), "%s", l.unknown(parent, name.Value))
		default:
			l.node(at, value, key)
		}
		seen[name.Value] = name.Line
	}
}
