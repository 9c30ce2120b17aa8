package fetch

import (
	"fmt"
	"net/netip"
	"strings"
)

// ParseNets reads networks for Config.AllowNets, separated by commas or blanks,
// each as a prefix such as 10.1.0.0/16; an empty text is none.
func ParseNets(text string) ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(field)
		if err != nil {
			return nil, fmt.Errorf("network %q is not of the form 10.1.0.0/16", field)
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}
