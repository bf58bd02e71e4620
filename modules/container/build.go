package container

import "runtime/debug"

// BuildInfo is what the program was built from, as its build noted it down.
type BuildInfo struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // beyond the revision
	Go       string `json:"go"`
}

// ReadBuildInfo returns that of this program.
func ReadBuildInfo() BuildInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return BuildInfo{} // not built as a module
	}
	b := BuildInfo{Module: info.Main.Path, Version: info.Main.Version, Go: info.GoVersion}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}
