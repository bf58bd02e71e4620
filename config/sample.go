package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

const sampleHead = `# Settings. A line that begins with "#" and a key shows the default: drop the "#" to
# change it. Each has a variable too: http.drain_timeout is APP_HTTP_DRAIN_TIMEOUT,
# app.name is APP_NAME.
`

// Sample writes a file with all settings, each commented out with its default and
// under what it means. It configures nothing as it stands; with every key
// uncommented it is still valid. Secrets are left empty. The error is that of w.
func (c *Config) Sample(w io.Writer) error {
	defaults := c.defaults()
	var b strings.Builder
	b.WriteString(sampleHead)
	var open []string // the groups around the line before
	for _, s := range defaults.settings {
		path := strings.Split(s.key, ".")
		groups, name := path[:len(path)-1], path[len(path)-1]
		for i, group := range groups {
			if i < len(open) && open[i] == group {
				continue
			}
			open = nil
			if i == 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", i), group)
		}
		open = groups
		indent := strings.Repeat("  ", len(groups))
		doc, value := s.doc, yamlText(defaults.of(s))
		if hides(s.of) {
			value = yamlText(reflect.Zero(s.of))
		}
		if s.of == reflect.TypeFor[Secret]() {
			doc = strings.TrimSpace(fmt.Sprintf("%s (secret; %s_FILE may name a file that holds it)", doc, s.variable))
		}
		if doc != "" {
			fmt.Fprintf(&b, "%s# %s\n", indent, doc)
		}
		fmt.Fprintf(&b, "%s#%s: %s\n", indent, name, value)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the sample: %w", err)
	}
	return nil
}
