package admin

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/dispatcher"
)

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

// run begins a run of a task at once, as dispatcher.RunNow does.
func (s *Server) run(w http.ResponseWriter, r *http.Request) {
	var wanted struct{ Name string }
	if !decode(w, r, &wanted, `{"name": "the task"}`) {
		return
	}
	err := dispatcher.ErrNoTask
	if s.given.Dispatcher != nil {
		err = s.given.Dispatcher.RunNow(wanted.Name)
	}
	s.record.Warn("an operator runs a task", zap.String("task", wanted.Name), zap.NamedError("refused", err),
		zap.String("remote", r.RemoteAddr), zap.String("request_id", w.Header().Get(requestID)))
	switch {
	case errors.Is(err, dispatcher.ErrNoTask):
		refuse(w, http.StatusNotFound, "No service or schedule has this name.")
	case err != nil:
		refuse(w, http.StatusConflict, err.Error())
	default:
		answer(w, map[string]string{"name": wanted.Name})
	}
}

// decode reads the body of r, which is to be one JSON object like form, into v.
// Where it is not, r has been answered and ok is false.
func decode(w http.ResponseWriter, r *http.Request, v any, form string) (ok bool) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Send application/json.")
		return false
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return true
		}
	}
	status, detail := http.StatusBadRequest, "The body must be one JSON object such as "+form+"."
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		status, detail = http.StatusRequestEntityTooLarge, "The body may have 64 KiB."
	}
	refuse(w, status, detail)
	return false
}
