package privacy

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// loaded is a table in memory, for tests: whole numbers as int64, the rest text.
type loaded struct {
	schema *arrow.Schema
	recs   []arrow.Record
}

func (l *loaded) Schema() *arrow.Schema { return l.schema }
func (l *loaded) Rows(context.Context) (array.RecordReader, error) {
	return array.NewRecordReader(l.schema, l.recs)
}

// load reads a CSV with a header line; ints makes columns of whole numbers
// int64, as ingest does, else all is text, as the gates read it back.
func load(tb testing.TB, data []byte, comma rune, ints bool) *loaded {
	tb.Helper()
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
	head, err := r.Read()
	if err != nil {
		tb.Fatal(err)
	}
	head = append([]string(nil), head...)
	cols := make([][]string, len(head))
	for {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		for i := range cols {
			v := ""
			if i < len(rec) {
				v = strings.Clone(rec[i])
			}
			cols[i] = append(cols[i], v)
		}
	}
	return table(head, cols, ints)
}

func table(head []string, cols [][]string, ints bool) *loaded {
	var fields []arrow.Field
	var arrays []arrow.Array
	n := 0
	for i, name := range head {
		whole := ints
		for _, v := range cols[i] {
			if v != "" && (v[0] == '0' && len(v) > 1 || !integer(v)) {
				whole = false
				break
			}
		}
		n = len(cols[i])
		if whole {
			b := array.NewInt64Builder(memory.DefaultAllocator)
			for _, v := range cols[i] {
				if x, err := strconv.ParseInt(v, 10, 64); err == nil {
					b.Append(x)
				} else {
					b.AppendNull()
				}
			}
			fields, arrays = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64, Nullable: true}), append(arrays, b.NewArray())
			continue
		}
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, v := range cols[i] {
			if v == "" {
				b.AppendNull()
			} else {
				b.Append(v)
			}
		}
		fields, arrays = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}), append(arrays, b.NewArray())
	}
	schema := arrow.NewSchema(fields, nil)
	rec := array.NewRecord(schema, arrays, int64(n))
	return &loaded{schema, []arrow.Record{rec}}
}

func integer(v string) bool {
	_, err := strconv.ParseInt(v, 10, 64)
	return err == nil && v[0] != '+' && !strings.HasPrefix(v, "-0")
}

// shared finds the test data that stands beside the repository.
func shared(tb testing.TB, path string) string {
	tb.Helper()
	p := filepath.Join("..", "..", "shared", filepath.FromSlash(path))
	if _, err := os.Stat(p); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			tb.Fatalf("%s is not there, and DAYLIGHT_REQUIRE=1", p)
		}
		tb.Skipf("SKIPPED: the shared test data is not there (%s); set DAYLIGHT_REQUIRE=1 to make this a failure", p)
	}
	return p
}

// readText reads a file as UTF-8, from UTF-16LE or Latin-1 where it is that.
func readText(tb testing.TB, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if bytes.HasPrefix(b, []byte{0xFF, 0xFE}) {
		var u []uint16
		for i := 2; i+1 < len(b); i += 2 {
			u = append(u, uint16(b[i])|uint16(b[i+1])<<8)
		}
		return []byte(string(utf16.Decode(u)))
	}
	b = bytes.TrimPrefix(b, []byte{0xEF, 0xBB, 0xBF})
	if !utf8.Valid(b) {
		var out []byte
		for _, c := range b {
			out = utf8.AppendRune(out, rune(c))
		}
		return out
	}
	return b
}

func commaOf(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	if bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
		return ';'
	}
	return ','
}
