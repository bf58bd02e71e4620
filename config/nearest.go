package config

import (
	"fmt"
	"strings"
)

// unknown says that name is not one of the names below parent.
func (l *loader) unknown(parent, name string) string {
	if near := nearest(name, l.children[parent]); near != "" {
		return fmt.Sprintf("unknown key; did you mean %s?", join(parent, near))
	}
	var elsewhere []string
	for _, s := range l.settings {
		if strings.HasSuffix(s.key, "."+name) {
			elsewhere = append(elsewhere, s.key)
		}
	}
	if len(elsewhere) == 1 {
		return fmt.Sprintf("unknown key; did you mean %s?", elsewhere[0])
	}
	return "unknown key; known here are " + strings.Join(l.children[parent], ", ")
}

// nearest returns the one of names that name looks like a slip of, or nothing.
func nearest(name string, names []string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	best, least := "", 1+max(1, min(2, len(name)/3))
	for _, n := range names {
		if max(len(n), len(name))-min(len(n), len(name)) >= least {
			continue // and no time is spent on a name of a megabyte
		}
		if d := distance(name, strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, change or swap with their neighbour
// to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// slips is how many letters of a variable's name may be wrong where nothing else
// says that it was meant: a short name is close to too many others.
func slips(name string) int {
	if len(name) < len("APP_")+8 {
		return 1
	}
	return 2
}
