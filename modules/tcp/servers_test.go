package tcp_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules/tcp"
)

func TestNewRefusesServersThatCannotWork(t *testing.T) {
	t.Parallel()

	at := func(name, address string) tcp.LineServer {
		s := echo()
		s.Name, s.Address = name, address
		return s
	}
	with := func(change func(*tcp.LineServer)) []tcp.Definition {
		s := echo()
		change(&s)
		return []tcp.Definition{s}
	}
	tests := []struct {
		name    string
		servers []tcp.Definition
		want    []string // in the error; none: it is accepted
	}{
		{"none", nil, nil},
		{"one", []tcp.Definition{at("a", "")}, nil},
		{"two on their own", []tcp.Definition{at("a", ""), at("b", "127.0.0.1:1")}, nil},
		{"two on free ports", []tcp.Definition{at("a", "127.0.0.1:0"), at("b", "127.0.0.1:0")}, nil},
		{"two on tcp.address", []tcp.Definition{at("a", ""), at("b", "")}, []string{`"a"`, `"b"`, "tcp.address", "give one of them an Address"}},
		{"two on one address", []tcp.Definition{at("a", "127.0.0.1:1"), at("b", ":2, 127.0.0.1:1")}, []string{`"a"`, `"b"`, "listens on 127.0.0.1:1"}},
		{"one on tcp.address by its value", []tcp.Definition{at("a", "127.0.0.1:2323"), at("b", "")}, []string{`"a"`, `"b"`, "127.0.0.1:2323"}},
		{"two of one name", []tcp.Definition{at("a", ""), at("a", ":1")}, []string{`"a"`, "another one has the same Name"}},
		{"no name", []tcp.Definition{at("", "")}, []string{"no Name"}},
		{"no answer", with(func(s *tcp.LineServer) { s.Answer = nil }), []string{`"echo"`, "its Answer is nil"}},
		{"no handler", []tcp.Definition{tcp.StreamServer{Name: "raw"}}, []string{`"raw"`, "its Handle is nil"}},
		{"negative length", with(func(s *tcp.LineServer) { s.MaxLine = -1 }), []string{`"echo"`, "MaxLine is -1"}},
		{"negative first byte time-out", with(func(s *tcp.LineServer) { s.FirstByteTimeout = -1 }), []string{`"echo"`, "FirstByteTimeout is -1ns"}},
		{"negative idle time-out", with(func(s *tcp.LineServer) { s.IdleTimeout = -1 }), []string{`"echo"`, "IdleTimeout is -1ns"}},
		{"bad address", []tcp.Definition{at("a", "127.0.0.1:70000")}, []string{`"a"`, `"70000" is not a number from 0`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			_, err := tcp.New(tcp.Params{Config: tcp.DefaultConfig(), Log: zap.NewNop(), Servers: tt.servers})
			if tt.want == nil && err != nil {
				t.Fatalf("New = %v; want it accepted", err)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("New = %v; want %q in the error", err, want)
				}
			}
		})
	}
}

func TestNothingListensWithoutAServer(t *testing.T) {
	t.Parallel()

	k := build(t)
	cleanup, err := k.Serve(func(error) {})(t.Context())
	if cleanup != nil || err != nil || k.URLs() != nil {
		t.Errorf("Serve without servers = %v, URLs %q; want nothing done", err, k.URLs())
	}
}

func TestSeveralServersOnSeveralAddresses(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "loud.sock")
	loud := tcp.LineServer{
		Name:    "loud",
		Address: "127.0.0.1:0, [::1]:0, unix:" + path,
		Answer: func(_ context.Context, line []byte, w io.Writer) error {
			_, err := io.WriteString(w, strings.ToUpper(string(line))+"\n")
			return err
		},
	}
	k := start(t, server(loud), server(echo()), server(tcp.StreamServer{Name: "raw", Address: "127.0.0.1:0", Handle: copyBack}))
	urls := k.URLs()
	if len(urls) != 5 || slices.ContainsFunc(urls, func(url string) bool { return strings.HasSuffix(url, ":0") }) || urls[3] != "tcp+unix://"+path {
		t.Fatalf("URLs = %q; want 5 with their real ports and that of the socket", urls)
	}
	for i, want := range []string{"[a]\n", "A\n", "A\n", "A\n", "a\n"} { // by name: echo, loud, raw
		c := k.dialTo(urls[i])
		c.send("a\n")
		c.want(want)
	}
}

func TestConfigIsValidated(t *testing.T) {
	t.Parallel()

	tests := []struct {
		settings []string
		want     []string // none: valid
	}{
		{nil, nil},
		{[]string{"address=:1, unix:/run/app.sock"}, nil},
		{[]string{"address=:1, 70000"}, []string{`address "70000": missing port`}},
		{[]string{"address="}, []string{"tcp.address"}},
		{[]string{"drain_timeout=0s", "first_byte_timeout=0s", "line_timeout=0s", "idle_timeout=-1s", "write_timeout=0s"}, []string{
			"tcp.drain_timeout", "tcp.first_byte_timeout", "tcp.line_timeout", "tcp.idle_timeout", "tcp.write_timeout", "more than 0",
		}},
		{[]string{"max_connections=-1", "max_connections_per_client=-1"}, []string{
			"tcp.max_connections: ", "tcp.max_connections_per_client", "0 or more",
		}},
		{[]string{"max_connections=0"}, nil},
		{[]string{"tls_certificate=tls.crt"}, []string{"tcp.tls_key", "together with tls_certificate"}},
		{[]string{"tls_key=tls.key"}, []string{"tcp.tls_certificate", "together with tls_key"}},
		{[]string{"tls_certificate=none.crt", "tls_key=none.key"}, []string{"tcp.tls_certificate", "certificate none.crt with key none.key"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.settings), func(t *testing.T) {
			t.Parallel()

			var set []string
			for _, s := range tt.settings {
				set = append(set, "tcp."+s)
			}
			_, err := config.Load([]config.Section{config.NewSection("tcp", tcp.DefaultConfig())}, config.Sources{Set: set})
			if tt.want == nil && err != nil {
				t.Errorf("%q: %v; want it valid", set, err)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q: %v; want %q", set, err, want)
				}
			}
		})
	}
}
