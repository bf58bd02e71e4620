package typed

// Parse is parse.
func Parse(data []byte) (any, error) { return parse(data) }
