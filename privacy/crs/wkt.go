package crs

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// FromWKT finds the reference of a system that is defined in well-known text
// of the first edition (OGC 01-009, section 7), as .prj files of Esri, QGIS and
// MapInfo write it. It is found by what the text defines: datum, projection
// and parameters. A code that the text claims of the EPSG registry counts where
// its definition says nothing else. Unknown: none of that leads to a system.
func FromWKT(text []byte) string {
	p := wktParser{b: bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))}
	if len(p.b) > wktMost {
		return Unknown
	}
	n, ok := p.node(0)
	if !ok {
		return Unknown
	}
	if n.word == "COMPD_CS" { // with heights: the coordinates are those of its first system
		for _, c := range n.nodes {
			if c.word == "PROJCS" || c.word == "GEOGCS" {
				n = c
				break
			}
		}
	}
	claimed := n.authority()
	s, ok := n.system()
	if ok {
		if claimed > 0 && s.same(table[claimed]) {
			return Reference(claimed)
		}
		if code := s.lookup(); code > 0 {
			return Reference(code)
		}
	}
	if _, held := table[claimed]; claimed > 0 && !held && (n.word == "PROJCS" || n.word == "GEOGCS") {
		return Reference(claimed)
	}
	return Unknown
}

const (
	wktMost  = 64 << 10 // bytes of a definition
	wktDepth = 12
)

// wktNode is WORD["name",1,2,OTHER[…]].
type wktNode struct {
	word    string // in upper case
	names   []string
	numbers []float64
	nodes   []wktNode
}

type wktParser struct {
	b  []byte
	at int
}

func (p *wktParser) space() {
	for p.at < len(p.b) && (p.b[p.at] <= ' ') {
		p.at++
	}
}

func (p *wktParser) peek() byte {
	p.space()
	if p.at == len(p.b) {
		return 0
	}
	return p.b[p.at]
}

func letterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
}

func (p *wktParser) node(depth int) (n wktNode, ok bool) {
	p.space()
	from := p.at
	for p.at < len(p.b) && letterOrDigit(p.b[p.at]) {
		p.at++
	}
	n.word = strings.ToUpper(string(p.b[from:p.at]))
	open := p.peek()
	if n.word == "" || depth > wktDepth {
		return n, false
	}
	if open != '[' && open != '(' { // a bare word, as the EAST of an axis
		return n, depth > 0
	}
	p.at++
	for {
		switch c := p.peek(); {
		case c == '"':
			end := bytes.IndexByte(p.b[p.at+1:], '"')
			if end < 0 {
				return n, false
			}
			n.names = append(n.names, string(p.b[p.at+1:p.at+1+end]))
			p.at += end + 2
		case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
			from := p.at
			for p.at < len(p.b) && (letterOrDigit(p.b[p.at]) || strings.IndexByte("+-.", p.b[p.at]) >= 0) {
				p.at++
			}
			v, err := strconv.ParseFloat(string(p.b[from:p.at]), 64)
			if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
				return n, false
			}
			n.numbers = append(n.numbers, v)
		default:
			inner, ok := p.node(depth + 1)
			if !ok {
				return n, false
			}
			n.nodes = append(n.nodes, inner)
		}
		switch p.peek() {
		case ',':
			p.at++
		case ']', ')':
			p.at++
			return n, true
		default:
			return n, false
		}
	}
}

// child is the first node of a word; a node of no word where there is none.
func (n wktNode) child(word string) wktNode {
	for _, c := range n.nodes {
		if c.word == word {
			return c
		}
	}
	return wktNode{}
}

func (n wktNode) name() string {
	if len(n.names) == 0 {
		return ""
	}
	return n.names[0]
}

// authority is the code that the node claims of the EPSG registry; 0: none.
func (n wktNode) authority() int {
	a := n.child("AUTHORITY")
	if !strings.EqualFold(a.name(), "EPSG") {
		return 0
	}
	text := ""
	if len(a.names) == 2 {
		text = a.names[1]
	} else if len(a.numbers) == 1 {
		text = strconv.FormatFloat(a.numbers[0], 'f', -1, 64)
	}
	code, ok := codeOf("EPSG:" + text)
	if text == "4326" {
		return 4326
	}
	if !ok {
		return 0
	}
	return code
}

// plain is a name without case and marks.
func plain(name string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(name)) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// toVN2000 begins the parameters by which the ministry shifts VN-2000 to WGS 84
// (decision 05/2007/QĐ-BTNMT). Programs that do not know VN-2000 by name write
// it as an unnamed datum with these.
var toVN2000 = [3]float64{-191.90441429, -39.30318279, -111.45032835}

// datum finds the datum of a GEOGCS.
func (n wktNode) datum() *datum {
	d := n.child("DATUM")
	s := d.child("SPHEROID")
	if len(s.numbers) < 2 {
		return nil
	}
	if p := n.child("PRIMEM"); len(p.numbers) > 0 && p.numbers[0] != 0 {
		return nil
	}
	if u := n.child("UNIT"); len(u.numbers) == 0 || !near(u.numbers[0], math.Pi/180, 1e-9) {
		return nil
	}
	name := plain(strings.TrimPrefix(d.name(), "D_"))
	shift := d.child("TOWGS84").numbers
	if len(shift) >= 3 && near(shift[0], toVN2000[0], 0.01) && near(shift[1], toVN2000[1], 0.01) && near(shift[2], toVN2000[2], 0.01) {
		name = vn2000.known[0]
	}
	for _, known := range []*datum{wgs84, vn2000, nad83, etrs89, rgf93} {
		for _, k := range known.known {
			if k == name && near(s.numbers[0], known.a, 0.01) && near(s.numbers[1], known.rf, 1e-4) {
				return known
			}
		}
	}
	return nil
}

var methods = map[string]method{
	"transversemercator":                 transverseMercator,
	"gausskruger":                        transverseMercator,
	"lambertconformalconic":              lambert2SP,
	"lambertconformalconic2sp":           lambert2SP,
	"mercatorauxiliarysphere":            pseudoMercator,
	"popularvisualisationpseudomercator": pseudoMercator,
}

// system reads a GEOGCS or PROJCS; ok is false where it is none that the table
// could hold.
func (n wktNode) system() (s system, ok bool) {
	switch n.word {
	case "GEOGCS":
		s.datum = n.datum()
		return s, s.datum != nil
	case "PROJCS":
	default:
		return s, false
	}
	s.datum = n.child("GEOGCS").datum()
	s.method = methods[plain(n.child("PROJECTION").name())]
	u := n.child("UNIT")
	if s.datum == nil || s.method == geographic || len(u.numbers) == 0 {
		return s, false
	}
	s.unit = &unit{metres: u.numbers[0]}
	s.scale = 1
	for _, c := range n.nodes {
		if c.word != "PARAMETER" || len(c.numbers) != 1 {
			continue
		}
		v := c.numbers[0]
		switch plain(c.name()) {
		case "latitudeoforigin":
			s.lat0 = v
		case "centralmeridian", "longitudeoforigin":
			s.lon0 = v
		case "scalefactor":
			s.scale = v
		case "standardparallel1":
			s.lat1 = v
		case "standardparallel2":
			s.lat2 = v
		case "falseeasting":
			s.easting = v
		case "falsenorthing":
			s.northing = v
		case "auxiliaryspheretype":
		default:
			return s, false
		}
	}
	return s, true
}

// same: both turn degrees into the same coordinates.
func (s system) same(t system) bool {
	if s.datum != t.datum || s.method != t.method || t.code == 0 {
		return false
	}
	if s.method == geographic {
		return true
	}
	// A US foot and a foot differ by two millionths.
	if !near(s.unit.metres, t.unit.metres, 1e-8) || !near(s.easting, t.easting, 1e-3) || !near(s.northing, t.northing, 1e-3) ||
		!near(s.lat0, t.lat0, 1e-7) || !near(s.lon0, t.lon0, 1e-7) {
		return false
	}
	switch s.method {
	case transverseMercator:
		return near(s.scale, t.scale, 1e-9)
	case lambert2SP:
		lo, hi := min(s.lat1, s.lat2), max(s.lat1, s.lat2)
		return near(s.scale, 1, 1e-9) && near(lo, min(t.lat1, t.lat2), 1e-7) && near(hi, max(t.lat1, t.lat2), 1e-7)
	}
	return true
}

// lookup gives the lowest code of the table with the same definition; 0: none.
func (s system) lookup() int {
	best := 0
	for code, t := range table {
		if (best == 0 || code < best) && s.same(t) {
			best = code
		}
	}
	return best
}
