package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

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

// parquetWriter waits for the first batch: it shows which text columns repeat
// themselves and are worth a dictionary. On others, and on numbers, a
// dictionary costs a quarter of the time and gives nothing.
type parquetWriter struct {
	w      io.Writer
	schema *arrow.Schema
	f      *pqarrow.FileWriter
	rows   int64 // in the open row group
	bytes  int64
	geo    *geoParquet // of the rows so far; nil: no geometry
}

func newParquet(w io.WriteSeeker, s *arrow.Schema) (Writer, error) {
	// v17 closes what it can: it must see nothing but Write
	return &parquetWriter{w: struct{ io.Writer }{w}, schema: s, geo: newGeoParquet(s)}, nil
}

func (p *parquetWriter) Write(rec arrow.Record) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("write parquet: the library gave up")
		}
	}()
	if p.f == nil {
		if err := p.open(rec); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	size := recordBytes(rec)
	if p.rows > 0 && (p.rows+rec.NumRows() > groupRows || p.bytes+size > groupBytes) {
		p.f.NewBufferedRowGroup()
		p.rows, p.bytes = 0, 0
	}
	p.rows += rec.NumRows()
	p.bytes += size
	if err := p.f.WriteBuffered(rec); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	p.geo.see(rec)
	return nil
}

func (p *parquetWriter) Close() (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("write parquet: the library gave up")
		}
	}()
	if p.f == nil {
		if err := p.open(nil); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	if p.geo != nil {
		meta, err := p.geo.metadata()
		if err == nil {
			err = p.f.AppendKeyValueMetadata("geo", string(meta))
		}
		if err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	if err := p.f.Close(); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}

func (p *parquetWriter) open(first arrow.Record) error {
	props := []parquet.WriterProperty{
		parquet.WithAllocator(memory.NewGoAllocator()),
		parquet.WithVersion(parquet.V2_6),
		parquet.WithCreatedBy("daylight"), // no version: the same rows, the same bytes
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithMaxRowGroupLength(groupRows),
		parquet.WithDictionaryDefault(false),
		// a column that once began a dictionary keeps it for the file: where v17
		// falls back it lists the encodings in the footer in the order of a map,
		// and the same rows would give other bytes. A dictionary is never larger
		// than its row group.
		parquet.WithDictionaryPageSizeLimit(1 << 40),
	}
	for _, f := range p.schema.Fields() {
		if f.Type.ID() == arrow.BINARY {
			// smallest and largest bytes say nothing of a geometry, and may be a
			// whole map in the footer
			props = append(props, parquet.WithStatsFor(f.Name, false))
		}
	}
	if first != nil {
		for i, c := range first.Columns() {
			if t, ok := c.(*array.String); ok && repeats(t) {
				props = append(props, parquet.WithDictionaryFor(p.schema.Field(i).Name, true))
			}
		}
	}
	f, err := pqarrow.NewFileWriter(p.schema, p.w, parquet.NewWriterProperties(props...),
		pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(memory.NewGoAllocator()), pqarrow.WithStoreSchema()))
	p.f = f
	return err
}

// repeats: at most every fourth value of the batch is a new one.
func repeats(t *array.String) bool {
	seen := map[string]struct{}{}
	for i := range t.Len() {
		if t.IsNull(i) {
			continue
		}
		seen[t.Value(i)] = struct{}{}
		if len(seen) > t.Len()/4 {
			return false
		}
	}
	return len(seen) > 0
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
