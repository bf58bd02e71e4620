package httpserver

import (
	"net"

	"github.com/labstack/echo/v4"
)

// securityHeaders sets what a browser must know before it trusts an answer. A
// handler may set other values: the policy suits an API (OWASP's REST Security
// Cheat Sheet), and [Route.Page] sets another one.
func securityHeaders() echo.MiddlewareFunc {
	// Values are shared by all answers. http.Header never writes into one.
	var (
		nosniff  = []string{"nosniff"}
		deny     = []string{"DENY"}
		referrer = []string{"no-referrer"}
		policy   = []string{"default-src 'none'; frame-ancestors 'none'"}
		https    = []string{"max-age=31536000"}
	)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			header := c.Response().Header()
			header[echo.HeaderXContentTypeOptions] = nosniff
			header[echo.HeaderXFrameOptions] = deny
			header[echo.HeaderReferrerPolicy] = referrer
			header[echo.HeaderContentSecurityPolicy] = policy
			if c.Scheme() == "https" {
				header[echo.HeaderStrictTransportSecurity] = https
			}
			return next(c)
		}
	}
}

// page allows what handler answers to have styles, images and forms of the same
// server, and no scripts.
func page(handler echo.HandlerFunc) echo.HandlerFunc {
	policy := []string{"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	return func(c echo.Context) error {
		c.Response().Header()[echo.HeaderContentSecurityPolicy] = policy
		return handler(c)
	}
}

// extractors tell the client's address and scheme: those of the connection, or
// where it comes from a trusted proxy, those that the proxy reports.
func (c Config) extractors() (echo.IPExtractor, echo.SchemeExtractor) {
	if len(c.TrustedProxies) == 0 {
		return echo.ExtractIPDirect(), echo.ExtractSchemeDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, proxy := range c.TrustedProxies {
		address := proxy.Addr()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(proxy.Bits(), address.BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...), echo.ExtractSchemeFromHeaders(trust...)
}
