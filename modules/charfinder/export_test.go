package charfinder

// What the tests see of the package beside its exported names.
var (
	BuildWords    = buildWords
	NewLineServer = newLineServer
	NewRoutes     = newRoutes
	NewTopWords   = newTopWords
	Quote         = quote
	Strip         = strip
	Tokens        = tokens
)
