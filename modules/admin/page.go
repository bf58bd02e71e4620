package admin

import (
	"embed"
	"net/http"
	"path"
)

// page has what a browser loads: it needs no other host and no build.
//
//go:embed page
var page embed.FS

// types are those of the files of the page. What has another one is not served.
var types = map[string]string{ //nolint:gochecknoglobals // a table
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// pageFile answers with a file of the page.
func pageFile(w http.ResponseWriter, r *http.Request) {
	sendFile(w, http.StatusOK, r.PathValue("file"))
}

func sendFile(w http.ResponseWriter, status int, name string) {
	text, err := page.ReadFile("page/" + name)
	media := types[path.Ext(name)]
	if err != nil || media == "" {
		refuse(w, http.StatusNotFound, "")
		return
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = w.Write(text) // where the client has left there is nobody to tell
}
