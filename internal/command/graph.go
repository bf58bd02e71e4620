package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

func graphCommand(application func() *container.Container) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Draw what the application is made of: modules, constructors, who needs what",
		Args:  cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if graphWriter(format) == nil {
				return fmt.Errorf("--format %q: want json, dot or mermaid", format)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := application()
			if err := c.Build(); err != nil {
				return err
			}
			return graphWriter(format)(cmd.OutOrStdout(), c.Graph())
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json, dot (Graphviz) or mermaid")
	return cmd
}

// graphWriter returns what writes a format, or nil.
func graphWriter(format string) func(io.Writer, container.Graph) error {
	switch format {
	case "json":
		return writeGraphJSON
	case "dot":
		return writeGraphDOT
	case "mermaid":
		return writeGraphMermaid
	default:
		return nil
	}
}

func writeGraphJSON(w io.Writer, g container.Graph) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "\t")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(g)
}

func writeGraphDOT(w io.Writer, g container.Graph) error {
	var b strings.Builder
	b.WriteString("digraph {\n\trankdir=LR;\n\tnode [shape=box];\n")
	for i, m := range g.Modules {
		fmt.Fprintf(&b, "\tsubgraph cluster_%d {\n\t\tlabel=%q;\n", i, cmp.Or(m.Name, "(root)"))
		for j, c := range m.Constructors {
			fmt.Fprintf(&b, "\t\tc%d_%d [label=%q];\n", i, j, label(c, "\n"))
		}
		b.WriteString("\t}\n")
	}
	eachNeed(g, func(from, to, what string) { fmt.Fprintf(&b, "\t%s -> %s [tooltip=%q];\n", from, to, what) })
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeGraphMermaid(w io.Writer, g container.Graph) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, m := range g.Modules {
		fmt.Fprintf(&b, "\tsubgraph m%d[\"%s\"]\n", i, cmp.Or(m.Name, "(root)"))
		for j, c := range m.Constructors {
			fmt.Fprintf(&b, "\t\tc%d_%d[\"%s\"]\n", i, j, strings.ReplaceAll(label(c, "<br>"), `"`, "'"))
		}
		b.WriteString("\tend\n")
	}
	eachNeed(g, func(from, to, _ string) { fmt.Fprintf(&b, "\t%s --> %s\n", from, to) })
	_, err := io.WriteString(w, b.String())
	return err
}

// label is what a constructor gives, and what changes that afterwards.
func label(c container.Constructor, newline string) string {
	text := strings.Join(c.Gives, newline)
	for _, by := range c.Decorated {
		text += newline + "decorated by " + by
	}
	return text
}

// eachNeed calls draw for each arrow from a constructor to who gives it a type.
func eachNeed(g container.Graph, draw func(from, to, what string)) {
	givers := make(map[string][]string)
	for i, m := range g.Modules {
		for j, c := range m.Constructors {
			for _, t := range c.Gives {
				givers[t] = append(givers[t], fmt.Sprintf("c%d_%d", i, j))
			}
		}
	}
	for i, m := range g.Modules {
		for j, c := range m.Constructors {
			for _, t := range c.Needs {
				for _, giver := range givers[t] {
					draw(fmt.Sprintf("c%d_%d", i, j), giver, t)
				}
			}
		}
	}
}
