package charfinder

import (
	"context"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"example.com/ostov/modules/tcp"
)

const prompt = "?> "

// newLineServer returns the protocol over TCP: at each prompt a client sends a
// query as a line, and gets a line for each match and one with their number. A
// line that begins with a control character or is not UTF-8, such as the one
// that telnet sends for Ctrl-C, ends the session.
func newLineServer(finder *Finder, log *zap.Logger) tcp.LineServer {
	return tcp.LineServer{
		Name:             "charfinder",
		Greeting:         prompt,
		MaxLine:          64 << 10,
		FirstByteTimeout: 5 * time.Minute,
		IdleTimeout:      5 * time.Minute,
		Answer: func(_ context.Context, line []byte, w io.Writer) error {
			query := strip(string(line))
			switch {
			case !utf8.ValidString(query):
				return tcp.ErrClose
			case query == "":
				_, err := io.WriteString(w, prompt)
				return err
			case query[0] < ' ':
				return tcp.ErrClose
			}
			matches := finder.Find(query)
			log.Debug("query answered", zap.String("query", query), zap.Int("results", matches.Len()))
			return writeMatches(w, query, matches)
		},
	}
}

// writeMatches writes the answer to query and the next prompt. An error is that
// of the client, which is gone.
func writeMatches(w io.Writer, query string, matches Matches) error {
	for r := range matches.All() {
		if _, err := fmt.Fprintf(w, "%s\r\n", Describe(r)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s\r\n%s", Status(query, matches.Len()), prompt)
	return err
}
