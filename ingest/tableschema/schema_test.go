package tableschema

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func TestParseErrors(t *testing.T) {
	for text, where := range map[string]string{
		`{`:                                      "/: it is not JSON",
		`[]`:                                     "/: an object is wanted",
		`{"fields":[]}`:                          "/fields: a schema needs",
		`{"fields":[{"type":"x"}]}`:              "/fields/0/name: a field needs a name",
		`{"fields":[{"name":"a"},{"name":"a"}]}`: "/fields/1/name: another field",
		`{"fields":[{"name":"a","type":"money"}]}`:                                              "/fields/0/type: this type",
		`{"fields":[{"name":"a","constraints":{"pattern":"(?=x)"}}]}`:                           "/fields/0/constraints/pattern: the pattern",
		`{"fields":[{"name":"a","constraints":{"maxLength":-1}}]}`:                              "/fields/0/constraints/maxLength: a whole number",
		`{"fields":[{"name":"a"}],"primaryKey":["b"]}`:                                          "/primaryKey/0: no field",
		`{"fields":[{"name":"a"}],"foreignKeys":[{"fields":"a","reference":{"resource":"x"}}]}`: "/foreignKeys/0/reference/fields: as many",
		`{"fields":[{"name":"a"}]} x`:                                                           "/: something follows",
	} {
		_, err := Parse([]byte(text))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: got %v, want %s", text, err, where)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"10", "9", 1}, {"-10", "9", -1}, {"-10", "-9", -1}, {"1.50", "1.5", 0}, {"0", "-0.00", 0}, {"007", "7", 0}, {"12345678901234567890.1", "12345678901234567890.09", 1},
		{"1e3", "999.5", 1}, {"1e-3", "0.001", 0}, {"0.1", "0.09", 1}} {
		got := compare([]byte(c.a), []byte(c.b), true)
		if got > 0 && c.want <= 0 || got < 0 && c.want >= 0 || got == 0 && c.want != 0 {
			t.Errorf("%s against %s: %d", c.a, c.b, got)
		}
	}
}

// oneColumn is a table of one column of text.
type oneColumn []string

func (o oneColumn) Schema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
}

func (o oneColumn) Rows(context.Context) (array.RecordReader, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, o.Schema())
	defer b.Release()
	for _, s := range o {
		b.Field(0).(*array.StringBuilder).Append(s)
	}
	return array.NewRecordReader(o.Schema(), []arrow.Record{b.NewRecord()})
}

// However often a table must be read for its keys, each value that comes twice
// is told once for each time it comes again.
func TestKeysInParts(t *testing.T) {
	s, err := Parse([]byte(`{"fields":[{"name":"a","constraints":{"unique":true,"maxLength":1}}],"primaryKey":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	table := oneColumn{"x", "y", "x", "zz", "x", "y"}
	for _, rows := range []int64{6, 3 * keysAtOnce} { // one reading; seven
		found, err := s.Check(t.Context(), table, rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int64{}
		for _, b := range found {
			counts[b.Code] += b.Count
		}
		if counts["unique"] != 3 || counts["primary-key"] != 3 || counts["max-length"] != 1 {
			t.Errorf("%d rows: %v", rows, counts)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"fields":[{"name":"a","type":"date","format":"%d/%m/%Y","constraints":{"enum":[1,"x"],"minimum":2}}],"missingValues":[{"value":"-"}],"primaryKey":"a"}`)
	f.Add(`{"fields":[{"name":"a"}],"foreignKeys":[{"fields":["a"],"reference":{"resource":"codes/x","fields":["code"]}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse([]byte(text))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			return
		}
		s.Reading(nil)
		if _, err := s.Check(t.Context(), oneColumn{"1", "x", ""}, 3, nil); err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
		}
	})
}
