package admin

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/health"
)

// probe tells by its status how the checks of a kind are, and who may know it
// which of them fail.
func (s *Server) probe(kind health.Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := s.given.Health.Err(r.Context(), kind)
		if err == nil {
			answer(w, map[string]string{"status": "ok"})
			return
		}
		p := problem{Status: http.StatusServiceUnavailable}
		if s.guard.informs(r) {
			errs := []error{err}
			if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the joint itself
				errs = joined.Unwrap()
			}
			for _, err := range errs {
				p.Failing = append(p.Failing, err.Error())
			}
		}
		p.write(w)
	}
}

// metrics answers with all metrics, and with exemplars where OpenMetrics is
// asked for. What cannot be gathered is logged and left out.
func (s *Server) metrics() http.HandlerFunc {
	if s.given.Metrics == nil {
		return func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "No metrics are kept.") }
	}
	log, _ := zap.NewStdLogAt(s.log, zapcore.ErrorLevel) // fails for levels that zap does not have
	return promhttp.HandlerFor(s.given.Metrics, promhttp.HandlerOpts{
		ErrorLog:            log,
		ErrorHandling:       promhttp.ContinueOnError,
		EnableOpenMetrics:   true,
		MaxRequestsInFlight: 8,
	}).ServeHTTP
}
