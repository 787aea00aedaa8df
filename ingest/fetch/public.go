package fetch

import "net/netip"

// Public says whether an address is one that anybody in the world may reach,
// on a port of the web. It is decided on the bits that are dialled, after all
// names, and not by how an address is written.
func Public(at netip.AddrPort) bool {
	switch at.Port() {
	case 80, 443, 8080, 8443:
	default:
		return false
	}
	a := at.Addr().Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	if a.Is6() && !anywhere.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// anywhere is what has been given out of IPv6; the rest is for nobody.
var anywhere = netip.MustParsePrefix("2000::/3")

// special are blocks that are not, or not only, public: the IANA registries of
// special-purpose addresses for IPv4 and IPv6, as of 2025. Those in which an
// IPv4 address hides (NAT64 lies outside 2000::/3) are refused whole.
var special = func() (out []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return
}()
