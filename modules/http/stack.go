package httpserver

import (
	"slices"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"
)

// stack is what every request passes on its way in, first to last, and every
// answer on its way out. It runs before routing, and so before the middlewares
// of other modules, and for requests that no route matches, too. Change it at
// will: each part is an ordinary Echo middleware, or nil, and the stop depends
// on none of them.
func (s *Server) stack() []echo.MiddlewareFunc {
	c := s.config
	return []echo.MiddlewareFunc{
		s.observe, // request id and access record
		recoverPanic,
		securityHeaders(),
		when(len(c.CORSOrigins) > 0, middleware.CORSWithConfig(middleware.CORSConfig{AllowOrigins: c.CORSOrigins})),
		when(c.RateLimit > 0, middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
			Skipper: func(c echo.Context) bool { return isProbe(c.Request().URL.Path) },
			Store:   middleware.NewRateLimiterMemoryStore(rate.Limit(c.RateLimit)),
		})),
		when(c.Gzip, middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1 << 10})),
		removeFiles,
		when(c.Decompress, gunzip),
		when(c.MaxBodyBytes > 0, bodyLimit(c.MaxBodyBytes)), // counts what comes out of gunzip
		when(c.HandlerTimeout > 0, timeout(c.HandlerTimeout)),
	}
}

func when(on bool, m echo.MiddlewareFunc) echo.MiddlewareFunc {
	if !on {
		return nil
	}
	return m
}

// chain makes one middleware of many. Echo links its middlewares anew for every
// request, which costs an allocation for each; chain links them once and keeps
// the links for the next request. As with Echo's own contexts, next must not be
// called after the request has ended.
func chain(middlewares []echo.MiddlewareFunc) echo.MiddlewareFunc {
	type links struct{ first, next echo.HandlerFunc }

	middlewares = slices.DeleteFunc(middlewares, func(m echo.MiddlewareFunc) bool { return m == nil })
	pool := &sync.Pool{New: func() any {
		l := new(links)
		l.first = func(c echo.Context) error { return l.next(c) }
		for _, m := range slices.Backward(middlewares) {
			l.first = m(l.first)
		}
		return l
	}}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			l := pool.Get().(*links)
			l.next = next
			err := l.first(c) // where it panics, the links are left to the garbage collector
			l.next = nil
			pool.Put(l)
			return err
		}
	}
}
