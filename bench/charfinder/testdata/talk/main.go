// Command talk asks the application, which its argument is the URL of, with the client
// that the test puts beside this file.
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	ctx := context.Background()
	c := must(NewClientWithResponses(os.Args[1]))
	query, limit := "rook black", int64(2)
	page := must(c.GetApiCharsWithResponse(ctx, &GetApiCharsParams{Query: &query, Limit: &limit})).JSON200
	fmt.Printf("%q: %d of %d, the first %v\n", query, len(page.Items), page.Total, page.Items[0])
	words := must(c.GetApiWordsTopWithResponse(ctx)).JSON200
	fmt.Println("words most asked for:", words.Items)
	limit = 2000
	refused := must(c.GetApiCharsWithResponse(ctx, &GetApiCharsParams{Limit: &limit}))
	fmt.Printf("a limit of 2000: %d, wrong is %s\n", refused.StatusCode(), (*refused.ApplicationproblemJSONDefault.Errors)[0].Field)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
