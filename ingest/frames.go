package ingest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy"
	"daylight/privacy/crs"
	"daylight/privacy/geometry"
	"daylight/privacy/letters"
)

// The parse child answers in frames of our own: arrow's IPC reader can die
// beyond recover on a malformed message, and the child is not trusted.
//
//	frame  = length uint32, kind uint8, 3 zero bytes, payload [length]byte
//	stream = ready (refusal | (early batch* drop)* (early batch*)? report (schema batch* raw* tableEnd)* end)
//
// with progress and inflated anywhere after ready; a refusal may also end a stream that has
// begun. Batches that came early, and were not dropped, are the first table's:
// its schema must be the one that was told early. A batch's payload:
//
//	first uint64, rows uint32, columns uint32, then for each column
//	nulls uint64 (0 none, 1 a validity bitmap follows)
//	[bitmap]
//	utf8:      length uint64, offsets (rows+1) x int32, bytes
//	boolean:   bits
//	otherwise: rows x width
//
// Every region is padded with zeros to 8 bytes, so that the buffers can be
// wrapped where they lie. Header numbers are little-endian, buffers are in the
// byte order of the machine: both ends are the same program.
const (
	maxFrame    = 64 << 20
	frameHeader = 8
	maxColumns  = 10_001   // ingest.md section 3, and an added "section"
	maxLabel    = 64 << 10 // joined levels of a header of five rows, 4 KiB each, and slack
	maxTables   = 1_000
)

type frameKind uint8

const (
	frameReady    frameKind = 1 + iota // JSON: childReady; the child is confined
	frameProgress                      // JSON: childProgress
	frameReport                        // JSON: format.Report
	frameSchema                        // JSON: frameSchemaJSON
	frameBatch                         // columns, typed
	frameRaw                           // cells as they stand, where asked for
	frameTableEnd                      // uint64: rows of the table
	frameEnd                           // uint64: tables
	frameRefusal                       // JSON: format.Refusal
	frameMisfits                       // places of the open table, after its rows: misfits.go
	frameInflated                      // uint64: bytes that came out of a packed file so far
	frameEarly                         // JSON: frameSchemaJSON without name and header; batches follow before the report
	frameDrop                          // nothing: what came early does not hold
)

// errFrame is all that is said of a stream that breaks the rules: the child
// may be in the hands of the file it reads.
var errFrame = errors.New("parse child: malformed answer")

// errCut: the answer ended before its last frame; the child died.
var errCut = errors.New("parse child: answer is cut off")

// frameHead is the header of a frame whose payload has n bytes.
func frameHead(k frameKind, n int) []byte {
	h := binary.LittleEndian.AppendUint32(make([]byte, 0, frameHeader), uint32(n))
	return append(h, byte(k), 0, 0, 0)
}

// readFrame reads one frame into buf, which grows only as bytes arrive: a
// length is a claim.
func readFrame(r io.Reader, buf []byte) (frameKind, []byte, error) {
	var h [frameHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, buf, errCut
	}
	n := int(binary.LittleEndian.Uint32(h[:]))
	if n > maxFrame || h[5]|h[6]|h[7] != 0 {
		return 0, buf, errFrame
	}
	buf = buf[:0]
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, max(2*len(buf), 4<<20)))
			copy(grown, buf)
			buf = grown
		}
		m, err := io.ReadFull(r, buf[len(buf):min(n, cap(buf))])
		buf = buf[:len(buf)+m]
		if err != nil {
			return 0, buf, errCut
		}
	}
	return frameKind(h[4]), buf, nil
}

// frameSchemaJSON is a table's schema on the wire.
type frameSchemaJSON struct {
	Name   string           `json:"name"`
	Header []string         `json:"header"` // null: the table has none
	Fields []frameFieldJSON `json:"fields"`
}

type frameFieldJSON struct {
	Key       string `json:"key"`
	Type      string `json:"type"`
	Precision int32  `json:"precision,omitempty"`
	Scale     int32  `json:"scale,omitempty"`
	Zone      string `json:"zone,omitempty"`
	Label     string `json:"label,omitempty"`
	Format    string `json:"format,omitempty"`
	Unit      string `json:"unit,omitempty"`
	Geometry  string `json:"geometry,omitempty"` // of wkb: the coordinate system
}

// encodeSchema refuses a type that the wire does not know.
func encodeSchema(name string, header []string, s *arrow.Schema) ([]byte, error) {
	out := frameSchemaJSON{Name: name, Header: header, Fields: make([]frameFieldJSON, s.NumFields())}
	for i, f := range s.Fields() {
		j := frameFieldJSON{Key: f.Name}
		j.Label, _ = f.Metadata.GetValue(privacy.MetaLabel)
		j.Format, _ = f.Metadata.GetValue(privacy.MetaFormat)
		j.Unit, _ = f.Metadata.GetValue(privacy.MetaUnit)
		switch t := f.Type.(type) {
		case *arrow.StringType:
			j.Type = "utf8"
		case *arrow.Int64Type:
			j.Type = "int64"
		case *arrow.Float64Type:
			j.Type = "float64"
		case *arrow.BooleanType:
			j.Type = "bool"
		case *arrow.Date32Type:
			j.Type = "date32"
		case *arrow.Decimal128Type:
			j.Type, j.Precision, j.Scale = "decimal128", t.Precision, t.Scale
		case *arrow.TimestampType:
			if t.Unit != arrow.Microsecond {
				return nil, errFrame
			}
			j.Type, j.Zone = "timestamp", t.TimeZone
		case *arrow.BinaryType:
			if j.Geometry, _ = f.Metadata.GetValue(privacy.MetaGeometry); !crs.Valid(j.Geometry) {
				return nil, errFrame
			}
			j.Type = "wkb"
		default:
			return nil, errFrame
		}
		out.Fields[i] = j
	}
	return json.Marshal(out)
}

var (
	keyForm  = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,79}$`)
	zoneForm = regexp.MustCompile(`^[+-]\d\d:\d\d$`)
)

// decodeSchema believes nothing: keys are ours and distinct, types known,
// labels bounded.
func decodeSchema(payload []byte) (name string, header []string, s *arrow.Schema, err error) {
	var in frameSchemaJSON
	if err := decodeStrict(payload, &in); err != nil {
		return "", nil, nil, errFrame
	}
	if len(in.Fields) == 0 || len(in.Fields) > maxColumns || len(in.Header) > maxColumns || len(in.Name) > maxLabel {
		return "", nil, nil, errFrame
	}
	seen := make(map[string]bool, len(in.Fields))
	fields := make([]arrow.Field, len(in.Fields))
	for i, j := range in.Fields {
		if !keyForm.MatchString(j.Key) || seen[j.Key] ||
			len(j.Label) > maxLabel || len(j.Format) > 256 || len(j.Unit) > 256 {
			return "", nil, nil, errFrame
		}
		seen[j.Key] = true
		f := arrow.Field{Name: j.Key, Nullable: true}
		switch j.Type {
		case "utf8":
			f.Type = arrow.BinaryTypes.String
		case "int64":
			f.Type = arrow.PrimitiveTypes.Int64
		case "float64":
			f.Type = arrow.PrimitiveTypes.Float64
		case "bool":
			f.Type = arrow.FixedWidthTypes.Boolean
		case "date32":
			f.Type = arrow.FixedWidthTypes.Date32
		case "decimal128":
			if j.Precision < 1 || j.Precision > 38 || j.Scale < 0 || j.Scale > j.Precision {
				return "", nil, nil, errFrame
			}
			f.Type = &arrow.Decimal128Type{Precision: j.Precision, Scale: j.Scale}
		case "timestamp":
			if j.Zone != "" && j.Zone != "UTC" && !zoneForm.MatchString(j.Zone) {
				return "", nil, nil, errFrame
			}
			f.Type = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: j.Zone}
		case "wkb":
			if !crs.Valid(j.Geometry) {
				return "", nil, nil, errFrame
			}
			f.Type = arrow.BinaryTypes.Binary
		default:
			return "", nil, nil, errFrame
		}
		if j.Type != "decimal128" && (j.Precision != 0 || j.Scale != 0) || j.Type != "timestamp" && j.Zone != "" ||
			j.Type != "wkb" && j.Geometry != "" {
			return "", nil, nil, errFrame
		}
		var keys, values []string
		for _, m := range [][2]string{{privacy.MetaLabel, j.Label}, {privacy.MetaFormat, j.Format}, {privacy.MetaUnit, j.Unit}, {privacy.MetaGeometry, j.Geometry}} {
			if m[1] != "" {
				keys, values = append(keys, m[0]), append(values, m[1])
			}
		}
		f.Metadata = arrow.NewMetadata(keys, values)
		fields[i] = f
	}
	return in.Name, in.Header, arrow.NewSchema(fields, nil), nil
}

// appendBatch adds the payload of a batch. Null slots are written as zeros, so
// that the receiver may check every value. It answers errFrame for a column
// whose type is not the schema's.
func appendBatch(dst []byte, s *arrow.Schema, rec arrow.Record, first int64) ([]byte, error) {
	rows := int(rec.NumRows())
	if int(rec.NumCols()) != s.NumFields() {
		return nil, errFrame
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(first))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(rows))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(rec.NumCols()))
	for i, f := range s.Fields() {
		col := rec.Column(i)
		if !arrow.TypeEqual(col.DataType(), f.Type) {
			return nil, errFrame
		}
		nulls := col.NullN() > 0
		if nulls {
			dst = binary.LittleEndian.AppendUint64(dst, 1)
			dst = appendValid(dst, col)
		} else {
			dst = binary.LittleEndian.AppendUint64(dst, 0)
		}
		start := len(dst)
		width := 0
		switch c := col.(type) {
		case *array.String:
			dst = appendStrings(dst, c, c.ValueOffsets(), c.ValueBytes())
			continue
		case *array.Binary:
			dst = appendStrings(dst, c, c.ValueOffsets(), c.ValueBytes())
			continue
		case *array.Boolean:
			dst = appendBits(dst, rows, func(k int) bool { return c.IsValid(k) && c.Value(k) })
			continue
		case *array.Int64:
			dst, width = append(dst, arrow.Int64Traits.CastToBytes(c.Int64Values())...), 8
		case *array.Float64:
			dst, width = append(dst, arrow.Float64Traits.CastToBytes(c.Float64Values())...), 8
		case *array.Date32:
			dst, width = append(dst, arrow.Date32Traits.CastToBytes(c.Date32Values())...), 4
		case *array.Timestamp:
			dst, width = append(dst, arrow.TimestampTraits.CastToBytes(c.TimestampValues())...), 8
		case *array.Decimal128:
			dst, width = append(dst, arrow.Decimal128Traits.CastToBytes(c.Values())...), 16
		default:
			return nil, errFrame
		}
		if nulls {
			for k := range rows {
				if c := dst[start+k*width:]; col.IsNull(k) {
					clear(c[:width])
				}
			}
		}
		dst = pad(dst)
	}
	return dst, nil
}

func appendBits(dst []byte, rows int, bit func(int) bool) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, (rows+7)/8)...)
	for k := range rows {
		if bit(k) {
			dst[start+k/8] |= 1 << (k % 8)
		}
	}
	return pad(dst)
}

// appendValid adds the validity bits.
func appendValid(dst []byte, a arrow.Array) []byte {
	start, rows := len(dst), a.Len()
	dst = append(dst, make([]byte, (rows+7)/8)...)
	bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset(), rows, dst[start:], 0)
	return pad(dst)
}

// appendStrings adds offsets, from zero, and the bytes between the first and
// the last of them. What lies beneath a null does not travel.
func appendStrings(dst []byte, a arrow.Array, offsets []int32, data []byte) []byte {
	rows := a.Len()
	for k := 0; k < rows && a.NullN() > 0; k++ {
		if a.IsNull(k) && offsets[k+1] != offsets[k] {
			offsets, data = withoutNulls(a, offsets, data)
			break
		}
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(data)))
	start := len(dst)
	dst = append(dst, arrow.Int32Traits.CastToBytes(offsets[:rows+1])...)
	if first := offsets[0]; first != 0 {
		for k, o := range offsets[:rows+1] {
			binary.NativeEndian.PutUint32(dst[start+4*k:], uint32(o-first))
		}
	}
	return pad(append(pad(dst), data...))
}

func withoutNulls(a arrow.Array, offsets []int32, data []byte) (to []int32, kept []byte) {
	to = make([]int32, 1, len(offsets))
	for k := range a.Len() {
		if a.IsValid(k) {
			kept = append(kept, data[offsets[k]-offsets[0]:offsets[k+1]-offsets[0]]...)
		}
		to = append(to, int32(len(kept)))
	}
	return to, kept
}

func pad(dst []byte) []byte {
	for len(dst)%8 != 0 {
		dst = append(dst, 0)
	}
	return dst
}

// batchSize bounds from above what appendBatch will add, so that a batch can
// be cut before it is written.
func batchSize(rec arrow.Record) int64 {
	rows := rec.NumRows()
	size := int64(16)
	for _, col := range rec.Columns() {
		size += 8 + rows/8 + 16
		switch c := col.(type) {
		case *array.String:
			size += 8 + 4*rows + 24 + int64(len(c.ValueBytes()))
		case *array.Binary:
			size += 8 + 4*rows + 24 + int64(len(c.ValueBytes()))
		default:
			size += 16*rows + 8
		}
	}
	return size
}

// digitsFit: no decimal has more digits than its column, which appendBatch does
// not look at.
func digitsFit(rec arrow.Record) bool {
	for _, col := range rec.Columns() {
		if c, ok := col.(*array.Decimal128); ok && !valuesFit(c.DataType().(arrow.FixedWidthDataType), arrow.Decimal128Traits.CastToBytes(c.Values())) {
			return false
		}
	}
	return true
}

// decodeBatch wraps the buffers of a payload as a record, after checking that
// every length, offset, bit and value is what the schema allows. The record
// keeps the payload: the caller must not reuse it.
func decodeBatch(s *arrow.Schema, payload []byte, first int64) (arrow.Record, error) {
	d := batchDecoder{rest: payload}
	if at := d.uint64(); at != uint64(first) {
		return nil, errFrame
	}
	counts := d.uint64() // rows and columns
	rows, columns := int(uint32(counts)), int(counts>>32)
	if d.bad || columns != s.NumFields() || rows == 0 || rows > maxFrame {
		return nil, errFrame
	}
	cols := make([]arrow.Array, columns)
	defer func() {
		for _, c := range cols {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i, f := range s.Fields() {
		c, err := d.column(f.Type, rows)
		if err != nil {
			return nil, err
		}
		cols[i] = c
	}
	if d.bad || len(d.rest) != 0 {
		return nil, errFrame
	}
	return array.NewRecord(s, cols, int64(rows)), nil
}

// appendRawRow adds one row of a raw frame: the number of its cells, and for
// each its length and bytes, unpadded.
func appendRawRow(dst []byte, cells [][]byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(cells)))
	for _, c := range cells {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(c)))
		dst = append(dst, c...)
	}
	return dst
}

// decodeRaw hands out the rows of a raw frame, cut from the payload, until
// yield says no; cells is reused. Every length is checked, and every cell is
// UTF-8.
func decodeRaw(payload []byte, cells [][]byte, yield func([][]byte) bool) ([][]byte, error) {
	number := func() (int, bool) {
		if len(payload) < 4 {
			return 0, false
		}
		n := binary.LittleEndian.Uint32(payload)
		payload = payload[4:]
		return int(n), int64(n) <= int64(len(payload))
	}
	for len(payload) > 0 {
		n, ok := number()
		if !ok || n > maxColumns {
			return cells, errFrame
		}
		cells = cells[:0]
		for range n {
			size, ok := number()
			if !ok || !letters.Valid(payload[:size]) {
				return cells, errFrame
			}
			cells = append(cells, payload[:size:size])
			payload = payload[size:]
		}
		if !yield(cells) {
			return cells, nil
		}
	}
	return cells, nil
}

// decodeStrict refuses unknown names and anything after the value.
func decodeStrict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errFrame
	}
	if _, err := d.Token(); err != io.EOF {
		return errFrame
	}
	return nil
}

// batchDecoder takes regions off a payload; bad stays set after the first
// that is not there.
type batchDecoder struct {
	rest []byte
	bad  bool
}

func (d *batchDecoder) take(n int64) []byte {
	padded := (n + 7) &^ 7
	if d.bad || n < 0 || padded > int64(len(d.rest)) {
		d.bad = true
		return nil
	}
	out := d.rest[:n:n]
	d.rest = d.rest[padded:]
	return out
}

func (d *batchDecoder) uint64() uint64 {
	b := d.take(8)
	if d.bad {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (d *batchDecoder) column(t arrow.DataType, rows int) (arrow.Array, error) {
	var bitmap *memory.Buffer
	nulls := 0
	switch d.uint64() {
	case 0:
	case 1:
		b := d.take(int64(rows+7) / 8)
		if d.bad {
			return nil, errFrame
		}
		nulls = rows - bitutil.CountSetBits(b, 0, rows)
		bitmap = memory.NewBufferBytes(b)
	default:
		return nil, errFrame
	}
	var buffers []*memory.Buffer
	switch t := t.(type) {
	case *arrow.StringType:
		offsets, data, ok := d.strings(rows)
		if !ok || !piecesOfText(offsets, data) {
			return nil, errFrame
		}
		buffers = []*memory.Buffer{bitmap, memory.NewBufferBytes(offsets), memory.NewBufferBytes(data)}
	case *arrow.BinaryType:
		offsets, data, ok := d.strings(rows)
		if !ok || !piecesOfWKB(offsets, data, bitmap) {
			return nil, errFrame
		}
		buffers = []*memory.Buffer{bitmap, memory.NewBufferBytes(offsets), memory.NewBufferBytes(data)}
	case *arrow.BooleanType:
		buffers = []*memory.Buffer{bitmap, memory.NewBufferBytes(d.take(int64(rows+7) / 8))}
	case arrow.FixedWidthDataType:
		b := d.take(int64(rows) * int64(t.BitWidth()/8))
		if d.bad || !valuesFit(t, b) {
			return nil, errFrame
		}
		buffers = []*memory.Buffer{bitmap, memory.NewBufferBytes(b)}
	}
	if d.bad || buffers == nil {
		return nil, errFrame
	}
	data := array.NewData(t, rows, buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// strings checks that the offsets rise from 0 to the end of the bytes.
func (d *batchDecoder) strings(rows int) (offsets, data []byte, ok bool) {
	n := d.uint64()
	if n > maxFrame {
		return nil, nil, false
	}
	offsets = d.take(4 * (int64(rows) + 1))
	data = d.take(int64(n))
	if d.bad {
		return nil, nil, false
	}
	last := int32(0)
	for k, o := range arrow.Int32Traits.CastFromBytes(offsets) {
		if o < last || int64(o) > int64(n) || k == 0 && o != 0 {
			return nil, nil, false
		}
		last = o
	}
	return offsets, data, int64(last) == int64(n)
}

// piecesOfText: each piece is UTF-8, since all of it is, and no piece starts
// inside a rune.
func piecesOfText(offsets, data []byte) bool {
	if !letters.Valid(data) {
		return false
	}
	for _, o := range arrow.Int32Traits.CastFromBytes(offsets) {
		if int(o) < len(data) && !utf8.RuneStart(data[o]) {
			return false
		}
	}
	return true
}

// piecesOfWKB: each piece is a geometry of ours, and beneath a null there is nothing.
func piecesOfWKB(offsets, data []byte, bitmap *memory.Buffer) bool {
	at := arrow.Int32Traits.CastFromBytes(offsets)
	for k := range len(at) - 1 {
		piece := data[at[k]:at[k+1]]
		if bitmap != nil && !bitutil.BitIsSet(bitmap.Bytes(), k) {
			if len(piece) > 0 {
				return false
			}
			continue
		}
		if geometry.Valid(piece) != nil {
			return false
		}
	}
	return true
}

var (
	firstDay = arrow.Date32FromTime(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	lastDay  = arrow.Date32FromTime(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	// A day of slack on both sides: an offset moves a time at the border.
	firstInstant = arrow.Timestamp(time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC).UnixMicro())
	lastInstant  = arrow.Timestamp(time.Date(10000, 1, 2, 0, 0, 0, 0, time.UTC).UnixMicro())
)

// valuesFit checks fixed-width values: decimals within their precision, finite
// floats, years of at most four digits.
func valuesFit(t arrow.FixedWidthDataType, b []byte) bool {
	switch t := t.(type) {
	case *arrow.Int64Type:
		return true
	case *arrow.Float64Type:
		for _, v := range arrow.Float64Traits.CastFromBytes(b) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return false
			}
		}
	case *arrow.Date32Type:
		for _, v := range arrow.Date32Traits.CastFromBytes(b) {
			if v < firstDay || v > lastDay {
				return false
			}
		}
	case *arrow.TimestampType:
		for _, v := range arrow.TimestampTraits.CastFromBytes(b) {
			if v < firstInstant || v > lastInstant {
				return false
			}
		}
	case *arrow.Decimal128Type:
		limit := decimal128.GetScaleMultiplier(int(t.Precision))
		low := limit.Negate()
		for _, v := range arrow.Decimal128Traits.CastFromBytes(b) {
			if v.Cmp(limit) >= 0 || v.Cmp(low) <= 0 {
				return false
			}
		}
	default:
		return false
	}
	return true
}
