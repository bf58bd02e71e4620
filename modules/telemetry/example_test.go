package telemetry_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/telemetry"
)

type Mailer struct {
	log    *zap.Logger
	tracer trace.Tracer
	sent   *prometheus.CounterVec
	client *http.Client
}

func newMailer(log *zap.Logger, p trace.TracerProvider, r prometheus.Registerer, transport http.RoundTripper) (*Mailer, error) {
	m := &Mailer{
		log:    log.Named("mail"),
		tracer: p.Tracer("example.com/shop/mail"),
		sent:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mails_sent_total", Help: "Mails sent."}, []string{"outcome"}),
		client: &http.Client{Transport: transport, Timeout: 5 * time.Second},
	}
	return m, r.Register(m.sent)
}

func (m *Mailer) Send(ctx context.Context, to string) (err error) {
	ctx, span := m.tracer.Start(ctx, "send mail")
	defer func() { telemetry.End(span, err) }()
	telemetry.Log(ctx, m.log).Info("mail is sent", zap.String("to", to))
	m.sent.WithLabelValues("ok").Inc()
	return nil
}

// What a feature adds of its own to what the modules tell anyway.
func Example() {
	var m *Mailer
	var metrics *prometheus.Registry
	app := container.New(container.Process{Stderr: io.Discard, Sources: config.Sources{Environ: []string{}}},
		container.Module, telemetry.Module, fx.Provide(newMailer), fx.Populate(&m, &metrics))
	if err := app.Build(); err != nil {
		fmt.Println(err)
		return
	}
	_ = m.Send(context.Background(), "ada@example.com")
	families, _ := metrics.Gather()
	for _, f := range families {
		if f.GetName() == "mails_sent_total" {
			fmt.Println(f.GetName(), f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output: mails_sent_total 1
}
