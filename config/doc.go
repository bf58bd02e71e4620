// Package config loads the settings of an application: one typed struct per
// module, all of them read, checked and reported together.
//
// A module describes its section by a struct and its defaults:
//
//	type Config struct {
//		Address      string        `yaml:"address" validate:"required" doc:"where to listen, host:port or unix:PATH"`
//		DrainTimeout time.Duration `yaml:"drain_timeout" validate:"gt=0" doc:"how long a stop waits for running requests"`
//		Token        config.Secret `yaml:"token" doc:"what a caller must show"`
//	}
//
//	section := config.NewSection("http", DefaultConfig())
//
// The tag yaml names the key, in small letters, digits and underscores; validate
// holds rules of github.com/go-playground/validator; doc says what the setting
// means. doc is a tag and not a Go comment because comments are gone when the
// program runs, and the text is wanted there: [Config.Sample] and [Config.Values] give
// it, so that it is written in one place. A field may be a text, a bool, a number, a
// [time.Duration], a [Secret] or any type that reads itself from text
// ([encoding.TextUnmarshaler]), a list of one of these, or a struct of such fields.
// There is nothing deeper, so that every setting can come from every source. Where
// the section, or a pointer to it, has a method Validate() error, that is called
// after the rules of the tags; [Invalid] names the key that it refuses.
//
// # Sources
//
// Later ones win: defaults, files in their order, environment, --set. Files are
// merged deeply, key by key; a list replaces a list. Text is taken as it stands: no
// ${NAME} is substituted. Every source is strict. An unknown or repeated key, a
// value of the wrong type, a duration without its unit and a key without a value are
// faults, and [Load] reports all of them at once, each with its place, what was
// found, what is allowed, and the nearest key for a typo.
//
// # Environment
//
// The names of the variables are computed from the known keys: http.drain_timeout
// is APP_HTTP_DRAIN_TIMEOUT; the section app is left out, so that app.name is
// APP_NAME. The elements of a list are parted by commas. A variable that is set
// but empty is a value. A Secret may stand in a file instead, which the variable
// with the ending _FILE names; white space around its content is dropped, and the
// variable without the ending must not be set.
//
// A variable that begins with APP_ and a known section without being a key of it,
// or that is nearly a known name, is a fault. Variables of the forms that
// Kubernetes sets for each service (APP_HTTP_PORT, where a service is called
// app-http) are always passed over; for that reason no setting may have such a
// name.
package config
