package privacy

import (
	"bytes"
	"net/netip"
)

// ipAddress is IPv4 in four octets or IPv6.
var ipAddress = Detector{
	Kind: "ip", Class: ClassDirect, Strength: Medium, InText: true,
	Hints: []string{"ip", "ip address", "ipv4", "ipv6", "dia chi ip"},
}

// macAddress is six pairs of hexadecimal digits.
var macAddress = Detector{
	Kind: "mac", Class: ClassDirect, Strength: Medium, InText: true,
	Hints: []string{"mac", "mac address"},
}

func hexByte(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isMAC(t []byte) bool {
	if len(t) != 17 {
		return false
	}
	sep, letters := t[2], false
	if sep != ':' && sep != '-' {
		return false
	}
	for i, c := range t {
		if i%3 == 2 {
			if c != sep {
				return false
			}
		} else if !hexByte(c) {
			return false
		} else if !digit(c) {
			letters = true
		}
	}
	return letters || sep == ':'
}

func isIPv6(t []byte) bool {
	if len(t) < 6 || len(t) > 45 || bytes.Count(t, []byte(":")) < 2 {
		return false
	}
	a, err := netip.ParseAddr(string(t))
	return err == nil && a.Is6()
}
