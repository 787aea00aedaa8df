package datasets

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"golang.org/x/sync/errgroup"

	"daylight/privacy"
)

// Parquet, zstd, with the Arrow schema in the footer so that offsets of
// timestamps and the labels of columns come back. With a geometry it is
// GeoParquet.
var parquetFormat = Format{
	Name:      "parquet",
	Ext:       ".parquet",
	MediaType: "application/vnd.apache.parquet",
	New:       newParquet,
	Read:      readParquet,
}

const (
	groupRows  = 1 << 20
	groupBytes = 128 << 20 // before compression
)

// parquetWriter encodes the values itself, a column at a time and several
// columns at once; the library writes pages, column chunks and the footer. Its
// own column writers take twice the time: they look at a text's smallest and
// largest value by value, hash through interfaces, and know no second thread.
type parquetWriter struct {
	out     tellWriter
	schema  *arrow.Schema
	props   *parquet.WriterProperties
	footer  *metadata.FileMetaDataBuilder
	groups  int16
	columns []*parquetColumn
	rows    int64 // in the open row group
	bytes   int64
	geo     *geoParquet // of the rows so far; nil: no geometry
}

// tellWriter knows how much was written.
type tellWriter struct {
	w  io.Writer
	at int64
}

func (t *tellWriter) Tell() int64 { return t.at }

func (t *tellWriter) Write(b []byte) (int, error) {
	n, err := t.w.Write(b)
	t.at += int64(n)
	return n, err
}

const parquetMagic = "PAR1"

func newParquet(w io.WriteSeeker, s *arrow.Schema) (_ Writer, err error) {
	defer gaveUp(&err)
	mem := memory.NewGoAllocator()
	p := &parquetWriter{out: tellWriter{w: w}, schema: s, geo: newGeoParquet(s)}
	p.props = parquet.NewWriterProperties(
		parquet.WithAllocator(mem),
		parquet.WithVersion(parquet.V2_6),
		parquet.WithCreatedBy("daylight"), // no version: the same rows, the same bytes
		parquet.WithCompression(compress.Codecs.Zstd),
	)
	sc, err := pqarrow.ToParquet(s, p.props, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, fmt.Errorf("write parquet: %w", err)
	}
	meta := metadata.NewKeyValueMetadata()
	if err := meta.Append("ARROW:schema", base64.StdEncoding.EncodeToString(flight.SerializeSchema(s, mem))); err != nil {
		return nil, fmt.Errorf("write parquet: %w", err)
	}
	p.footer = metadata.NewFileMetadataBuilder(sc, p.props, meta)
	for i, f := range s.Fields() {
		c, err := newParquetColumn(f, sc.Column(i))
		if err != nil {
			return nil, fmt.Errorf("write parquet: %w", err)
		}
		p.columns = append(p.columns, c)
	}
	if _, err := p.out.Write([]byte(parquetMagic)); err != nil {
		return nil, fmt.Errorf("write parquet: %w", err)
	}
	return p, nil
}

// gaveUp makes an error of a panic of the library.
func gaveUp(err *error) {
	if recover() != nil {
		*err = errors.New("write parquet: the library gave up")
	}
}

func (p *parquetWriter) Write(rec arrow.Record) (err error) {
	defer gaveUp(&err)
	for rec.NumRows() > groupRows {
		part := rec.NewSlice(0, groupRows)
		err := p.Write(part)
		part.Release()
		if err != nil {
			return err
		}
		rec = rec.NewSlice(groupRows, rec.NumRows())
		defer rec.Release()
	}
	size := recordBytes(rec)
	if p.rows > 0 && (p.rows+rec.NumRows() > groupRows || p.bytes+size > groupBytes) {
		if err := p.endGroup(); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	p.rows += rec.NumRows()
	p.bytes += size
	if err := p.encode(rec); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	p.geo.see(rec)
	return nil
}

// encode shares the columns out. What a column becomes does not depend on who
// does it, nor when.
func (p *parquetWriter) encode(rec arrow.Record) error {
	var next atomic.Int64
	work := func() (err error) {
		defer gaveUp(&err)
		e := pageEncoders.Get().(*pageEncoder)
		defer pageEncoders.Put(e)
		for {
			i := int(next.Add(1)) - 1
			if i >= len(p.columns) {
				return nil
			}
			if err := p.columns[i].add(e, rec.Column(i)); err != nil {
				return err
			}
		}
	}
	var others errgroup.Group
	for range min(runtime.GOMAXPROCS(0), len(p.columns)) - 1 {
		others.Go(work)
	}
	return errors.Join(work(), others.Wait())
}

// endGroup writes the pages of the open row group, column by column.
func (p *parquetWriter) endGroup() error {
	group := p.footer.AppendRowGroup()
	var size int64
	for _, c := range p.columns {
		n, err := c.flush(&p.out, group.NextColumnChunk(), p.groups)
		if err != nil {
			return err
		}
		size += n
	}
	group.SetNumRows(int(p.rows))
	err := group.Finish(size, p.groups)
	p.groups++
	p.rows, p.bytes = 0, 0
	return err
}

func (p *parquetWriter) Close() (err error) {
	defer gaveUp(&err)
	if p.rows > 0 {
		if err := p.endGroup(); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	if p.geo != nil {
		meta, err := p.geo.metadata()
		if err == nil {
			err = p.footer.AppendKeyValueMetadata("geo", string(meta))
		}
		if err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	footer, err := p.footer.Finish()
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	n, err := footer.WriteTo(&p.out, nil)
	if err == nil {
		_, err = p.out.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), parquetMagic...))
	}
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}

func recordBytes(rec arrow.Record) int64 {
	var n int64
	for _, c := range rec.Columns() {
		for _, b := range c.Data().Buffers() {
			if b != nil {
				n += int64(b.Len())
			}
		}
	}
	return n
}

type parquetTable struct {
	r      io.ReaderAt
	size   int64
	schema *arrow.Schema
}

func readParquet(r io.ReaderAt, size int64) (privacy.Table, error) {
	t := &parquetTable{r: r, size: size}
	f, err := t.open()
	if err != nil {
		return nil, err
	}
	defer f.ParquetReader().Close()
	s, err := f.Schema()
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	// v17 adds the Parquet field id to the metadata of every field
	fields := s.Fields()
	for i, f := range fields {
		var keys, values []string
		for k, key := range f.Metadata.Keys() {
			if key != "PARQUET:field_id" {
				keys, values = append(keys, key), append(values, f.Metadata.Values()[k])
			}
		}
		fields[i].Metadata = arrow.NewMetadata(keys, values)
	}
	t.schema = arrow.NewSchema(fields, nil)
	return t, nil
}

func (t *parquetTable) Schema() *arrow.Schema { return t.schema }

// open recovers: v17's reader panics on a damaged file. It is never given a
// file that this program did not write.
func (t *parquetTable) open() (f *pqarrow.FileReader, err error) {
	defer func() {
		if recover() != nil {
			f, err = nil, errors.New("read parquet: damaged file")
		}
	}()
	mem := memory.NewGoAllocator()
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true // pages as they come, not whole column chunks
	pf, err := file.NewParquetReader(io.NewSectionReader(t.r, 0, t.size), file.WithReadProps(props))
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	f, err = pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 16 << 10}, mem)
	if err != nil {
		pf.Close()
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	return f, nil
}

func (t *parquetTable) Rows(ctx context.Context) (rows array.RecordReader, err error) {
	defer func() {
		if recover() != nil {
			rows, err = nil, errors.New("read parquet: damaged file")
		}
	}()
	f, err := t.open()
	if err != nil {
		return nil, err
	}
	want := f.ParquetReader().NumRows()
	if want == 0 {
		f.ParquetReader().Close()
		return newRecords(t.schema, func() (arrow.Record, error) { return nil, io.EOF }, nil), nil
	}
	rr, err := f.GetRecordReader(ctx, nil, nil)
	if err != nil {
		f.ParquetReader().Close()
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	var got int64
	next := func() (rec arrow.Record, err error) {
		defer func() {
			if recover() != nil {
				rec, err = nil, fmt.Errorf("read parquet: damaged after row %d", got)
			}
		}()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if rr.Next() {
			rec := rr.Record()
			got += rec.NumRows()
			return array.NewRecord(t.schema, rec.Columns(), rec.NumRows()), nil
		}
		// v17 gives io.EOF as its error at the end, and also where a column
		// ends before the others: only the count tells them apart
		if err := rr.Err(); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read parquet: after row %d: %v", got, err)
		}
		if got != want {
			return nil, fmt.Errorf("read parquet: %d rows where the footer says %d", got, want)
		}
		return nil, io.EOF
	}
	return newRecords(t.schema, next, func() { rr.Release(); f.ParquetReader().Close() }), nil
}
