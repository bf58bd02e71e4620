package client_test

import (
	"net/http"
	"testing"

	"example.com/ostov/apptest"
	"example.com/ostov/bench/charfinder/client"
)

func TestClientTalksToTheServer(t *testing.T) {
	t.Parallel()

	app := apptest.Start(t)
	c, err := client.NewClientWithResponses(app.URL)
	if err != nil {
		t.Fatal(err)
	}
	query, limit := "rook black", int64(2)
	page, err := c.GetApiCharsWithResponse(t.Context(), &client.GetApiCharsParams{Query: &query, Limit: &limit})
	if err != nil {
		t.Fatal(err)
	}
	if page.JSON200 == nil || page.JSON200.Total != 5 || len(page.JSON200.Items) != 2 || page.JSON200.Items[0] != (client.Char{Code: "U+265C", Char: "♜", Name: "BLACK CHESS ROOK"}) {
		t.Errorf("the characters of %q are %d %s; want 2 of 5, ♜ first", query, page.StatusCode(), page.Body)
	}
	words, err := c.GetApiWordsTopWithResponse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if words.JSON200 == nil || len(words.JSON200.Items) != 2 || words.JSON200.Items[0] != (client.WordCount{Word: "BLACK", Count: 1}) {
		t.Errorf("the words most asked for are %s; want BLACK and ROOK", words.Body)
	}

	limit = 2000
	page, err = c.GetApiCharsWithResponse(t.Context(), &client.GetApiCharsParams{Limit: &limit})
	if err != nil {
		t.Fatal(err)
	}
	problem := page.ApplicationproblemJSONDefault
	if page.StatusCode() != http.StatusUnprocessableEntity || problem == nil || problem.Errors == nil || len(*problem.Errors) != 1 || (*problem.Errors)[0].Field != "query.limit" {
		t.Errorf("a limit of 2000 is answered with %d %s; want a problem that names query.limit", page.StatusCode(), page.Body)
	}
}
