package config

import "strings"

// set sets what --set flags give.
func (l *loader) set(arguments []string) {
	for _, argument := range arguments {
		key, text, found := strings.Cut(argument, "=")
		s, known := l.known[key]
		switch {
		case known && found:
			l.text(s, "--set "+key, text)
		case known:
			l.wrong(key, "--set", "found no value; write --set %s=VALUE", key)
		case !found || key == "": // not shown: it may hold a secret
			l.fault("", "--set", "found no key; write --set section.key=VALUE")
		case l.children[key] != nil:
			l.fault(key, "--set", "this is a section; set one of its keys: %s", strings.Join(l.children[key], ", "))
		default:
			parent, name := l.deepest(key)
			l.fault(key, "--set", "%s", l.unknown(parent, name))
		}
	}
}

// deepest parts an unknown key into the longest section that is known and the rest.
func (l *loader) deepest(key string) (parent, rest string) {
	rest = key
	for {
		name, below, more := strings.Cut(rest, ".")
		if !more || l.children[join(parent, name)] == nil {
			return parent, rest
		}
		parent, rest = join(parent, name), below
	}
}
