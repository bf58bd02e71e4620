package container

import (
	"io"
	"os"

	"example.com/ostov/config"
)

// Process is what an application sees of the operating system. The zero value
// is the process itself.
type Process struct {
	Stdout, Stderr io.Writer

	// Sources of the configuration. With a nil Environ they are the variables of
	// the process and, where no file is named, app.yaml in its working directory.
	Sources config.Sources

	// Report names a file for the report of [lifecycle.Report] as JSON, written
	// by Run at the end. Empty: none.
	Report string

	// Only are the roles of this process, where it is one of several: hooks of other
	// roles are not started. Empty: it has all.
	Only []string
}

func (p Process) withDefaults() Process {
	if p.Stdout == nil {
		p.Stdout = os.Stdout
	}
	if p.Stderr == nil {
		p.Stderr = os.Stderr
	}
	if p.Sources.Environ == nil {
		p.Sources.Environ = os.Environ()
		p.Sources.Optional = "app.yaml"
	}
	return p
}
