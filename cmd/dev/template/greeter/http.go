package greeter

import (
	"context"
	"net/http"

	httpserver "example.com/ostov/modules/http"
)

// newRoutes returns the endpoints.
func newRoutes(g *Greeter) []httpserver.Route {
	return []httpserver.Route{
		{Method: http.MethodGet, Path: "/api/greeter/:name", Operation: httpserver.Typed(g.answer), Summary: "Greet somebody"},
	}
}

// greeterQuery and greeterAnswer are what GET /api/greeter/:name takes and answers.
type greeterQuery struct {
	Name string `path:"name" maxLength:"80" doc:"Who is greeted" example:"Ada"`
}

type greeterAnswer struct {
	Text string `json:"text" example:"Hello, Ada!"`
}

func (g *Greeter) answer(_ context.Context, in *greeterQuery) (*greeterAnswer, error) {
	return &greeterAnswer{Text: g.Greet(in.Name)}, nil
}
