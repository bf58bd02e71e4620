package ostov_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
)

// The plots in docs/benchmarks.md are drawn from the tables that stand above
// them, by go test . -run Plots -update. The text of a picture names the columns.
func TestThePlotsShowTheTablesAboveThem(t *testing.T) {
	t.Parallel()

	page := file(t, "docs/benchmarks.md")
	plots := regexp.MustCompile(`(?m)^(\|.*\n(?:\|.*\n)+)\n!\[(.+)\]\((.+\.svg)\)$`).FindAllStringSubmatch(page, -1)
	if pictures := strings.Count(page, ".svg)"); len(plots) != pictures || pictures < 3 {
		t.Errorf("%d of %d plots stand below a table; want all, and three or more", len(plots), pictures)
	}
	for _, plot := range plots {
		path, want := filepath.Join("docs", plot[3]), drawBars(t, plot[1], strings.Split(plot[2], "; "))
		if flag.Lookup("update").Value.String() == "true" { // of apptest
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s does not show its table (%v): go test . -run Plots -update", path, err)
		}
	}
}

// bar is a figure of a table, or the name of a column; places are in pixels.
type bar struct {
	Label, Figure, Class string
	X, Y, Length         int
}

// drawBars draws the named columns of a table in Markdown, a bar for each cell
// that begins with a figure.
func drawBars(t *testing.T, table string, columns []string) []byte {
	t.Helper()
	const line, left, longest, classes = 20, 250, 380, "abc"
	var picture struct {
		Legend, Bars []bar
		Height       int
	}
	for i, column := range columns {
		picture.Legend = append(picture.Legend, bar{Label: strings.ReplaceAll(column, "`", ""), Class: classes[i : i+1], X: left + 180*i})
	}
	var rows [][]string
	for row := range strings.Lines(table) {
		rows = append(rows, strings.Split(strings.Trim(row, "| \n"), " | "))
	}
	figure := regexp.MustCompile(`^\d[\d,]*(\.\d+)?`)
	var values []float64
	picture.Height = 2 * line
	for _, row := range rows[2:] {
		label := strings.ReplaceAll(row[0], "`", "")
		for i, column := range columns {
			at := slices.Index(rows[0], column)
			if at < 0 {
				t.Fatalf("no column %q in %q", column, rows[0])
			}
			cell := strings.TrimSpace(row[at])
			value, err := strconv.ParseFloat(strings.ReplaceAll(figure.FindString(cell), ",", ""), 64)
			if err != nil {
				continue // a cell without a figure
			}
			values = append(values, value)
			picture.Bars = append(picture.Bars, bar{Label: label, Figure: cell, Class: classes[i : i+1], X: left, Y: picture.Height})
			picture.Height += line
			label = ""
		}
		picture.Height += line / 4
	}
	for i, value := range values {
		picture.Bars[i].Length = max(1, int(longest*value/slices.Max(values)))
	}
	var svg bytes.Buffer
	if err := template.Must(template.New("").Parse(bars)).Execute(&svg, picture); err != nil {
		t.Fatal(err)
	}
	return svg.Bytes()
}

const bars = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {{.Height}}" font-family="system-ui, sans-serif" font-size="13">
<style>text{fill:#333}.a{fill:#2f6fb3}.b{fill:#c58a2d}.c{fill:#7a8b99}@media(prefers-color-scheme:dark){text{fill:#ddd}.a{fill:#6aa5e0}.b{fill:#e0ad5a}.c{fill:#9aa8b4}}</style>
{{- range .Legend}}
<rect class="{{.Class}}" x="{{.X}}" y="8" width="12" height="12"/><text x="{{.X}}" dx="18" y="19">{{html .Label}}</text>
{{- end}}
{{- range .Bars}}
<text x="{{.X}}" dx="-8" y="{{.Y}}" dy="13" text-anchor="end">{{html .Label}}</text><rect class="{{.Class}}" x="{{.X}}" y="{{.Y}}" width="{{.Length}}" height="16"/><text x="{{.X}}" dx="{{.Length}}" y="{{.Y}}" dy="13">&#160; {{html .Figure}}</text>
{{- end}}
</svg>
`
