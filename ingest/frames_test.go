package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/privacy/geometry"
)

// memFile keeps a spool in memory.
type memFile struct{ b []byte }

func (m *memFile) WriteAt(p []byte, off int64) (int, error) {
	if int64(len(m.b)) != off {
		return 0, errors.New("not at the end")
	}
	m.b = append(m.b, p...)
	return len(p), nil
}
func (m *memFile) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, m.b[off:])
	if n < len(p) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}
func (m *memFile) Close() error { return nil }

// everyType has a field of each type that may travel.
var everyType = arrow.NewSchema([]arrow.Field{
	{Name: "chu", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.NewMetadata([]string{privacy.MetaLabel}, []string{"Chữ"})},
	{Name: "so", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "le", Type: &arrow.Decimal128Type{Precision: 38, Scale: 3}, Nullable: true,
		Metadata: arrow.NewMetadata([]string{privacy.MetaLabel, privacy.MetaFormat, privacy.MetaUnit}, []string{"Lẻ", "1.234,5", "%"})},
	{Name: "f", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "ngay", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "luc", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	{Name: "luc_2", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "+07:00"}, Nullable: true},
	{Name: "cho", Type: arrow.BinaryTypes.Binary, Nullable: true, Metadata: arrow.NewMetadata([]string{privacy.MetaGeometry}, []string{privacy.CRS84})},
}, nil)

// wkb gives the WKB of a geometry written as WKT.
func wkb(wkt string) []byte {
	b, err := geometry.ParseWKT(nil, []byte(wkt))
	if err != nil {
		panic(err)
	}
	return b
}

// someRows fills every type; about one cell in nulls is null, none for 0.
func someRows(rows, nulls int, seed uint64) arrow.Record {
	r := rand.New(rand.NewPCG(seed, 1))
	b := array.NewRecordBuilder(memory.DefaultAllocator, everyType)
	places := []string{"POINT (105.8 21)", "LINESTRING Z (0 0 1, 1 1 2)", "POLYGON ((0 0, 1 0, 1 1, 0 0))"}
	words := []string{"", "Đồng Tháp", "a,\"b\"\n", "𝄞", strings.Repeat("dài ", 50)}
	for range rows {
		for i := range everyType.NumFields() {
			if nulls > 0 && r.IntN(nulls) == 0 {
				b.Field(i).AppendNull()
				continue
			}
			switch f := b.Field(i).(type) {
			case *array.StringBuilder:
				f.Append(words[r.IntN(len(words))])
			case *array.BinaryBuilder:
				f.Append(wkb(places[r.IntN(len(places))]))
			case *array.Int64Builder:
				f.Append(int64(r.Uint64()))
			case *array.Decimal128Builder:
				f.Append(decimal128.FromI64(int64(r.Uint64())))
			case *array.Float64Builder:
				f.Append(r.NormFloat64())
			case *array.BooleanBuilder:
				f.Append(r.IntN(2) == 0)
			case *array.Date32Builder:
				f.Append(arrow.Date32(r.IntN(40000) - 10000))
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(r.Int64N(2e15)))
			}
		}
	}
	return b.NewRecord()
}

// cells are the canonical texts of a table, null told from empty.
func cells(t *testing.T, tab privacy.Table) [][]string {
	t.Helper()
	r, err := tab.Rows(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	out := [][]string{}
	for r.Next() {
		rec := r.Record()
		for i := range int(rec.NumRows()) {
			row := make([]string, rec.NumCols())
			for j, c := range rec.Columns() {
				if row[j] = "NULL"; !c.IsNull(i) {
					row[j] = "=" + string(privacy.AppendCell(nil, c, i))
				}
			}
			out = append(out, row)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// memTable is a table in memory, as a format gives one.
type memTable struct {
	recs   []arrow.Record
	schema *arrow.Schema
	header []string
	raw    [][][]byte
}

func (m memTable) Name() string          { return "Bảng" }
func (m memTable) Header() []string      { return m.header }
func (m memTable) Schema() *arrow.Schema { return m.schema }
func (m memTable) Rows(context.Context) (array.RecordReader, error) {
	return array.NewRecordReader(m.schema, m.recs)
}
func (m memTable) RawRows(context.Context) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for _, r := range m.raw {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (m memTable) rows() (n int64) {
	for _, r := range m.recs {
		n += r.NumRows()
	}
	return n
}

func (m memTable) report() format.Report {
	t := format.TableReport{Name: "Bảng", DataRows: m.rows(), Columns: m.schema.NumFields(),
		Accounting: format.Accounting{Records: m.rows() + 1, Header: 1, Data: m.rows()}}
	for _, f := range m.schema.Fields() {
		t.Fields = append(t.Fields, format.Field{Key: f.Name})
	}
	return format.Report{Format: "csv", Tables: []format.TableReport{t}}
}

// stream is what an honest child answers.
func stream(t testing.TB, m memTable) []byte {
	t.Helper()
	var out bytes.Buffer
	a := &answer{w: bufio.NewWriter(&out)}
	ready, _ := json.Marshal(childReady{})
	a.frame(frameReady, ready)
	report, err := json.Marshal(m.report())
	if err != nil {
		t.Fatal(err)
	}
	a.frame(frameReport, report)
	if err := a.table(context.Background(), m, m.raw != nil, &earlyRows{a: a}); err != nil {
		t.Fatal(err)
	}
	a.number(frameEnd, 1)
	a.flush()
	if a.err != nil {
		t.Fatal(a.err)
	}
	return out.Bytes()
}

// earlyStream is what a child answers that dropped rows once, and then sent the
// table's before its report.
func earlyStream(t testing.TB, m memTable) []byte {
	t.Helper()
	var out bytes.Buffer
	a := &answer{w: bufio.NewWriter(&out)}
	ready, _ := json.Marshal(childReady{})
	a.frame(frameReady, ready)
	e := &earlyRows{a: a}
	for _, recs := range [][]arrow.Record{m.recs[:1], m.recs} {
		e.Begin(m.schema)
		for _, rec := range recs {
			e.Batch(rec)
		}
		if len(recs) < len(m.recs) {
			e.Drop()
		}
	}
	report, err := json.Marshal(m.report())
	if err != nil {
		t.Fatal(err)
	}
	a.frame(frameReport, report)
	if err := a.table(context.Background(), m, m.raw != nil, e); err != nil {
		t.Fatal(err)
	}
	a.number(frameEnd, 1)
	a.flush()
	if err := a.failed(); err != nil || !e.given() {
		t.Fatal(err, e.given())
	}
	return out.Bytes()
}

// Rows that came before the report are those that come after it.
func TestEarlyFramesAreTheTable(t *testing.T) {
	m := memTable{schema: everyType, recs: []arrow.Record{someRows(100, 3, 1), someRows(70, 0, 2).NewSlice(3, 60)}}
	late, err := receive(stream(t, m))
	if err != nil {
		t.Fatal(err)
	}
	early, err := receive(earlyStream(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(cells(t, late.Tables[0]), cells(t, early.Tables[0])); d != "" {
		t.Errorf("(-after the report +before it)\n%s", d)
	}
}

// A decimal with more digits than was foreseen is not sent: its column's type
// will be another.
func TestEarlyFramesDropLongerDecimals(t *testing.T) {
	s := arrow.NewSchema([]arrow.Field{{Name: "n", Type: &arrow.Decimal128Type{Precision: 4, Scale: 1}, Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	b.Field(0).(*array.Decimal128Builder).Append(decimal128.FromI64(12345))
	var out bytes.Buffer
	e := &earlyRows{a: &answer{w: bufio.NewWriter(&out)}}
	e.Begin(s)
	e.Batch(b.NewRecord())
	e.a.flush()
	if frames := split(t, out.Bytes()); e.given() || frames[frameBatch] != nil || frames[frameDrop] == nil {
		t.Error("the batch was sent")
	}
}

func receive(b []byte) (*Parsed, error) {
	r := &receiver{spool: &spool{file: &memFile{}, max: 1 << 30}}
	return r.run(bytes.NewReader(b))
}

func TestFramesCarryEveryType(t *testing.T) {
	full := someRows(500, 5, 1)
	m := memTable{schema: everyType, header: []string{"Chữ", "Số", "Lẻ", "f", "b", "ngày", "lúc", "lúc", "chỗ"},
		recs: []arrow.Record{full, full.NewSlice(3, 3), full.NewSlice(13, 201), someRows(9, 0, 2), someRows(17, 1, 3)},
		raw:  [][][]byte{{[]byte("a"), nil, []byte("đ")}, {}, {[]byte("1")}}}
	p, err := receive(stream(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Tables) != 1 {
		t.Fatalf("%d tables, want 1", len(p.Tables))
	}
	got := p.Tables[0]
	if !got.Schema().Equal(everyType) {
		t.Errorf("schema = %v", got.Schema())
	}
	if diff := cmp.Diff(m.header, got.Header()); diff != "" {
		t.Errorf("header: %s", diff)
	}
	want := cells(t, m)
	for pass := range 2 { // it can be read again
		if diff := cmp.Diff(want, cells(t, got)); diff != "" {
			t.Errorf("pass %d: %s", pass, diff)
		}
	}
	var raw [][]string
	for row, err := range got.RawRows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		cells := []string{}
		for _, c := range row {
			cells = append(cells, string(c))
		}
		raw = append(raw, cells)
	}
	if diff := cmp.Diff([][]string{{"a", "", "đ"}, {}, {"1"}}, raw); diff != "" {
		t.Errorf("raw rows: %s", diff)
	}
}

// A batch beyond a frame is cut, not refused: agencies have wide rows.
func TestFramesCutBatches(t *testing.T) {
	s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for range 3 {
		b.Append(strings.Repeat("x", 30<<20))
	}
	col := b.NewArray()
	m := memTable{schema: s, recs: []arrow.Record{array.NewRecord(s, []arrow.Array{col}, 3)}}
	p, err := receive(stream(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Tables[0].(*spoolTable); got.rows != 3 || len(got.batches) < 2 {
		t.Errorf("%d rows in %d batches, want 3 in several", got.rows, len(got.batches))
	}
	// the size of a geometry is known before it is written, too
	shape := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
	shape.Append(make([]byte, 1000))
	shapes := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.Binary, Nullable: true}}, nil)
	if got := batchSize(array.NewRecord(shapes, []arrow.Array{shape.NewArray()}, 1)); got < 1000 {
		t.Errorf("a batch of 1000 bytes of geometry is said to take %d", got)
	}
	b.Append(strings.Repeat("x", maxFrame))
	one := array.NewRecord(s, []arrow.Array{b.NewArray()}, 1)
	a := &answer{w: bufio.NewWriter(io.Discard)}
	var ref *format.Refusal
	if err := a.batch(one, 6); !errors.As(err, &ref) || ref.Code != "too-large" || ref.Row != 7 {
		t.Errorf("a row beyond a frame: %v, want too-large at row 7", err)
	}
}

// lie changes the answer of an honest child in one way.
func TestReceiverRefusesLies(t *testing.T) {
	m := memTable{schema: everyType, recs: []arrow.Record{someRows(5, 3, 4)}}
	honest := stream(t, m)
	if _, err := receive(honest); err != nil {
		t.Fatal(err)
	}
	batch, err := appendBatch(nil, everyType, m.recs[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	bin := arrow.BinaryTypes.Binary
	one := func(f arrow.DataType, build func(b array.Builder)) []byte {
		s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: f, Nullable: true}}, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, s)
		build(b.Field(0))
		payload, err := appendBatch(nil, s, b.NewRecord(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	schemaOf := func(f arrow.DataType) *arrow.Schema {
		return arrow.NewSchema([]arrow.Field{{Name: "a", Type: f, Nullable: true}}, nil)
	}
	dec := &arrow.Decimal128Type{Precision: 3, Scale: 1}
	str := arrow.BinaryTypes.String
	text := one(str, func(b array.Builder) {
		for _, s := range []string{"ab", "đ", "c"} {
			b.(*array.StringBuilder).Append(s)
		}
	})
	shapes := func(cells ...[]byte) []byte {
		return one(bin, func(b array.Builder) {
			for _, c := range cells {
				b.(*array.BinaryBuilder).Append(c)
			}
		})
	}
	change := func(b []byte, at int, to ...byte) []byte {
		c := bytes.Clone(b)
		copy(c[at:], to)
		return c
	}
	ok := func(b []byte, s *arrow.Schema) error { _, err := decodeBatch(s, b, 0); return err }
	const offsets = 16 + 8 + 8
	if err := ok(shapes(wkb("POINT (1 2)"), wkb("POINT Z (1 2 3)")), schemaOf(bin)); err != nil {
		t.Fatal(err)
	}
	// one row, nulls follow, none is valid, and its bytes are there all the same
	beneathNull := shapes(wkb("POINT (1 2)"))
	beneathNull = slices.Concat(change(beneathNull[:24], 16, 1), make([]byte, 8), beneathNull[24:])
	if err := ok(text, schemaOf(str)); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		payload []byte
		schema  *arrow.Schema
	}{
		"cut":             {batch[:len(batch)-8], everyType},
		"longer":          {append(bytes.Clone(batch), make([]byte, 8)...), everyType},
		"row number":      {change(batch, 0, 1), everyType},
		"more rows":       {change(batch, 8, 6), everyType},
		"no rows":         {change(batch, 8, 0), everyType},
		"2^32-1 rows":     {change(batch, 8, 255, 255, 255, 255), everyType},
		"columns":         {change(batch, 12, 7), everyType},
		"nulls flag":      {change(text, 16, 2), schemaOf(str)},
		"offset falls":    {change(text, offsets+4, 5), schemaOf(str)},
		"offset first":    {change(text, offsets, 1), schemaOf(str)},
		"offset negative": {change(text, offsets+4, 255, 255, 255, 255), schemaOf(str)},
		"offset beyond":   {change(text, offsets+12, 9), schemaOf(str)},
		"offset last":     {change(text, offsets+12, 4), schemaOf(str)},
		"offset in rune":  {change(text, offsets+4, 3), schemaOf(str)},
		"text length":     {change(text, offsets-8, 4), schemaOf(str)},
		"text 2^63":       {change(text, offsets-1, 128), schemaOf(str)},
		"not UTF-8":       {change(text, offsets+16, 0xff), schemaOf(str)},
		"decimal": {one(dec, func(b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(1000))
		}), schemaOf(dec)},
		"decimal below": {one(dec, func(b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(-1000))
		}), schemaOf(dec)},
		"decimal minimum": {one(dec, func(b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.New(math.MinInt64, 0))
		}), schemaOf(dec)},
		"NaN": {one(arrow.PrimitiveTypes.Float64, func(b array.Builder) {
			b.(*array.Float64Builder).Append(math.NaN())
		}), schemaOf(arrow.PrimitiveTypes.Float64)},
		"year 10000": {one(arrow.FixedWidthTypes.Date32, func(b array.Builder) {
			b.(*array.Date32Builder).Append(lastDay + 1)
		}), schemaOf(arrow.FixedWidthTypes.Date32)},
		"end of time": {one(everyType.Field(6).Type, func(b array.Builder) {
			b.(*array.TimestampBuilder).Append(math.MaxInt64)
		}), schemaOf(everyType.Field(6).Type)},
		"WKB cut":                  {shapes(wkb("POINT (1 2)")[:20]), schemaOf(bin)},
		"WKB over two cells":       {shapes(wkb("POINT (1 2)")[:10], wkb("POINT (1 2)")[10:]), schemaOf(bin)},
		"WKB empty":                {shapes(nil), schemaOf(bin)},
		"WKB that claims":          {shapes([]byte{1, 2, 0, 0, 0, 255, 255, 255, 255}), schemaOf(bin)},
		"WKB big-endian":           {shapes(change(wkb("POINT (1 2)"), 0, 0)), schemaOf(bin)},
		"text as WKB":              {shapes([]byte("079185001234")), schemaOf(bin)},
		"WKB beneath a null":       {beneathNull, schemaOf(bin)},
		"offset of a WKB negative": {change(shapes(wkb("POINT (1 2)")), offsets+4, 255, 255, 255, 255), schemaOf(bin)},
		"empty":                    {nil, everyType},
	} {
		if err := ok(tt.payload, tt.schema); !errors.Is(err, errFrame) {
			t.Errorf("%s: %v, want errFrame", name, err)
		}
	}

	frames := split(t, honest)
	early := split(t, earlyStream(t, memTable{schema: everyType, recs: []arrow.Record{m.recs[0], m.recs[0]}}))
	frames[frameEarly], frames[frameDrop] = early[frameEarly], early[frameDrop]
	if _, err := receive(bytes.Join([][]byte{frames[frameReady], frames[frameEarly], frames[frameBatch], frames[frameReport], frames[frameSchema], frames[frameTableEnd], frames[frameEnd]}, nil)); err != nil {
		t.Fatal(err)
	}
	kinds := func(ks ...frameKind) []byte {
		var b []byte
		for _, k := range ks {
			b = append(b, frames[k]...)
		}
		return b
	}
	number := func(k frameKind, n uint64) []byte {
		return append(frameHead(k, 8), binary.LittleEndian.AppendUint64(nil, n)...)
	}
	js := func(k frameKind, s string) []byte { return append(frameHead(k, len(s)), s...) }
	join := func(bs ...[]byte) []byte { return bytes.Join(bs, nil) }
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"no ready":            kinds(frameReport, frameSchema, frameBatch, frameTableEnd, frameEnd),
		"no report":           kinds(frameReady, frameSchema, frameBatch, frameTableEnd, frameEnd),
		"two reports":         kinds(frameReady, frameReport, frameReport, frameSchema, frameBatch, frameTableEnd, frameEnd),
		"batch before schema": kinds(frameReady, frameReport, frameBatch, frameSchema, frameTableEnd, frameEnd),
		"a row short":         kinds(frameReady, frameReport, frameSchema, frameTableEnd, frameEnd),
		"a row twice":         kinds(frameReady, frameReport, frameSchema, frameBatch, frameBatch, frameTableEnd, frameEnd),
		"no table end":        kinds(frameReady, frameReport, frameSchema, frameBatch, frameEnd),
		"no table":            kinds(frameReady, frameReport, frameEnd),
		"two tables":          kinds(frameReady, frameReport, frameSchema, frameBatch, frameTableEnd, frameSchema, frameBatch, frameTableEnd, frameEnd),
		"early twice":         kinds(frameReady, frameEarly, frameEarly),
		"early, late":         kinds(frameReady, frameReport, frameEarly, frameSchema, frameBatch, frameTableEnd, frameEnd),
		"early, not taken up": kinds(frameReady, frameEarly, frameBatch, frameReport, frameEnd),
		"early, no schema":    kinds(frameReady, frameEarly, frameBatch, frameReport, frameTableEnd, frameEnd),
		"early, dropped":      kinds(frameReady, frameEarly, frameBatch, frameDrop, frameReport, frameSchema, frameTableEnd, frameEnd),
		"early, dropped late": kinds(frameReady, frameEarly, frameBatch, frameReport, frameDrop, frameSchema, frameTableEnd, frameEnd),
		"dropped, not early":  kinds(frameReady, frameDrop),
		"batch before early":  kinds(frameReady, frameBatch),
		"early, other types":  join(frames[frameReady], js(frameEarly, `{"name":"","header":null,"fields":[{"key":"a","type":"utf8"}]}`), kinds(frameReport, frameSchema, frameTableEnd, frameEnd)),
		"early, with a name":  join(frames[frameReady], js(frameEarly, `{"name":"x","header":null,"fields":[{"key":"a","type":"utf8"}]}`)),
		"rows miscounted":     join(kinds(frameReady, frameReport, frameSchema, frameBatch), number(frameTableEnd, 6), frames[frameEnd]),
		"tables miscounted":   join(kinds(frameReady, frameReport, frameSchema, frameBatch, frameTableEnd), number(frameEnd, 2)),
		"more after the end":  join(honest, []byte{0}),
		"unknown frame":       join(frames[frameReady], js(99, "{}")),
		"frame too long":      join(frames[frameReady], []byte{0, 0, 0, 5, 2, 0, 0, 0}),
		"header not zero":     join(frames[frameReady], []byte{0, 0, 0, 0, 2, 1, 0, 0}),
		"a value as code":     join(frames[frameReady], js(frameRefusal, `{"Code":"Nguyễn Văn A","Stage":"x"}`)),
		"a value as stage":    join(frames[frameReady], js(frameProgress, `{"stage":"Nguyễn Văn A"}`)),
		"unknown name":        join(frames[frameReady], js(frameProgress, `{"stage":"x","cell":"y"}`)),
		"unbalanced":          join(frames[frameReady], js(frameReport, `{"format":"csv","tables":[{"fields":[{"key":"a"}],"data_rows":0,"accounting":{"records":1}}]}`)),
		"findings of its own": join(frames[frameReady], js(frameReport, `{"format":"csv","tables":[{"fields":[{"key":"a","findings":[]}]}]}`)),
		"another key":         join(kinds(frameReady, frameReport), js(frameSchema, `{"name":"Bảng","header":null,"fields":[{"key":"a","type":"utf8"}]}`)),
	} {
		if _, err := receive(b); !errors.Is(err, errFrame) && !errors.Is(err, errCut) {
			t.Errorf("%s: %v, want errFrame or errCut", name, err)
		}
	}
	for n := range len(honest) {
		if _, err := receive(honest[:n]); err == nil {
			t.Errorf("taken, cut at byte %d of %d", n, len(honest))
		}
	}
}

func TestDecodeSchemaRefuses(t *testing.T) {
	for name, fields := range map[string]string{
		"none":             ``,
		"key":              `{"key":"Họ tên","type":"utf8"}`,
		"same key":         `{"key":"a","type":"utf8"},{"key":"a","type":"utf8"}`,
		"type":             `{"key":"a","type":"list"}`,
		"precision":        `{"key":"a","type":"decimal128","precision":39}`,
		"scale":            `{"key":"a","type":"decimal128","precision":3,"scale":4}`,
		"scale below":      `{"key":"a","type":"decimal128","precision":3,"scale":-1}`,
		"zone":             `{"key":"a","type":"timestamp","zone":"Asia/Ho_Chi_Minh"}`,
		"zone of text":     `{"key":"a","type":"utf8","zone":"+07:00"}`,
		"scale of text":    `{"key":"a","type":"utf8","scale":1}`,
		"label too long":   `{"key":"a","type":"utf8","label":"` + strings.Repeat("x", maxLabel+1) + `"}`,
		"no geometry":      `{"key":"a","type":"wkb"}`,
		"other geometry":   `{"key":"a","type":"wkb","geometry":"EPSG:4326"}`,
		"geometry of text": `{"key":"a","type":"utf8","geometry":"OGC:CRS84"}`,
		"zone of geometry": `{"key":"a","type":"wkb","geometry":"OGC:CRS84","zone":"+07:00"}`,
		"format too long":  `{"key":"a","type":"utf8","format":"` + strings.Repeat("x", 257) + `"}`,
	} {
		if _, _, _, err := decodeSchema([]byte(`{"name":"","header":null,"fields":[` + fields + `]}`)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestSpoolIsBounded(t *testing.T) {
	m := memTable{schema: everyType, recs: []arrow.Record{someRows(50, 3, 4)}}
	r := &receiver{spool: &spool{file: &memFile{}, max: 100}}
	_, err := r.run(bytes.NewReader(stream(t, m)))
	var ref *format.Refusal
	if !errors.As(err, &ref) || ref.Code != "too-large" {
		t.Errorf("error = %v, want too-large", err)
	}
}

func TestSpoolReaderEndsWithContext(t *testing.T) {
	m := memTable{schema: everyType, recs: []arrow.Record{someRows(5, 3, 4), someRows(5, 3, 5)}}
	p, err := receive(stream(t, m))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	rows, err := p.Tables[0].Rows(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	if !rows.Next() {
		t.Fatal("no batch")
	}
	cancel()
	if rows.Next() || !errors.Is(rows.Err(), context.Canceled) {
		t.Errorf("after cancel: %v, want the context's error", rows.Err())
	}
}

// split gives the first frame of each kind.
func split(t *testing.T, b []byte) map[frameKind][]byte {
	out := map[frameKind][]byte{}
	r := bytes.NewReader(b)
	for r.Len() > 0 {
		k, payload, err := readFrame(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if out[k] == nil {
			out[k] = append(frameHead(k, len(payload)), payload...)
		}
	}
	return out
}

// FuzzReceive: whatever a child answers, the parent does not panic, and what it
// takes can be read to the end twice alike, in valid UTF-8.
func FuzzReceive(f *testing.F) {
	f.Add(stream(f, memTable{schema: everyType, recs: []arrow.Record{someRows(3, 3, 1)}}))
	f.Add(stream(f, memTable{schema: everyType, recs: []arrow.Record{someRows(2, 0, 1), someRows(1, 1, 2)},
		raw: [][][]byte{{[]byte("a"), nil}, {}, {[]byte("b")}}}))
	f.Add(earlyStream(f, memTable{schema: everyType, recs: []arrow.Record{someRows(2, 0, 1), someRows(1, 1, 2)}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := receive(b)
		if err != nil {
			return
		}
		for _, tab := range p.Tables {
			first := cells(t, tab)
			if diff := cmp.Diff(first, cells(t, tab)); diff != "" {
				t.Errorf("read twice: %s", diff)
			}
			for _, row := range first {
				for _, c := range row {
					if strings.ToValidUTF8(c, "?") != c {
						t.Error("a cell is not UTF-8")
					}
				}
			}
			for _, err := range tab.RawRows(t.Context()) {
				if err != nil && !errors.Is(err, ErrNoRaw) {
					t.Error(err)
				}
			}
		}
	})
}
