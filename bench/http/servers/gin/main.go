// Command gin is gin with what gin.Default brings along: a log and recovery.
package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"example.com/ostov/bench/http/servers"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = gin.DefaultErrorWriter
	r := gin.Default()
	r.GET("/hello/:name", func(c *gin.Context) { c.JSON(http.StatusOK, servers.Greet(c.Param("name"))) })
	servers.Run(func(ctx context.Context) error { return servers.Serve(ctx, servers.WithTimeouts(r)) })
}
