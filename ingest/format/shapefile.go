package format

import (
	"context"
	"encoding/binary"
	"io"
	"math"

	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

// A shapefile (ESRI Shapefile Technical Description, 1998) is several files of
// one name: shapes (.shp), where each of them stands (.shx), their attributes
// (.dbf), their coordinate system (.prj) and the encoding of the text (.cpg).
// Row and shape belong together by their number.
type shapefile struct {
	name     string
	shp, dbf member
	shx      *member // nil: the shapes stand one behind the other
	prj, cpg []byte  // nil: none

	kind  uint32 // of the shapes
	table *dbf
	count int64 // shapes
}

// member is one file of it.
type member struct {
	r    io.ReaderAt
	size int64
}

// Types of shapes; 10 more with Z, 20 more with M.
const (
	shpNull       = 0
	shpPoint      = 1
	shpLine       = 3
	shpPolygon    = 5
	shpMultiPoint = 8
	shpMultiPatch = 31
)

const (
	shpHead   = 100                   // bytes before the first record
	shpRecord = 8                     // bytes before each shape
	shpMost   = 2 * geometry.MaxBytes // bytes of one shape: with its box, its Z and its M
)

func badShapefile(row int64) error {
	return &Refusal{Code: "shapefile", Stage: "structure", Row: row, Line: row}
}

// open adds the table of a shapefile to a file.
func (s *shapefile) open(ctx context.Context, file *File, o Options) error {
	head := make([]byte, shpHead)
	if s.shp.size < shpHead {
		return badShapefile(0)
	}
	if _, err := s.shp.r.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	s.kind = binary.LittleEndian.Uint32(head[32:])
	if binary.BigEndian.Uint32(head) != 9994 || binary.LittleEndian.Uint32(head[28:]) != 1000 {
		return badShapefile(0)
	}
	switch s.kind {
	case shpNull, shpPoint, shpLine, shpPolygon, shpMultiPoint, shpPoint + 10, shpLine + 10, shpPolygon + 10, shpMultiPoint + 10,
		shpPoint + 20, shpLine + 20, shpPolygon + 20, shpMultiPoint + 20:
	default:
		return &Refusal{Code: "shapefile-type", Stage: "structure"}
	}
	var err error
	if s.table, err = readDBF(s.dbf.r, s.dbf.size); err != nil {
		return err
	}
	if err := s.index(); err != nil {
		return err
	}
	f := newFinder(o, &file.Report)
	f.name = s.name
	if err := s.table.findEncoding(ctx, f, s.cpg); err != nil {
		return err
	}
	f.labels = append(s.table.labels(), "geometry")
	f.open = func(ctx context.Context, _ *layout) (records, error) { return s.records(ctx), nil }
	f.crs = crs.Unknown
	if len(s.prj) > 0 {
		f.crs = crs.FromWKT(s.prj)
	}
	f.problems = func(tr *TableReport, src records, keys []string) {
		r, key := src.(*shapeRecords), keys[len(keys)-1]
		s.table.report(tr, r.dbfRecords, keys)
		f.system(r.box, key)
		r.report(tr, f.crs, key)
	}
	t, err := f.find(ctx)
	if err != nil {
		return err
	}
	file.Tables = append(file.Tables, t)
	return nil
}

// system settles the coordinate system of a map that does not say its own, or
// not one that is known: by the plan, else a person is asked.
func (f *finder) system(box geometry.Bounds, key string) {
	if f.crs != crs.Unknown || box.N == 0 {
		return
	}
	if f.reading.CRS != "" {
		f.crs = f.reading.CRS
		return
	}
	f.ask("crs", key, crs.Choices(box.InRange())...)
}

// index counts the shapes. With an index file it is that which counts, since
// programs that edit a shape leave its old place unused; the places it names
// may not hold more bytes than the file, so that none is read again and again.
func (s *shapefile) index() error {
	if s.shx != nil && (s.shx.size < shpHead || (s.shx.size-shpHead)%8 != 0) {
		s.shx = nil // cut or torn: the shapes themselves say where they are
	}
	if s.shx != nil {
		s.count = (s.shx.size - shpHead) / 8
		if s.count != s.table.rows {
			return &Refusal{Code: "shapefile-count", Stage: "structure"}
		}
	}
	return nil
}

// shapeRecords gives the rows of a shapefile: the cells of its table, and the
// shape after them.
type shapeRecords struct {
	*dbfRecords
	s     *shapefile
	shp   *blockReader
	shx   *blockReader // nil: none
	read  int64        // bytes of shapes so far
	rings ringSorter

	shapeProblems
	parts    seen // shapes of which parts without extent were left out
	closed   seen // rings that were open
	oriented seen // rings whose direction contradicts where they lie
}

func (s *shapefile) records(ctx context.Context) *shapeRecords {
	r := &shapeRecords{dbfRecords: s.table.records(ctx), s: s, shp: &blockReader{ctx: ctx, r: s.shp.r, at: shpHead, size: s.shp.size}}
	if s.shx != nil {
		r.shx = &blockReader{ctx: ctx, r: s.shx.r, at: shpHead, size: s.shx.size}
	}
	return r
}

func (r *shapeRecords) next() error {
	err := r.dbfRecords.next()
	if err != nil && err != io.EOF {
		return err
	}
	if err == io.EOF {
		if r.shx == nil && r.shp.size-r.shp.at >= shpRecord {
			return &Refusal{Code: "shapefile-count", Stage: "structure"}
		}
		return err
	}
	shape, err := r.shape()
	if err != nil {
		return err
	}
	r.end += int64(len(shape))
	c := cell{}
	if !r.hidden {
		c.b = r.geometry(shape)
	}
	if len(c.b) > 0 {
		c.as = asWKB
	}
	r.cells = append(r.cells, c)
	return nil
}

// shape gives the bytes of the shape at hand.
func (r *shapeRecords) shape() ([]byte, error) {
	if r.shx != nil {
		place, err := r.shx.next(8)
		if err != nil {
			return nil, err
		}
		at := 2 * int64(binary.BigEndian.Uint32(place))
		if at < shpHead || at > r.shp.size-shpRecord {
			return nil, badShapefile(r.n)
		}
		r.shp.seek(at)
	}
	head, err := r.shp.next(shpRecord)
	if err == io.EOF {
		return nil, &Refusal{Code: "shapefile-count", Stage: "structure"}
	}
	if err != nil {
		return nil, err
	}
	n := 2 * int64(binary.BigEndian.Uint32(head[4:]))
	r.read += n + shpRecord
	if n < 4 || n > r.shp.size-r.shp.at || r.read > r.shp.size {
		return nil, badShapefile(r.n)
	}
	if n > shpMost {
		return nil, &Refusal{Code: "too-large", Stage: "structure", Row: r.n, Line: r.n}
	}
	return r.shp.next(int(n))
}

// geometry turns a shape into WKB; nil: null.
func (r *shapeRecords) geometry(b []byte) []byte {
	kind := binary.LittleEndian.Uint32(b)
	if kind == shpNull {
		return nil
	}
	if kind != r.s.kind {
		r.broken.add(1, r.n, r.n)
		return nil
	}
	p, ok := readShape(b, kind)
	if !ok {
		r.broken.add(1, r.n, r.n)
		return nil
	}
	if p.measures {
		r.measures.add(1, r.n, r.n)
	}
	var fine bool
	w := geometry.Writer{Dst: r.wkb[:0], Z: p.z != nil}
	switch kind % 10 {
	case shpPoint:
		fine = p.point(&w)
	case shpMultiPoint:
		fine = p.multiPoint(&w)
	case shpLine:
		fine = p.lines(&w, r)
	default:
		fine = r.polygons(&w, &p)
	}
	r.wkb = w.Dst
	switch {
	case !fine:
		r.empty.add(1, r.n, r.n)
		return nil
	case geometry.Valid(w.Dst) != nil:
		r.broken.add(1, r.n, r.n)
		return nil
	}
	r.see(w.Dst, r.n)
	return w.Dst
}

func (r *shapeRecords) report(tr *TableReport, system, key string) {
	r.shapeProblems.report(tr, system, key)
	tr.problem("repaired", r.parts, key, "parts with an extent")
	tr.problem("repaired", r.closed, key, "closed rings")
	tr.problem("ring-direction", r.oriented, key, "")
}

// shapePoints are the positions of one shape, and where its parts begin.
type shapePoints struct {
	xy       []byte // 16 bytes a position
	z        []byte // 8 bytes a position; nil: none
	parts    []byte // 4 bytes a part
	n        int
	measures bool // some position has an M
}

func (p *shapePoints) at(i int) (x, y, z float64) {
	x, y = shpFloat(p.xy[16*i:]), shpFloat(p.xy[16*i+8:])
	if p.z != nil {
		z = shpFloat(p.z[8*i:])
	}
	return x, y, z
}

func shpFloat(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

// part gives the first position of a part and that behind its last.
func (p *shapePoints) part(i int) (from, to int) {
	from, to = int(binary.LittleEndian.Uint32(p.parts[4*i:])), p.n
	if i+1 < len(p.parts)/4 {
		to = int(binary.LittleEndian.Uint32(p.parts[4*i+4:]))
	}
	return from, to
}

// noMeasure: a number below is no M (page 2 of the description).
const noMeasure = -1e38

// readShape finds the parts of a shape; false: its counts lie.
func readShape(b []byte, kind uint32) (p shapePoints, ok bool) {
	withZ, withM := kind/10 == 1, kind/10 > 0
	if kind%10 == shpPoint {
		p.n = 1
		if b = b[4:]; len(b) < 16 || withZ && len(b) < 24 || kind/10 == 2 && len(b) < 24 {
			return p, false
		}
		p.xy = b[:16]
		b = b[16:]
		if withZ {
			p.z, b = b[:8], b[8:]
		}
		p.measures = withM && len(b) >= 8 && shpFloat(b) > noMeasure
		return p, true
	}
	at, parts := 36, 0 // behind the box
	if len(b) < at+4 {
		return p, false
	}
	if kind%10 != shpMultiPoint {
		parts = int(binary.LittleEndian.Uint32(b[at:]))
		if at += 4; len(b) < at+4 {
			return p, false
		}
	}
	p.n = int(binary.LittleEndian.Uint32(b[at:]))
	b = b[at+4:]
	if parts > len(b)/4 || p.n > len(b)/16 || 4*parts+16*p.n > len(b) {
		return p, false
	}
	p.parts, b = b[:4*parts], b[4*parts:]
	for i := range parts {
		if from, to := p.part(i); i == 0 && from != 0 || from > to || to > p.n {
			return p, false
		}
	}
	p.xy, b = b[:16*p.n], b[16*p.n:]
	if withZ {
		if len(b) < 16+8*p.n {
			return p, false
		}
		p.z, b = b[16:16+8*p.n], b[16+8*p.n:]
	}
	if withM && len(b) >= 16+8*p.n {
		for i := range p.n {
			p.measures = p.measures || shpFloat(b[16+8*i:]) > noMeasure
		}
	}
	return p, true
}

// nowhere: programs write the point that is none as NaN, or as the least
// number there is.
func nowhere(x, y float64) bool {
	return math.IsNaN(x) || math.IsNaN(y) || x < noMeasure || y < noMeasure
}

func (p *shapePoints) point(w *geometry.Writer) bool {
	x, y, z := p.at(0)
	if nowhere(x, y) {
		return false
	}
	w.Shape(geometry.ShapePoint)
	w.Position(x, y, z)
	return true
}

func (p *shapePoints) multiPoint(w *geometry.Writer) bool {
	w.Shape(geometry.ShapeMultiPoint)
	w.Count(p.n)
	for i := range p.n {
		w.Shape(geometry.ShapePoint)
		w.Position(p.at(i))
	}
	return p.n > 0
}

// lines writes the parts of more than one position.
func (p *shapePoints) lines(w *geometry.Writer, r *shapeRecords) bool {
	all, kept := len(p.parts)/4, 0
	for i := range all {
		if from, to := p.part(i); to-from > 1 {
			kept++
		}
	}
	if kept < all {
		r.parts.add(1, r.n, r.n)
	}
	if kept > 1 {
		w.Shape(geometry.ShapeMultiLineString)
		w.Count(kept)
	}
	for i := range all {
		from, to := p.part(i)
		if to-from < 2 {
			continue
		}
		w.Shape(geometry.ShapeLineString)
		w.Count(to - from)
		for k := from; k < to; k++ {
			w.Position(p.at(k))
		}
	}
	return kept > 0
}

// blockReader reads forwards in blocks, and elsewhere where it is told to.
type blockReader struct {
	ctx      context.Context
	r        io.ReaderAt
	at, size int64
	buf      []byte
	from     int64 // where buf stands in the file
}

const blockSize = 256 << 10

func (b *blockReader) seek(at int64) { b.at = at }

// next gives n bytes, valid until the next call; io.EOF: so many are not left.
func (b *blockReader) next(n int) ([]byte, error) {
	if int64(n) > b.size-b.at {
		return nil, io.EOF
	}
	off := b.at - b.from
	if off < 0 || off+int64(n) > int64(len(b.buf)) {
		if err := b.ctx.Err(); err != nil {
			return nil, err
		}
		want := min(int64(n), b.size-b.at)
		if b.at == b.from+int64(len(b.buf)) || len(b.buf) == 0 { // no leap: more will be wanted
			want = min(max(want, blockSize), b.size-b.at)
		}
		if int64(cap(b.buf)) < want {
			b.buf = make([]byte, want)
		}
		b.buf, b.from, off = b.buf[:want], b.at, 0
		if _, err := io.ReadFull(&sectionReader{ctx: b.ctx, r: b.r, at: b.at, end: b.at + want}, b.buf); err != nil {
			return nil, err
		}
	}
	b.at += int64(n)
	return b.buf[off : off+int64(n)], nil
}
