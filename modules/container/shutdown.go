package container

import (
	"sync"

	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
)

// Shutdowner ends the application from within. It returns at once and may be
// called more than once and from anywhere, constructors excepted: the first
// call counts. A nil cause means that the application is done; any other one
// that it failed, which makes the exit code 1.
type Shutdowner interface {
	Shutdown(cause error)
}

// shutdowner is both our Shutdowner and Fx's: whoever asks first by either wins.
type shutdowner struct {
	once   *sync.Once
	engine *lifecycle.Engine
	fx     fx.Shutdowner
}

type fxShutdowner struct{ *shutdowner }

func newShutdowner(s fx.Shutdowner) Shutdowner { return s.(fxShutdowner).shutdowner }

// decorateShutdowner makes Fx's Shutdowner tell the engine, and makes a second
// call harmless, which fails in Fx where nobody has read the first.
func decorateShutdowner(own fx.Shutdowner, c *Container) fx.Shutdowner {
	return fxShutdowner{&shutdowner{once: new(sync.Once), engine: c.engine, fx: own}}
}

func (s *shutdowner) Shutdown(cause error) {
	s.once.Do(func() {
		s.engine.Shutdown(cause)
		var options []fx.ShutdownOption
		if cause != nil {
			options = append(options, fx.ExitCode(1))
		}
		_ = s.fx.Shutdown(options...) // for who waits by fx.App.Wait; nobody may be there
	})
}

func (s fxShutdowner) Shutdown(options ...fx.ShutdownOption) (err error) {
	s.once.Do(func() {
		err = s.fx.Shutdown(options...)
		s.engine.Shutdown(nil)
	})
	return err
}
