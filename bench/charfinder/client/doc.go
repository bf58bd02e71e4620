// Package client is what oapi-codegen makes of the document of the API of the
// charfinder, by bench/charfinder. Its test lets it talk to the application.
package client
