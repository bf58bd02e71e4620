// Command gozero is go-zero's REST server as its configuration makes it: traces,
// log, metrics, breaker, shedding, time-out, recovery, limits.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/rest"
	"github.com/zeromicro/go-zero/rest/httpx"

	"example.com/ostov/bench/http/servers"
)

func main() {
	servers.Run(func(ctx context.Context) error {
		host, port, err := servers.FreeAddress(ctx)
		if err != nil {
			return err
		}
		var config rest.RestConf
		if err := conf.FillDefault(&config); err != nil {
			return err
		}
		config.Name, config.Host, config.Port = "app", host, port
		config.Log.Encoding = "json"
		config.Log.Mode = "console"
		config.CpuThreshold = 0          // it would refuse requests on a busy machine
		config.DevServer.Enabled = false // an address that cannot be chosen freely
		logx.MustSetup(config.Log)
		logx.SetWriter(logx.NewWriter(os.Stderr)) // stdout is for the ready line
		s, err := rest.NewServer(config)
		if err != nil {
			return err
		}
		s.AddRoute(rest.Route{Method: http.MethodGet, Path: "/hello/:name", Handler: func(w http.ResponseWriter, r *http.Request) {
			var path struct {
				Name string `path:"name"`
			}
			if err := httpx.ParsePath(r, &path); err != nil {
				httpx.ErrorCtx(r.Context(), w, err)
				return
			}
			httpx.OkJsonCtx(r.Context(), w, servers.Greet(path.Name))
		}})
		go s.Start()
		defer s.Stop()
		if err := servers.Await(ctx, config.Host, config.Port); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}
