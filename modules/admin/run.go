package admin

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"example.com/ostov/modules/dispatcher"
)

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
