package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// client sends spans by OTLP over HTTP. OpenTelemetry's own client would add
// gRPC, which it does not use: 2 MB of the binary. It would also read the
// environment of the process, which several applications may share.
type client struct {
	url    *url.URL
	header http.Header
	gzip   bool
	http   *http.Client
}

var _ otlptrace.Client = (*client)(nil)

// newClient makes a client of the variables OTEL_EXPORTER_OTLP_... and
// OTEL_EXPORTER_OTLP_TRACES_...: ENDPOINT, HEADERS, TIMEOUT, COMPRESSION,
// PROTOCOL, CERTIFICATE, CLIENT_CERTIFICATE and CLIENT_KEY.
func newClient(v *variables) *client {
	timeout, _ := v.otlp("TIMEOUT")
	c := &client{
		url:    v.endpoint(),
		header: v.headers(),
		http: &http.Client{
			Transport: &http.Transport{TLSClientConfig: v.tls(), ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
			Timeout:   v.millis(timeout, 10_000),
		},
	}
	c.header.Set("Content-Type", "application/x-protobuf")
	if name, protocol := v.otlp("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		v.reject(name, "%q is not built in; want http/protobuf, most often on port 4318", protocol)
	}
	switch name, compression := v.otlp("COMPRESSION"); compression {
	case "", "none":
	case "gzip":
		c.gzip = true
		c.header.Set("Content-Encoding", "gzip")
	default:
		v.reject(name, "%q is unknown; want gzip or none", compression)
	}
	return c
}

// endpoint returns where spans go: the endpoint for traces as it is, or a path
// below that for all signals.
func (v *variables) endpoint() *url.URL {
	name, text := v.otlp("ENDPOINT")
	if text == "" {
		text = "http://localhost:4318"
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		v.reject(name, "it is no URL such as http://localhost:4318")
		return nil
	}
	if !strings.Contains(name, "_TRACES_") {
		u = u.JoinPath("v1/traces")
	}
	return u
}

// headers returns name=value pairs. The values may be secrets: no fault shows them.
func (v *variables) headers() http.Header {
	h := make(http.Header)
	name, _ := v.otlp("HEADERS")
	v.pairs(name, true, h.Set)
	return h
}

func (v *variables) tls() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if name, file := v.otlp("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if c.RootCAs = x509.NewCertPool(); err != nil {
			v.reject(name, "%v", err)
		} else if !c.RootCAs.AppendCertsFromPEM(pem) {
			v.reject(name, "%s has no certificate in PEM form", file)
		}
	}
	name, certificate := v.otlp("CLIENT_CERTIFICATE")
	if _, key := v.otlp("CLIENT_KEY"); certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			v.reject(name, "with its key: %v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// Start implements otlptrace.Client.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. It tries again, at growing
// intervals, until ctx ends or the receiver says that it is of no use.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// On the wire it is what the request of the service is, whose package has gRPC.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	if c.gzip {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // a bytes.Buffer does not fail
		_ = w.Close()
		body = b.Bytes()
	}
	_, end := backoff.Retry(ctx, func() (struct{}, error) {
		err = c.post(ctx, body)
		return struct{}{}, err
	}, backoff.WithMaxElapsedTime(0))
	if end == nil {
		return nil
	}
	return err // of the last attempt: that ctx ended says less
}

func (c *client) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(err)
	}
	r.Header = c.header.Clone()
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()                                       //nolint:errcheck // what matters of it is read
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	err = fmt.Errorf("post to %s: %s", c.url.Redacted(), answer.Status)
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if seconds, e := strconv.Atoi(answer.Header.Get("Retry-After")); e == nil {
			return fmt.Errorf("%w: %w", err, backoff.RetryAfter(seconds))
		}
		return err
	}
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return backoff.Permanent(err)
}
