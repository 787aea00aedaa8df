package format

import (
	"bufio"
	"context"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/text/unicode/norm"

	"daylight/privacy"
)

// WriteTable writes a table for the sender's own eyes: UTF-8, comma, `"`
// doubled, LF. Typed are the canonical values (null unquoted and empty, empty
// text `""`); otherwise the decoded cells as they stand. A table without
// header is written without one. Columns and their order are the same in both.
func WriteTable(w io.Writer, t Table, typed bool) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if h := t.Header(); h != nil {
		for i, label := range h {
			if i > 0 {
				b.WriteByte(',')
			}
			if typed {
				label = norm.NFC.String(label) // as the text of the cells is
			}
			writeCell(b, []byte(label))
		}
		b.WriteByte('\n')
	}
	var err error
	if typed {
		err = writeTyped(b, t)
	} else {
		err = writeRaw(b, t)
	}
	if err != nil {
		return err
	}
	return b.Flush()
}

func writeRaw(b *bufio.Writer, t Table) error {
	for cells, err := range t.RawRows(context.Background()) {
		if err != nil {
			return err
		}
		for i, c := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			writeCell(b, c)
		}
		if err := b.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

func writeTyped(b *bufio.Writer, t Table) error {
	rows, err := t.Rows(context.Background())
	if err != nil {
		return err
	}
	defer rows.Release()
	var cell []byte
	for rows.Next() {
		rec := rows.Record()
		text := make([]bool, rec.NumCols())
		for j := range text {
			text[j] = rec.Schema().Field(j).Type.ID() == arrow.STRING
		}
		for i := range int(rec.NumRows()) {
			for j, col := range rec.Columns() {
				if j > 0 {
					b.WriteByte(',')
				}
				if col.IsNull(i) {
					continue
				}
				cell = privacy.AppendCell(cell[:0], col, i)
				if text[j] && len(cell) == 0 {
					b.WriteString(`""`)
					continue
				}
				writeCell(b, cell)
			}
			if err := b.WriteByte('\n'); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

func writeCell(b *bufio.Writer, c []byte) {
	if !slices.ContainsFunc(c, func(x byte) bool { return x == ',' || x == '"' || x == '\n' || x == '\r' }) {
		b.Write(c)
		return
	}
	b.WriteByte('"')
	for _, x := range c {
		if x == '"' {
			b.WriteByte('"')
		}
		b.WriteByte(x)
	}
	b.WriteByte('"')
}
