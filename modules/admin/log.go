package admin

import (
	"net/http"
	"strconv"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/telemetry"
)

// tail is a part of the log.
type tail struct {
	Items []telemetry.Record `json:"items"`
	Next  uint64             `json:"next"`  // ask from there on
	Level string             `json:"level"` // the least important that is logged
}

func (s *Server) tail(from uint64, limit int) tail {
	t := tail{Items: []telemetry.Record{}, Level: s.given.Level.String()}
	if s.given.Tail != nil {
		records, next := s.given.Tail.From(from, limit)
		t.Items, t.Next = append(t.Items, records...), next
	}
	return t
}

// log answers with the last records of the log, those from ?from= on.
func (s *Server) log(w http.ResponseWriter, r *http.Request) {
	var from uint64
	if text := r.URL.Query().Get("from"); text != "" {
		var err error
		if from, err = strconv.ParseUint(text, 10, 64); err != nil {
			refuse(w, http.StatusUnprocessableEntity, "from is the number of a record, such as the next of the answer before.")
			return
		}
	}
	answer(w, s.tail(from, 512))
}

func (s *Server) level(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]string{"level": s.given.Level.String()})
}

// setLevel changes the least important level that is logged, for as long as the
// process lives.
func (s *Server) setLevel(w http.ResponseWriter, r *http.Request) {
	var wanted struct{ Level string }
	if !decode(w, r, &wanted, `{"level": "debug"}`) {
		return
	}
	before := s.given.Level.Level()
	after, err := zapcore.ParseLevel(wanted.Level)
	if err != nil || after > zapcore.ErrorLevel || wanted.Level == "" {
		refuse(w, http.StatusUnprocessableEntity, "The level is one of debug, info, warn, error.")
		return
	}
	s.given.Level.SetLevel(min(before, after)) // at which the record is written
	s.record.Warn("the log level changes", zap.Stringer("before", before), zap.Stringer("after", after),
		zap.String("remote", r.RemoteAddr), zap.String("request_id", w.Header().Get(requestID)))
	s.given.Level.SetLevel(after)
	s.level(w, r)
}
