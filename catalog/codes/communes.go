package codes

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	_ "embed"

	"golang.org/x/text/unicode/norm"
)

// A CommuneChange is one line of the commune list, which an administrator
// loads: a commune of before July 2025, or a part of it, and the unit it is in
// now. What no line speaks of is unknown; nothing is guessed.
type CommuneChange struct {
	OldCode         string `csv:"old_code" json:"old_code"` // five digits
	OldName         string `csv:"old_name" json:"old_name"` // with its kind: "Phường An Thới"
	OldNameEN       string `csv:"old_name_en" json:"old_name_en,omitempty"`
	OldDistrictCode string `csv:"old_district_code" json:"old_district_code"` // three digits
	OldDistrictName string `csv:"old_district_name" json:"old_district_name"`
	OldProvinceCode string `csv:"old_province_code" json:"old_province_code"` // in FormerProvinces
	NewCode         string `csv:"new_code" json:"new_code"`
	NewName         string `csv:"new_name" json:"new_name"`
	NewNameEN       string `csv:"new_name_en" json:"new_name_en,omitempty"`
	NewProvinceCode string `csv:"new_province_code" json:"new_province_code"` // in Provinces
	Change          string `csv:"change" json:"change"`                       // one of CommuneChanges
	ValidFrom       string `csv:"valid_from" json:"valid_from"`               // first day of the new unit, ISO 8601
	LegalBasis      string `csv:"legal_basis" json:"legal_basis"`
}

// What can have become of a commune.
const (
	CommuneSame    = "same"    // it stands as it was
	CommuneRenamed = "renamed" // the whole of it, alone, under another name or as another kind of unit
	CommuneMerged  = "merged"  // the whole of it, together with others
	CommuneSplit   = "split"   // a part of it: a line for each part
)

// CommuneChanges are all of them.
var CommuneChanges = []string{CommuneSame, CommuneRenamed, CommuneMerged, CommuneSplit}

// SampleCommunes is a commune list of one former district, Phú Quốc, as facts.
//
//go:embed communes/phu-quoc.csv
var SampleCommunes []byte

// What is said of SampleCommunes.
const (
	SampleCommunesSource = "Nghị quyết 1654/NQ-UBTVQH15 (chỉ Phú Quốc)"
	SampleCommunesDate   = "2025-06-16"
)

// Limits of a commune list: the country had 10,035 communes.
const (
	maxCommunes     = 50_000
	maxCommuneBytes = 20 << 20
	maxCommuneWords = 300
)

// A RowProblem is one thing to put right in a list. It never holds a value.
type RowProblem struct {
	Line   int    // of the file, from 1; 0: the file as a whole
	Column string // "": the line as a whole
	Detail string // English, what to do
}

func (p RowProblem) String() string {
	switch {
	case p.Line == 0:
		return p.Detail
	case p.Column == "":
		return fmt.Sprintf("line %d: %s", p.Line, p.Detail)
	}
	return fmt.Sprintf("line %d, %s: %s", p.Line, p.Column, p.Detail)
}

// communeColumns are the columns of the file, in any order; the second kind may
// be left out.
var communeColumns = map[string]struct {
	optional bool
	of       func(*CommuneChange) *string
}{
	"old_code":          {of: func(c *CommuneChange) *string { return &c.OldCode }},
	"old_name":          {of: func(c *CommuneChange) *string { return &c.OldName }},
	"old_name_en":       {of: func(c *CommuneChange) *string { return &c.OldNameEN }, optional: true},
	"old_district_code": {of: func(c *CommuneChange) *string { return &c.OldDistrictCode }},
	"old_district_name": {of: func(c *CommuneChange) *string { return &c.OldDistrictName }},
	"old_province_code": {of: func(c *CommuneChange) *string { return &c.OldProvinceCode }},
	"new_code":          {of: func(c *CommuneChange) *string { return &c.NewCode }},
	"new_name":          {of: func(c *CommuneChange) *string { return &c.NewName }},
	"new_name_en":       {of: func(c *CommuneChange) *string { return &c.NewNameEN }, optional: true},
	"new_province_code": {of: func(c *CommuneChange) *string { return &c.NewProvinceCode }},
	"change":            {of: func(c *CommuneChange) *string { return &c.Change }},
	"valid_from":        {of: func(c *CommuneChange) *string { return &c.ValidFrom }},
	"legal_basis":       {of: func(c *CommuneChange) *string { return &c.LegalBasis }},
}

var communeNames = slices.Sorted(maps.Keys(communeColumns))

// ReadCommunes reads a commune list: CSV in UTF-8 with a comma and a header of
// column names. It gives every problem there is, and no list where there is one.
func ReadCommunes(r io.Reader) ([]CommuneChange, []RowProblem) {
	text, err := io.ReadAll(io.LimitReader(r, maxCommuneBytes+1))
	switch {
	case err != nil:
		return nil, []RowProblem{{Detail: "the file cannot be read"}}
	case len(text) > maxCommuneBytes:
		return nil, []RowProblem{{Detail: "the file is longer than a commune list can be (20 MB)"}}
	case !utf8.Valid(text):
		return nil, []RowProblem{{Detail: "the file is not in UTF-8: save it as \"CSV UTF-8\""}}
	}
	l := &communeReader{}
	l.read(csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))))
	if len(l.problems) == 0 {
		l.together()
	}
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b RowProblem) int { return a.Line - b.Line })
		return nil, l.problems
	}
	return l.rows, nil
}

type communeReader struct {
	rows     []CommuneChange
	lines    []int // of each row
	problems []RowProblem
}

func (l *communeReader) fail(line int, column, detail string) {
	l.problems = append(l.problems, RowProblem{line, column, detail})
}

func (l *communeReader) read(r *csv.Reader) {
	header, err := r.Read()
	if err != nil {
		l.fail(0, "", "the file is empty, or its first line cannot be read as CSV")
		return
	}
	for i, name := range header {
		if _, known := communeColumns[name]; !known {
			l.fail(1, "", fmt.Sprintf("column %d has a name that this list does not know", i+1))
		} else if slices.Contains(header[:i], name) {
			l.fail(1, name, "the column stands twice")
		}
	}
	for _, name := range communeNames {
		if c := communeColumns[name]; !c.optional && !slices.Contains(header, name) {
			l.fail(1, name, "the column is missing")
		}
	}
	if len(l.problems) > 0 {
		return
	}
	for {
		fields, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			// not wrapped: encoding/csv quotes the line
			var at *csv.ParseError
			line := 0
			if errors.As(err, &at) {
				line = at.StartLine
			}
			if l.fail(line, "", "the line has another number of fields than the header, or a stray quotation mark"); !errors.Is(err, csv.ErrFieldCount) {
				return
			}
			continue
		}
		if len(l.rows) == maxCommunes {
			l.fail(0, "", "the list has more than 50,000 lines")
			return
		}
		line, _ := r.FieldPos(0)
		var c CommuneChange
		for i, name := range header {
			*communeColumns[name].of(&c) = fields[i]
		}
		l.check(line, c)
		l.rows, l.lines = append(l.rows, c), append(l.lines, line)
	}
	if len(l.rows) == 0 {
		l.fail(0, "", "the list has no lines")
	}
}

var (
	communeCode  = regexp.MustCompile(`^[0-9]{5}$`)
	districtCode = regexp.MustCompile(`^[0-9]{3}$`)
)

// check looks at one line by itself.
func (l *communeReader) check(line int, c CommuneChange) {
	for _, name := range communeNames {
		column := communeColumns[name]
		value := *column.of(&c)
		switch {
		case value == "" && !column.optional:
			l.fail(line, name, "is empty")
		case !norm.NFC.IsNormalString(value):
			l.fail(line, name, "is not in Unicode NFC")
		case value != strings.TrimSpace(value) || strings.ContainsFunc(value, unicode.IsControl):
			l.fail(line, name, "has a space around it or a control character in it")
		case utf8.RuneCountInString(value) > maxCommuneWords:
			l.fail(line, name, "is longer than 300 characters")
		}
	}
	code := func(column, value string, form *regexp.Regexp, digits string) {
		if value != "" && !form.MatchString(value) {
			l.fail(line, column, "is not a code of "+digits+" digits; a spreadsheet drops zeros in front unless the column is text")
		}
	}
	code("old_code", c.OldCode, communeCode, "five")
	code("new_code", c.NewCode, communeCode, "five")
	code("old_district_code", c.OldDistrictCode, districtCode, "three")
	old, known := FormerProvinces.Get(c.OldProvinceCode)
	if !known && c.OldProvinceCode != "" {
		l.fail(line, "old_province_code", "is no code of the 63 provinces before July 2025")
	}
	now, ok := Provinces.Get(c.NewProvinceCode)
	switch {
	case !ok && c.NewProvinceCode != "":
		l.fail(line, "new_province_code", "is no code of the 34 provinces of today")
	case ok && known && old.Now().Code != now.Code:
		l.fail(line, "new_province_code", "is not the province that the former one became part of")
	}
	if c.Change != "" && !slices.Contains(CommuneChanges, c.Change) {
		l.fail(line, "change", "is none of same, renamed, merged, split")
	}
	if c.Change == CommuneSame && c.OldName != c.NewName {
		l.fail(line, "change", "says same, and the names differ")
	}
	if _, err := time.Parse(time.DateOnly, c.ValidFrom); err != nil && c.ValidFrom != "" {
		l.fail(line, "valid_from", "is no day as 2025-07-01")
	}
}

// together looks at what lines say of the same unit.
func (l *communeReader) together() {
	old, now, district := map[string][]int{}, map[string][]int{}, map[string]int{}
	for i, c := range l.rows {
		old[c.OldCode] = append(old[c.OldCode], i)
		now[c.NewCode] = append(now[c.NewCode], i)
		if first, seen := district[c.OldDistrictCode]; !seen {
			district[c.OldDistrictCode] = i
		} else if f := l.rows[first]; f.OldDistrictName != c.OldDistrictName || f.OldProvinceCode != c.OldProvinceCode {
			l.fail(l.lines[i], "old_district_code", fmt.Sprintf("has another name or province on line %d", l.lines[first]))
		}
	}
	for i, c := range l.rows {
		line, of := l.lines[i], old[c.OldCode]
		first := l.rows[of[0]]
		if i != of[0] && (first.OldName != c.OldName || first.OldNameEN != c.OldNameEN || first.OldDistrictCode != c.OldDistrictCode) {
			l.fail(line, "old_code", fmt.Sprintf("has another name or district on line %d", l.lines[of[0]]))
		}
		for _, j := range of {
			if j < i && l.rows[j].NewCode == c.NewCode {
				l.fail(line, "", fmt.Sprintf("says the same as line %d", l.lines[j]))
			}
		}
		switch {
		case len(of) == 1 && c.Change == CommuneSplit:
			l.fail(line, "change", "says split, and no other line says where the other part went")
		case len(of) > 1 && c.Change != CommuneSplit:
			l.fail(line, "change", "this commune stands on several lines: each of them says split")
		}
		into := now[c.NewCode]
		first = l.rows[into[0]]
		if i != into[0] && (first.NewName != c.NewName || first.NewNameEN != c.NewNameEN || first.NewProvinceCode != c.NewProvinceCode || first.ValidFrom != c.ValidFrom) {
			l.fail(line, "new_code", fmt.Sprintf("has another name, province or first day on line %d", l.lines[into[0]]))
		}
		if len(into) > 1 && (c.Change == CommuneSame || c.Change == CommuneRenamed) {
			l.fail(line, "change", "the new unit was made of several: the line says merged or split")
		}
	}
}
