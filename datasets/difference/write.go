package difference

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"

	"daylight/datasets"
)

// columns of the CSV that stand before those of the table; a hyphen is in no
// column's key.
const csvHead = "row-change,row-count,changed-columns"

// WriteCSV writes rows as a table, in the CSV of published files. A changed row
// is two lines, "before" and "after". The columns are those of the later table,
// then those that were removed; a cell of a column that its table does not have
// is null.
func (d *Difference) WriteCSV(w io.Writer, rows iter.Seq2[Row, error]) error {
	was := match(d.before.Info.Columns, d.after.Info.Columns) // place of a later column in the earlier table
	is := make([]int, len(was))                               // place in the later table of each column of the CSV; -1: none
	line := []byte(csvHead)
	for j, c := range d.after.Info.Columns {
		is[j] = j
		line = datasets.AppendCSV(append(line, ','), []byte(c.Key))
	}
	for _, c := range d.Columns.Removed {
		is = append(is, -1)
		was = append(was, d.placeBefore(c.Key))
		line = datasets.AppendCSV(append(line, ','), []byte(c.Key))
	}
	out := bufio.NewWriterSize(w, 64<<10)
	write := func(change string, r Row, cells []Cell, place []int) error {
		_, err := out.Write(append(line, '\n'))
		line = append(append(line[:0], change...), ',')
		line = append(strconv.AppendInt(line, r.N, 10), ',')
		if r.Changed != nil {
			line = datasets.AppendCSV(line, []byte(strings.Join(d.keys(r.Changed), " ")))
		}
		for _, i := range place {
			line = append(line, ',')
			if i >= 0 && !cells[i].Null {
				line = datasets.AppendCSV(line, []byte(cells[i].Text))
			}
		}
		return err
	}
	for r, err := range rows {
		if err != nil {
			return err
		}
		switch r.Kind {
		case RowChanged:
			err = errors.Join(write("before", r, r.Before, was), write("after", r, r.After, is))
		case RowRemoved:
			err = write(r.Kind, r, r.Before, was)
		case RowAdded:
			err = write(r.Kind, r, r.After, is)
		}
		if err != nil {
			return err
		}
	}
	_, err := out.Write(append(line, '\n'))
	return errors.Join(err, out.Flush())
}

func (d *Difference) placeBefore(key string) int {
	for i, c := range d.before.Info.Columns {
		if c.Key == key {
			return i
		}
	}
	return -1
}

// keys are those of columns of the later table.
func (d *Difference) keys(columns []int) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = d.after.Info.Columns[c].Key
	}
	return out
}

// WriteLines writes rows as JSON Lines: an object a row, with its cells before
// and after by the keys of their columns.
func (d *Difference) WriteLines(w io.Writer, rows iter.Seq2[Row, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	for r, err := range rows {
		if err != nil {
			return err
		}
		line = append(d.appendRow(line[:0], r), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// WriteJSON writes one object: the members of about, which is an object that is
// not empty, and "rows".
func (d *Difference) WriteJSON(w io.Writer, about any, rows iter.Seq2[Row, error]) error {
	head, err := json.Marshal(about)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	out.Write(head[:len(head)-1])
	out.WriteString(`,"rows":[`)
	line := []byte("\n")
	for r, err := range rows {
		if err != nil {
			return err
		}
		line = d.appendRow(line, r)
		if _, err := out.Write(line); err != nil {
			return err
		}
		line = append(line[:0], ",\n"...)
	}
	out.WriteString("\n]}\n")
	return out.Flush()
}

func (d *Difference) appendRow(dst []byte, r Row) []byte {
	dst = append(append(append(dst, `{"change":"`...), r.Kind...), '"')
	if r.Kind != RowChanged {
		dst = strconv.AppendInt(append(dst, `,"n":`...), r.N, 10)
	} else {
		dst = append(dst, `,"columns":[`...)
		for i, key := range d.keys(r.Changed) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = datasets.AppendJSON(dst, []byte(key))
		}
		dst = append(dst, ']')
	}
	if r.Before != nil {
		dst = appendCells(append(dst, `,"before":`...), d.before.Info.Columns, r.Before)
	}
	if r.After != nil {
		dst = appendCells(append(dst, `,"after":`...), d.after.Info.Columns, r.After)
	}
	return append(dst, '}')
}

func appendCells(dst []byte, columns []datasets.Column, cells []Cell) []byte {
	dst = append(dst, '{')
	for i, cell := range cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(datasets.AppendJSON(dst, []byte(columns[i].Key)), ':')
		switch {
		case cell.Null:
			dst = append(dst, "null"...)
		case bare(columns[i].Type, cell.Text):
			dst = append(dst, cell.Text...)
		default:
			dst = datasets.AppendJSON(dst, []byte(cell.Text))
		}
	}
	return append(dst, '}')
}

// bare says whether a cell is a number or a truth value of JSON, as in the
// published GeoJSON: an integer that a float64 does not hold exactly is text,
// and so are NaN and infinities.
func bare(kind, text string) bool {
	switch kind {
	case "boolean":
		return true
	case "integer", "decimal":
		const exact = 1 << 53
		if strings.Contains(text, ".") {
			return true
		}
		n, err := strconv.ParseInt(text, 10, 64)
		return err == nil && n <= exact && n >= -exact
	case "float":
		v, err := strconv.ParseFloat(text, 64)
		return err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return false
}

// name is what is told of a column: its statistics are each release's own.
type name struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Type  string `json:"type"`
	Unit  string `json:"unit,omitempty"`
	CRS   string `json:"crs,omitempty"`
}

// MarshalJSON tells columns by name, type and unit.
func (c Columns) MarshalJSON() ([]byte, error) {
	type pair struct {
		Before name `json:"before"`
		After  name `json:"after"`
	}
	short := func(c datasets.Column) name { return name{c.Key, c.Label, c.Type, c.Unit, c.CRS} }
	names := func(list []datasets.Column) []name {
		out := make([]name, len(list))
		for i, c := range list {
			out[i] = short(c)
		}
		return out
	}
	pairs := func(list []Pair) []pair {
		out := make([]pair, len(list))
		for i, p := range list {
			out[i] = pair{short(p.Before), short(p.After)}
		}
		return out
	}
	return json.Marshal(struct {
		Added   []name `json:"added"`
		Removed []name `json:"removed"`
		Renamed []pair `json:"renamed"`
		Retyped []pair `json:"retyped"`
	}{names(c.Added), names(c.Removed), pairs(c.Renamed), pairs(c.Retyped)})
}
