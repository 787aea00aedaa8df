package privacy

import (
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"daylight/privacy/crs"
)

// The "read" block pins what would else be found from the file: each decision
// of the reading has its key, and what cannot be meant is an error here, so
// that no pin is passed over in silence.

// noSign pins that there is no delimiter (one column) or no quote.
const noSign = "none"

func (p *planParser) reading(n *yaml.Node) *Reading {
	var r Reading
	p.mapping(n, fields{
		"encoding":  func(v *yaml.Node) { r.Encoding = p.text(v) },
		"delimiter": func(v *yaml.Node) { r.Delimiter = p.delimiter(v) },
		"quote":     func(v *yaml.Node) { r.Quote = p.quote(v) },
		"comment": func(v *yaml.Node) {
			if r.Comment = p.raw(v); r.Comment == "" || len(r.Comment) > 8 || strings.ContainsAny(r.Comment, "\r\n\x00") {
				p.fail(v, "what opens a comment line is wanted: a sign or two")
			}
		},
		"sheet": func(v *yaml.Node) { r.Sheet = p.listOf(v) },
		"table": func(v *yaml.Node) {
			r.Table = p.wholes(v)
			for _, n := range r.Table {
				if n == 0 {
					p.fail(v, "tables are counted from 1")
				}
			}
		},
		"header_rows": func(v *yaml.Node) {
			r.HeaderRows = p.wholes(v)
			for i, n := range r.HeaderRows {
				if i > 0 && n <= r.HeaderRows[i-1] || n == 0 && len(r.HeaderRows) > 1 {
					p.fail(v, "rows of the header are wanted from above to below, or 0 alone for none")
				}
			}
		},
		"ragged": func(v *yaml.Node) { r.Ragged = p.word(v, "refuse", "report", "repair") },
		"locale": func(v *yaml.Node) { r.Locale = p.text(v) },
		"crs": func(v *yaml.Node) {
			if r.CRS = p.text(v); r.CRS == "EPSG:4326" {
				r.CRS = CRS84
			}
			if r.CRS != "" && !crs.Valid(r.CRS) {
				p.fail(v, "a coordinate system is wanted: EPSG: and its number, OGC:CRS84, or unknown")
			}
		},
		"columns": func(v *yaml.Node) {
			r.Columns = map[string]ReadColumn{}
			folded := map[string]bool{}
			p.pairs(v, func(key, v *yaml.Node) {
				name := plainName(key.Value)
				same := strings.ToLower(strings.Join(strings.Fields(name), " "))
				if folded[same] {
					p.fail(key, "this column is named twice, but for spaces and capitals")
				}
				folded[same] = true
				r.Columns[name] = p.readColumn(v)
			})
		},
	})
	if r.Quote != "" && r.Quote != noSign && strings.Contains(r.Delimiter, r.Quote) {
		p.fail(n, "delimiter and quote cannot be the same sign")
	}
	return &r
}

// Check says whether a plan could hold the block: *Problems with all that is
// wrong with it.
func (r *Reading) Check() error {
	text, err := MarshalPlans([]Plan{{Read: r, Columns: []ColumnPlan{{Column: "x", Steps: []Step{{Do: "keep"}}}}}})
	if err != nil {
		return err
	}
	_, err = ParsePlans(text)
	return err
}

func (p *planParser) delimiter(n *yaml.Node) string {
	s := p.raw(n)
	switch s {
	case noSign, "tab", `\t`:
		return s
	}
	plain := func(r rune) bool {
		return r == '\r' || r == '\n' || r == 0 || r == '"' || r == utf8.RuneError || isLetterOrDigit(r)
	}
	if s == "" || len(s) > 2 || s == " " || strings.ContainsFunc(s, plain) {
		p.fail(n, "the sign between cells is wanted: , ; | tab and the like, or none")
	}
	return s
}

func (p *planParser) quote(n *yaml.Node) string {
	s := p.raw(n)
	if s != noSign && (len(s) != 1 || s[0] <= ' ' || s[0] >= 0x7f || isLetterOrDigit(rune(s[0]))) {
		p.fail(n, "the sign around cells is wanted: \" or ' or another one, or none")
	}
	return s
}

func isLetterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// raw is a text whose spaces matter: a delimiter.
func (p *planParser) raw(n *yaml.Node) string {
	s, _ := p.scalar(n, "a character", "!!str")
	return s
}

// separators are those of thousands; the apostrophe and the space each with
// the forms that spreadsheets write.
const separators = ".,' ’\u00a0\u202f"

// columnKey is the form of every column's key.
var columnKey = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,79}$`)

func (p *planParser) readColumn(n *yaml.Node) ReadColumn {
	var c ReadColumn
	p.mapping(n, fields{
		"type": func(v *yaml.Node) {
			c.Type = p.word(v, "text", "integer", "decimal", "float", "date", "timestamp", "boolean")
		},
		"format": func(v *yaml.Node) { c.Format = p.text(v) },
		"thousands": func(v *yaml.Node) {
			if c.Thousands = p.raw(v); utf8.RuneCountInString(c.Thousands) != 1 || !strings.Contains(separators, c.Thousands) {
				p.fail(v, "the sign between thousands is wanted: a point, a comma, a space or an apostrophe")
			}
		},
		"decimal": func(v *yaml.Node) { c.Decimal = p.word(v, ".", ",") },
		"nulls":   func(v *yaml.Node) { c.Nulls = p.listOf(v) },
		"trim":    func(v *yaml.Node) { c.Trim = p.flag(v) },
		"key": func(v *yaml.Node) {
			if c.Key = p.text(v); !columnKey.MatchString(c.Key) {
				p.fail(v, "a key is wanted: small letters, digits and _, and no digit first")
			}
		},
		"on_error": func(v *yaml.Node) { c.OnError = p.word(v, "text", "report", "refuse") },
	})
	number := c.Type == "" || c.Type == "integer" || c.Type == "decimal" || c.Type == "float"
	switch {
	case c.Format != "" && c.Type != "" && c.Type != "date":
		p.fail(n, "a format is for dates")
	case !number && (c.Thousands != "" || c.Decimal != ""), c.Format != "" && (c.Thousands != "" || c.Decimal != ""):
		p.fail(n, "thousands and decimal are for numbers")
	case c.Thousands != "" && c.Thousands == c.Decimal:
		p.fail(n, "thousands and decimals cannot have the same sign")
	}
	return c
}

// oneReading refuses plans of one file that would read it in different ways.
func (p *planParser) oneReading(plans []Plan) {
	var first *Reading
	for _, plan := range plans {
		switch {
		case plan.Read == nil:
		case first == nil:
			first = plan.Read
		case !reflect.DeepEqual(first, plan.Read):
			p.refused("", "plan-syntax", "a file is read in one way: say it in the first plan's read block only")
			return
		}
	}
}
