package httpserver

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"
)

// panicError is a panic that was caught.
type panicError struct {
	value any
	stack string
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// panicOf returns the panic that err is, nil where it is none.
func panicOf(err error) *panicError {
	if err == nil {
		return nil
	}
	var p *panicError
	errors.As(err, &p)
	return p
}

// recoverPanic makes an error of a panic in a handler, in the handler's
// goroutine; one in a goroutine that the handler started ends the process.
// http.ErrAbortHandler keeps its meaning.
func recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				err = &panicError{value: v, stack: string(debug.Stack())}
			}
		}()
		return next(c)
	}
}
