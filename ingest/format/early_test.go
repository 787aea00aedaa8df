package format

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/go-cmp/cmp"
)

// kept is an Early that writes the rows down.
type kept struct {
	rows    []string
	begun   int
	dropped int
}

func (k *kept) Begin(*arrow.Schema)    { k.begun++; k.rows = nil }
func (k *kept) Drop()                  { k.dropped++; k.rows = nil }
func (k *kept) Batch(rec arrow.Record) { k.rows = append(k.rows, rowsAsText(rec)...) }

func rowsAsText(rec arrow.Record) (out []string) {
	for i := range int(rec.NumRows()) {
		var b strings.Builder
		for _, c := range rec.Columns() {
			if c.IsNull(i) {
				b.WriteString("\x00|")
				continue
			}
			switch c := c.(type) {
			case *array.Decimal128: // the precision may be another
				v := c.Value(i)
				fmt.Fprintf(&b, "%d %d|", v.HighBits(), v.LowBits())
			default:
				b.WriteString(c.ValueStr(i) + "|")
			}
		}
		out = append(out, b.String())
	}
	return out
}

// crewOf reads with so many workers and rows a block.
func crewOf(t testing.TB, n, rows int) {
	oldWorkers, oldRows := workers, blockRows
	workers, blockRows = func() int { return n }, rows
	t.Cleanup(func() { workers, blockRows = oldWorkers, oldRows })
}

func allRows(t testing.TB, f *File) (out [][]string) {
	for _, tab := range f.Tables {
		r, err := tab.Rows(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for r.Next() {
			rows = append(rows, rowsAsText(r.Record())...)
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		r.Release()
		out = append(out, rows)
	}
	return out
}

// sameAlone reads a file by one goroutine and by several with blocks of odd
// sizes: report and rows are the same, and rows that were given early are those
// of the second pass.
func sameAlone(t testing.TB, r *rand.Rand, name string, data []byte, o Options) (early bool) {
	open := func() (*File, error) {
		return Open(context.Background(), bytes.NewReader(data), int64(len(data)), name, o)
	}
	crewOf(t, 1, 1024)
	alone, errAlone := open()
	crewOf(t, 2+r.IntN(4), 1+r.IntN(40))
	var k kept
	o.Early = &k
	many, errMany := open()
	if fmt.Sprint(errAlone) != fmt.Sprint(errMany) {
		t.Fatalf("%s: alone %v, with others %v", name, errAlone, errMany)
	}
	if errAlone != nil {
		return false
	}
	if d := cmp.Diff(alone.Report, many.Report); d != "" {
		t.Fatalf("%s: report (-alone +with others)\n%s", name, d)
	}
	want := allRows(t, alone)
	if d := cmp.Diff(want, allRows(t, many)); d != "" {
		t.Fatalf("%s: rows (-alone +with others)\n%s", name, d)
	}
	switch {
	case many.Early:
		if d := cmp.Diff(want[0], k.rows); d != "" {
			t.Fatalf("%s: rows (-second pass +first pass)\n%s", name, d)
		}
	case k.begun != k.dropped:
		t.Fatalf("%s: begun %d times, dropped %d times, and not kept", name, k.begun, k.dropped)
	}
	return many.Early
}

func TestCrewReadsAsOneDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	files, early := 0, 0
	for _, pattern := range []string{"real/*", "demo/*", "made-vn/*", "bad/csv-spectrum/csvs/*"} {
		names, _ := filepath.Glob(filepath.Join(shared(t, "."), pattern))
		for _, name := range names {
			st, err := os.Stat(name)
			if err != nil || st.IsDir() || st.Size() > 1<<20 {
				continue
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files++
			if sameAlone(t, r, filepath.Base(name), data, Options{Locale: "vi"}) {
				early++
			}
		}
	}
	t.Logf("%d files, %d of them read in one pass", files, early)
	if early*3 < files {
		t.Errorf("only %d of %d files were read in one pass", early, files)
	}
}

// What comes late in a file undoes what its beginning promised.
func TestEarlyRowsAreDropped(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	long := func(last string) string {
		var b strings.Builder
		b.WriteString("so,ten,ngay,tien\n")
		for i := range 60_000 {
			fmt.Fprintf(&b, "%d,xã %d,%d/%d/2024,\"%d,5\"\n", i, i%7, i%28+1, i%12+1, i)
		}
		// Not the last rows: samples are taken there.
		b.WriteString(last)
		for i := range 9_000 {
			fmt.Fprintf(&b, "%d,xã %d,%d/%d/2024,\"%d,5\"\n", i, i%7, i%28+1, i%12+1, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		last  string
		early bool
	}{
		"as foreseen":         {"7,xã,3/4/2024,\"1,5\"\n", true},
		"nulls":               {",,,\n", true},
		"more digits":         {"7,xã,3/4/2024,\"123456789,5\"\n", true}, // the precision only
		"text in a number":    {"bảy,xã,3/4/2024,\"1,5\"\n", false},
		"a longer fraction":   {"7,xã,3/4/2024,\"1,55\"\n", false},
		"beyond int64":        {"92233720368547758070,xã,3/4/2024,\"1,5\"\n", false},
		"a leading zero":      {"007,xã,3/4/2024,\"1,5\"\n", false},
		"another date format": {"7,xã,2024-04-03,\"1,5\"\n", false},
		"a short row":         {"7,xã,3/4/2024\n", true}, // given again when it is known what such a row must fit
		"another table":       {"\n\nma,loai,noi,ghi chu\n" + strings.Repeat("A,x,y,z\n", 30) + "\n\n", false},
	} {
		if got := sameAlone(t, r, name, []byte(long(c.last)), Options{Locale: "vi"}); got != c.early {
			t.Errorf("%s: early %v, want %v", name, got, c.early)
		}
	}
}

// A worker's panic is the reader's: it must not end the process past the
// recovery around the reader.
func TestCrewPanicIsTheCallers(t *testing.T) {
	crewOf(t, 3, 2)
	w := newCrew(4)
	defer func() {
		w.stop()
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	w.early = &early{columns: make([]converter, 4)} // without builders
	for i := range int64(100) {
		w.row(make([]cell, 4), i+1, i+1)
	}
	w.wait()
}

func FuzzCrewReadsAsOneDoes(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n3,\n\"x\"\"\ny\",4\n"), uint64(1))
	f.Add([]byte("a;b\r\n1,5;2\r\r\n\r\n;\r\nTổng;3\r\n"), uint64(2))
	f.Add([]byte("so\n1\n\n2\n\n\nNguồn: x\n"), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		if len(data) < 64<<10 {
			sameAlone(t, rand.New(rand.NewPCG(seed, 0)), "x.csv", data, Options{})
		}
	})
}
