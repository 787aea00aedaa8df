package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gocarina/gocsv"
)

// Limits of a table that is taken in.
const (
	MaxBytes = 16 << 20
	MaxRows  = 5_000
)

// A FileError says why a file is not an inventory. It holds no cell of it.
type FileError struct {
	Code   string // stable, for translation
	Row    int    // of the spreadsheet, from 1; 0: not about one
	Column int    // from 1; 0: not about one
	Detail string // English, what to do
}

func (e *FileError) Error() string { return "inventory: " + e.Detail }

func bad(code string, row, col int, detail string) error { return &FileError{code, row, col, detail} }

// A Table is a file that came back: its rows, and which columns it has.
type Table struct {
	rows  []Row
	at    []int // row of the spreadsheet of each, from 1
	has   map[string]bool
	short map[int]bool // rows with fewer or more cells than the header, by index
}

// Read reads a table as spreadsheets save it: UTF-8 with or without a mark, or
// UTF-16; commas, semicolons or tabs; any order of columns. A column that
// there is none of is an error, so that no spelling mistake is taken for
// silence. The error is a *FileError.
func Read(raw []byte) (*Table, error) {
	if len(raw) > MaxBytes {
		return nil, bad("too-large", 0, 0, fmt.Sprintf("the file is larger than %d MiB: send it in parts", MaxBytes>>20))
	}
	text, err := decode(raw)
	if err != nil {
		return nil, err
	}
	comma := ','
	if rest, found := bytes.CutPrefix(text, []byte("sep=")); found && len(rest) > 1 && strings.ContainsRune(",;\t", rune(rest[0])) {
		comma = rune(rest[0]) // Excel's own line
		if _, text, found = bytes.Cut(rest, []byte("\n")); !found {
			text = nil
		}
	} else {
		comma = delimiter(text)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, false
	t := &Table{has: map[string]bool{}, short: map[int]bool{}}
	var header []string
	var records [][]string
	for n := 1; ; n++ {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, bad("not-csv", n, 0, "the quotation marks of this row do not close: save the file from a spreadsheet again")
		}
		if header == nil {
			if header, err = names(rec); err != nil {
				return nil, err
			}
			for _, name := range header {
				t.has[name] = true
			}
			records = append(records, header)
			continue
		}
		if !slices.ContainsFunc(rec, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue
		}
		for len(rec) > len(header) && rec[len(rec)-1] == "" {
			rec = rec[:len(rec)-1]
		}
		if len(rec) != len(header) {
			t.short[len(t.at)] = true
			rec = append(rec, make([]string, len(header))...)[:len(header)]
		}
		for i := range rec {
			rec[i] = released(strings.TrimSpace(rec[i]))
		}
		t.at = append(t.at, n)
		records = append(records, rec)
		if len(t.at) > MaxRows {
			return nil, bad("too-many-rows", n, 0, fmt.Sprintf("the table has more than %d rows: send it in parts", MaxRows))
		}
	}
	if header == nil {
		return nil, bad("empty", 0, 0, "the file is empty")
	}
	if !t.has["id"] && !t.has["slug"] {
		return nil, bad("no-key", 1, 0, "a column id or slug says which dataset a row is about")
	}
	if len(t.at) == 0 {
		return t, nil
	}
	if err := gocsv.UnmarshalCSV(&cells{records: records}, &t.rows); err != nil {
		return nil, bad("not-csv", 0, 0, "the table cannot be read: save the file from a spreadsheet again")
	}
	return t, nil
}

// decode gives the text in UTF-8.
func decode(raw []byte) ([]byte, error) {
	wide := func(raw []byte, first, second int) ([]byte, error) {
		if len(raw)%2 != 0 {
			return nil, bad("encoding", 0, 0, "the file is cut off")
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i+first]) | uint16(raw[2*i+second])<<8
		}
		return []byte(string(utf16.Decode(units))), nil
	}
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return wide(raw[2:], 0, 1)
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return wide(raw[2:], 1, 0)
	}
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return nil, bad("encoding", 0, 0, "the file is not in UTF-8, so Vietnamese letters would be guessed: in Excel choose “CSV UTF-8 (Comma delimited)”")
	}
	return raw, nil
}

// delimiter is the one that makes most of the header's names.
func delimiter(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', -1
	for _, c := range ",;\t" {
		known := 0
		for _, name := range strings.Split(string(line), string(c)) {
			if slices.Contains(Columns(), clean(name)) {
				known++
			}
		}
		if known > most {
			best, most = c, known
		}
	}
	return best
}

func clean(name string) string {
	return strings.ToLower(strings.TrimSpace(strings.Trim(strings.TrimSpace(name), `"`)))
}

// names checks the header.
func names(rec []string) ([]string, error) {
	for len(rec) > 0 && strings.TrimSpace(rec[len(rec)-1]) == "" {
		rec = rec[:len(rec)-1]
	}
	out := make([]string, len(rec))
	for i, name := range rec {
		out[i] = clean(name)
		if !slices.Contains(Columns(), out[i]) {
			return nil, bad("unknown-column", 1, i+1, "there is no such column: see the columns of the inventory that you fetched")
		}
		if slices.Contains(out[:i], out[i]) {
			return nil, bad("column-twice", 1, i+1, "this column stands in the header twice")
		}
	}
	return out, nil
}

// released takes away the apostrophe that ?excel=1 put before a cell which a
// spreadsheet would have calculated.
func released(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@\t\r", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// cells are records as gocsv reads them.
type cells struct {
	records [][]string
	next    int
}

func (c *cells) Read() ([]string, error) {
	if c.next == len(c.records) {
		return nil, io.EOF
	}
	c.next++
	return c.records[c.next-1], nil
}

func (c *cells) ReadAll() ([][]string, error) { return c.records[c.next:], nil }
