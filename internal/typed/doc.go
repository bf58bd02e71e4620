// Package typed makes HTTP operations of functions: the types of a function say
// what its requests must be, what it answers, and what the document of the API
// tells about both. It stands on huma, whose struct tags it keeps, and knows
// net/http only.
//
// What a function returns as an error, and what is wrong with a request, leaves
// this package as an error: huma neither writes an answer nor makes up a text
// that a client sees.
package typed
