package container

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/ostov/lifecycle"
)

// ErrRole reports a role in [Process.Only] that no module of the application has.
var ErrRole = errors.New("no module has this role")

// only starts nothing of the roles that Process.Only leaves out; their modules stay in the
// graph, and their sections in the configuration. What their constructors hold is released.
func (c *Container) only(h lifecycle.Hook) lifecycle.Hook {
	if h.Setup != nil && h.Role != "" && !slices.Contains(c.process.Only, h.Role) {
		h.Setup, h.Cleanup = nil, nil
	}
	return h
}

// checkRoles returns what is wrong with Process.Only.
func (c *Container) checkRoles() error {
	for _, role := range c.process.Only {
		if !slices.Contains(c.roles, role) {
			known := slices.Sorted(slices.Values(c.roles))
			return fmt.Errorf("--only %s: %w; there are %s", role, ErrRole, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}
