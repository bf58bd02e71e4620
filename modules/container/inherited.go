package container

import (
	"context"

	"go.uber.org/zap"

	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
)

// inherited gives the listeners that whoever started the process has opened for
// it, as systemd does: the servers use them in place of binding. It is nil where
// there are none.
func inherited(c *Container) (*listen.Set, error) {
	return listen.Inherited(c.process.Sources.Environ)
}

// closeUnclaimed closes those that no server took, with a warning: a client
// that connects to one would wait in vain.
func closeUnclaimed(c *Container, set *listen.Set) lifecycle.Setup {
	return func(context.Context) (lifecycle.Cleanup, error) {
		if left := set.Addresses(); len(left) > 0 {
			c.log.Warn("inherited listeners that no address asks for are closed", zap.Strings("listeners", left))
		}
		return nil, set.Close()
	}
}
