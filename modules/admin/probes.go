package admin

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/health"
)

// probe tells by its status how the checks of a kind are and, where the token is
// shown, which of them fail. A wrong token changes nothing.
func (s *Server) probe(kind health.Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := s.given.Health.Err(r.Context(), kind)
		if err == nil {
			answer(w, map[string]string{"status": "ok"})
			return
		}
		var failing []string
		if who, _ := s.guard.identify(r); who != nobody {
			failing = reasons(err)
		}
		refuse(w, http.StatusServiceUnavailable, "", failing...)
	}
}

// reasons tells what is wrong, one text for each check.
func reasons(err error) (texts []string) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	for _, e := range joined.Unwrap() {
		texts = append(texts, e.Error())
	}
	return texts
}

// metrics answers with all metrics, and with exemplars where OpenMetrics is
// asked for. What cannot be gathered is logged and left out.
func (s *Server) metrics() http.HandlerFunc {
	log, _ := zap.NewStdLogAt(s.record, zapcore.ErrorLevel) // fails for levels that zap does not have
	return promhttp.HandlerFor(s.given.Metrics, promhttp.HandlerOpts{
		ErrorLog:            log,
		ErrorHandling:       promhttp.ContinueOnError,
		EnableOpenMetrics:   true,
		MaxRequestsInFlight: 8,
	}).ServeHTTP
}
