package tableschema

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy"
)

// A Breach is one rule of the schema that a table breaks: where first and how
// often. Wanted names the rule or the list; it holds no value.
type Breach struct {
	Code   string // required, unique, enum, pattern, minimum, maximum, exclusive-minimum, exclusive-maximum, min-length, max-length, primary-key, unique-key, foreign-key, column-missing, column-extra, type
	Column string // key of the column; of a key its columns, with commas
	Wanted string
	Row    int64 // data row from 1; 0: not about a row
	Count  int64
	Rows   []int64 // all of them, at most RowsMost over all breaches
}

// RowsMost is how many rows the breaches of one table name.
const RowsMost = 100_000

// Lists gives the codes that a reference names.
type Lists interface {
	// Codes returns how to ask for a code, and what the list is called. An
	// Unknown says that there is none, or that it cannot be asked here.
	Codes(ctx context.Context, r Reference) (has func(code string) bool, name string, err error)
}

// Unknown is why a reference leads nowhere, for the person who wrote it.
type Unknown string

func (u Unknown) Error() string { return string(u) }

// keysAtOnce bounds the memory of unique keys, in cells over all of them. A
// table with more is read several times, each for a part of them.
const keysAtOnce = 4 << 20

// Check reads all rows of the table. rows is about how many there are. Every
// breach is told once, with its first row and how often it was met.
func (s *Schema) Check(ctx context.Context, t privacy.Table, rows int64, lists Lists) ([]Breach, error) {
	c := &checking{schema: t.Schema(), seed: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, at: make(map[string]int)}
	if err := c.prepare(ctx, s, lists); err != nil {
		return nil, err
	}
	parts := 1
	if n := int64(len(c.keys)); n > 0 {
		parts = int(rows*n/keysAtOnce) + 1
	}
	for part := range parts {
		if err := c.read(ctx, t, part, parts); err != nil {
			return nil, err
		}
	}
	return c.found, nil
}

type checking struct {
	schema *arrow.Schema
	seed   [2]maphash.Seed
	found  []Breach
	at     map[string]int // place in found
	named  int            // rows in all breaches

	cells []cellRule
	keys  []keyRule
}

// cellRule is asked of each cell of a column; null says whether of nulls too.
type cellRule struct {
	column int
	code   string
	wanted string
	null   bool
	ok     func(cell []byte) bool
}

type keyRule struct {
	columns []int
	code    string
	nulls   bool // a null breaks it, as in a primary key
	seen    map[[16]byte]struct{}
}

func (c *checking) breach(code, column, wanted string, row int64) {
	id := code + "\x00" + column + "\x00" + wanted
	i, ok := c.at[id]
	if !ok {
		i = len(c.found)
		c.at[id] = i
		c.found = append(c.found, Breach{Code: code, Column: column, Wanted: wanted, Row: row})
	}
	b := &c.found[i]
	b.Count++
	if row > 0 && c.named < RowsMost {
		b.Rows = append(b.Rows, row)
		c.named++
	}
}

// column finds the column of a field by its label, then by its key.
func column(schema *arrow.Schema, name string) int {
	for j, f := range schema.Fields() {
		if label, _ := f.Metadata.GetValue(privacy.MetaLabel); label != "" && fold(label) == fold(name) {
			return j
		}
	}
	for j, f := range schema.Fields() {
		if fold(f.Name) == fold(name) {
			return j
		}
	}
	return -1
}

// in finds the column of a field; -1: there is none.
func (f Field) in(schema *arrow.Schema) int {
	j := column(schema, f.Name)
	if j < 0 && f.Title != "" {
		j = column(schema, f.Title)
	}
	return j
}

// Key gives the keys of the columns that are the primary key; nil where the
// schema has none, or the table not all of it.
func (s *Schema) Key(table *arrow.Schema) []string {
	var out []string
	for _, name := range s.PrimaryKey {
		for _, f := range s.Fields {
			if f.Name == name {
				j := f.in(table)
				if j < 0 {
					return nil
				}
				out = append(out, table.Field(j).Name)
			}
		}
	}
	return out
}

func (c *checking) prepare(ctx context.Context, s *Schema, lists Lists) error {
	place := make(map[string]int)
	taken := make(map[int]bool)
	for _, f := range s.Fields {
		j := f.in(c.schema)
		if j < 0 || taken[j] {
			place[f.Name] = -1
			if s.FieldsMatch != "superset" && s.FieldsMatch != "partial" {
				c.breach("column-missing", f.Name, "column", 0)
			}
			continue
		}
		place[f.Name], taken[j] = j, true
		c.constraints(f, j)
	}
	for j, f := range c.schema.Fields() {
		if !taken[j] && s.FieldsMatch != "subset" && s.FieldsMatch != "partial" {
			c.breach("column-extra", f.Name, "no column", 0)
		}
	}
	if s.FieldsMatch == "partial" && len(taken) == 0 {
		c.breach("column-missing", "", "one of the fields", 0)
	}
	key := func(names []string, code string, nulls bool) {
		k := keyRule{code: code, nulls: nulls}
		for _, n := range names {
			if place[n] < 0 {
				return // told already
			}
			k.columns = append(k.columns, place[n])
		}
		c.keys = append(c.keys, k)
	}
	for _, f := range s.Fields {
		if f.Constraints.Unique {
			key([]string{f.Name}, "unique", false)
		}
	}
	if len(s.PrimaryKey) > 0 {
		key(s.PrimaryKey, "primary-key", true)
	}
	for _, names := range s.UniqueKeys {
		if len(names) > 0 {
			key(names, "unique-key", false)
		}
	}
	for i, k := range s.ForeignKeys {
		if len(k.Fields) != 1 || place[k.Fields[0]] < 0 {
			continue
		}
		has, name, err := codes(ctx, lists, k.Reference, i)
		if err != nil {
			return err
		}
		c.cells = append(c.cells, cellRule{place[k.Fields[0]], "foreign-key", name, false, func(cell []byte) bool { return has(string(cell)) }})
	}
	return nil
}

// codes asks for the list of foreign key i; *Error where there is none.
func codes(ctx context.Context, lists Lists, r Reference, i int) (func(string) bool, string, error) {
	if lists == nil {
		return nil, "", &Error{fmt.Sprintf("/foreignKeys/%d/reference/resource", i), "lists of codes cannot be asked here"}
	}
	has, name, err := lists.Codes(ctx, r)
	var unknown Unknown
	if errors.As(err, &unknown) {
		return nil, "", &Error{fmt.Sprintf("/foreignKeys/%d/reference", i), unknown.Error()}
	}
	return has, name, err
}

// Known says whether every list that the schema names is there: *Error.
func (s *Schema) Known(ctx context.Context, lists Lists) error {
	for i, k := range s.ForeignKeys {
		if _, _, err := codes(ctx, lists, k.Reference, i); err != nil {
			return err
		}
	}
	return nil
}

func (c *checking) constraints(f Field, j int) {
	rule := func(code, wanted string, null bool, ok func([]byte) bool) {
		c.cells = append(c.cells, cellRule{j, code, wanted, null, ok})
	}
	k := f.Constraints
	number := isNumber(c.schema.Field(j).Type)
	if k.Required {
		rule("required", "a value", true, nil)
	}
	if len(k.Enum) > 0 {
		words := make(map[string]bool)
		for _, e := range k.Enum {
			words[e] = true
		}
		rule("enum", "one of the values named", false, func(cell []byte) bool {
			if words[string(cell)] {
				return true
			}
			return number && slices.ContainsFunc(k.Enum, func(e string) bool { return compare(cell, []byte(e), true) == 0 })
		})
	}
	if k.pattern != nil {
		rule("pattern", "the pattern", false, k.pattern.Match)
	}
	if k.Minimum != "" {
		rule("minimum", "the minimum or more", false, func(cell []byte) bool { return compare(cell, []byte(k.Minimum), number) >= 0 })
	}
	if k.Maximum != "" {
		rule("maximum", "the maximum or less", false, func(cell []byte) bool { return compare(cell, []byte(k.Maximum), number) <= 0 })
	}
	if k.Above != "" {
		rule("exclusive-minimum", "more than the minimum", false, func(cell []byte) bool { return compare(cell, []byte(k.Above), number) > 0 })
	}
	if k.Below != "" {
		rule("exclusive-maximum", "less than the maximum", false, func(cell []byte) bool { return compare(cell, []byte(k.Below), number) < 0 })
	}
	if n := k.MinLength; n != nil {
		rule("min-length", fmt.Sprintf("%d characters or more", *n), false, func(cell []byte) bool { return utf8.RuneCount(cell) >= *n })
	}
	if n := k.MaxLength; n != nil {
		rule("max-length", fmt.Sprintf("%d characters or less", *n), false, func(cell []byte) bool { return utf8.RuneCount(cell) <= *n })
	}
}

func isNumber(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		return true
	}
	return false
}

// read is one reading of the table. Cells are asked in the first; of the keys
// those whose hash falls into the part.
func (c *checking) read(ctx context.Context, t privacy.Table, part, parts int) error {
	for i := range c.keys {
		c.keys[i].seen = make(map[[16]byte]struct{})
	}
	r, err := t.Rows(ctx)
	if err != nil {
		return err
	}
	defer r.Release()
	row := int64(0)
	var cell, key []byte
	for r.Next() {
		rec := r.Record()
		for _, rule := range c.cells {
			if part > 0 {
				break
			}
			col := rec.Column(rule.column)
			name := rec.Schema().Field(rule.column).Name
			for i := range int(rec.NumRows()) {
				if col.IsNull(i) {
					if rule.null {
						c.breach(rule.code, name, rule.wanted, row+int64(i)+1)
					}
					continue
				}
				if rule.ok == nil {
					continue
				}
				if cell = privacy.AppendCell(cell[:0], col, i); !rule.ok(cell) {
					c.breach(rule.code, name, rule.wanted, row+int64(i)+1)
				}
			}
		}
		for k := range c.keys {
			rule := &c.keys[k]
		next:
			for i := range int(rec.NumRows()) {
				key = key[:0]
				for _, j := range rule.columns {
					col := rec.Column(j)
					if col.IsNull(i) {
						if rule.nulls && part == 0 {
							c.breach(rule.code, c.names(rule), "no empty cell in the key", row+int64(i)+1)
						}
						continue next
					}
					cell = privacy.AppendCell(cell[:0], col, i)
					key = binary.AppendUvarint(key, uint64(len(cell)))
					key = append(key, cell...)
				}
				var h [16]byte
				binary.LittleEndian.PutUint64(h[:], maphash.Bytes(c.seed[0], key))
				binary.LittleEndian.PutUint64(h[8:], maphash.Bytes(c.seed[1], key))
				if parts > 1 && binary.LittleEndian.Uint64(h[:])%uint64(parts) != uint64(part) {
					continue
				}
				if _, met := rule.seen[h]; met {
					c.breach(rule.code, c.names(rule), "no value twice", row+int64(i)+1)
				}
				rule.seen[h] = struct{}{}
			}
		}
		row += rec.NumRows()
	}
	return r.Err()
}

func (c *checking) names(k *keyRule) string {
	out := make([]string, len(k.columns))
	for i, j := range k.columns {
		out[i] = c.schema.Field(j).Name
	}
	return strings.Join(out, ", ")
}

// compare orders two canonical values: numbers by their size however they are
// written, and everything else, dates among it, by its characters.
func compare(a, b []byte, number bool) int {
	if !number {
		return bytes.Compare(a, b)
	}
	na, da := cut(a)
	nb, db := cut(b)
	negA, negB := bytes.HasPrefix(na, []byte{'-'}), bytes.HasPrefix(nb, []byte{'-'})
	if negA {
		na = na[1:]
	}
	if negB {
		nb = nb[1:]
	}
	na, nb = bytes.TrimLeft(na, "0"), bytes.TrimLeft(nb, "0")
	da, db = bytes.TrimRight(da, "0"), bytes.TrimRight(db, "0")
	zeroA, zeroB := len(na)+len(da) == 0, len(nb)+len(db) == 0
	signA, signB := sign(negA, zeroA), sign(negB, zeroB)
	if signA != signB || signA == 0 {
		return signA - signB
	}
	size := len(na) - len(nb)
	if size == 0 {
		size = bytes.Compare(na, nb)
	}
	if size == 0 {
		size = bytes.Compare(da, db)
	}
	return size * signA
}

func sign(negative, zero bool) int {
	switch {
	case zero:
		return 0
	case negative:
		return -1
	}
	return 1
}

// cut parts a number at its point. One with an exponent is written out first.
func cut(b []byte) (whole, rest []byte) {
	if bytes.ContainsAny(b, "eE") {
		b = plainNumber(b)
	}
	whole, rest, _ = bytes.Cut(b, []byte{'.'})
	return whole, rest
}
