package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/modules/database"
	httpserver "example.com/ostov/modules/http"
)

// site answers over HTTP.
type site struct{ exports *Exports }

func newRoutes(exports *Exports) []httpserver.Route {
	s := site{exports}
	errs := httpserver.Errors{ErrNoExport: http.StatusNotFound, database.ErrBusy: http.StatusServiceUnavailable}
	return []httpserver.Route{
		{Method: http.MethodPost, Path: "/api/exports", Operation: httpserver.Typed(s.order), Summary: "Order a file of characters", Errors: errs},
		{Method: http.MethodGet, Path: "/api/exports/:id", Handler: s.find, Summary: "The file, or how far it is", Errors: errs},
	}
}

type order struct {
	Body struct {
		Query string `json:"query" minLength:"1" maxLength:"200" doc:"Words that the names of the characters have" example:"chess knight"`
	}
}

type accepted struct {
	Status   int
	Location string `header:"Location"`
	Body     struct {
		ID int64 `json:"id" doc:"Ask for it at Location"`
	}
}

// order serves POST /api/exports.
func (s site) order(ctx context.Context, in *order) (*accepted, error) {
	id, err := s.exports.Order(ctx, in.Body.Query)
	if err != nil {
		return nil, err
	}
	out := &accepted{Status: http.StatusAccepted, Location: "/api/exports/" + strconv.FormatInt(id, 10)}
	out.Body.ID = id
	return out, nil
}

// progress is an export that is not done.
type progress struct {
	ID    int64              `json:"id"`
	State rivertype.JobState `json:"state"`
}

// find serves GET /api/exports/:id.
func (s site) find(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return ErrNoExport
	}
	file, state, err := s.exports.Find(c.Request().Context(), id)
	switch {
	case err != nil:
		return err
	case state != rivertype.JobStateCompleted:
		return c.JSON(http.StatusOK, progress{id, state})
	default:
		return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte(file))
	}
}
