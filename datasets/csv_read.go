package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
	"daylight/privacy/letters"
)

// csvTable reads a file of ours from the start, every time Rows is called.
type csvTable struct {
	r      io.ReaderAt
	size   int64
	schema *arrow.Schema
}

// errCSV: the file is not one that newCSV wrote.
var errCSV = errors.New("not the CSV this program writes")

func readCSV(r io.ReaderAt, size int64) (privacy.Table, error) {
	t := &csvTable{r: r, size: size}
	s := t.scan()
	if err := s.record(); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: no header", errCSV)
		}
		return nil, fmt.Errorf("read csv: %w", err)
	}
	fields := make([]arrow.Field, s.cells())
	for i := range fields {
		text, null := s.cell(i)
		if null {
			return nil, fmt.Errorf("read csv: %w: column %d has no name", errCSV, i+1)
		}
		fields[i] = arrow.Field{Name: string(text), Type: arrow.BinaryTypes.String, Nullable: true}
	}
	t.schema = arrow.NewSchema(fields, nil)
	return t, nil
}

func (t *csvTable) Schema() *arrow.Schema { return t.schema }

func (t *csvTable) scan() *csvScanner {
	return &csvScanner{lineReader: newLineReader(t.r, t.size)}
}

// readRows are as many as stay near the processor.
const readRows = 16 << 10

func (t *csvTable) Rows(ctx context.Context) (array.RecordReader, error) {
	s := t.scan()
	if err := s.record(); err != nil {
		return nil, fmt.Errorf("read csv: %w", err)
	}
	columns := make([]textColumn, s.cells())
	next := func() (arrow.Record, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, text := 0, 0
		for rows < readRows && text < batchBytes {
			err := s.record()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil && s.cells() != len(columns) {
				err = fmt.Errorf("%w: line %d: %d cells where the header has %d", errCSV, s.line, s.cells(), len(columns))
			}
			if err != nil {
				return nil, fmt.Errorf("read csv: %w", err)
			}
			for i := range columns {
				columns[i].add(s.cell(i))
			}
			rows++
			text += len(s.text)
		}
		if rows == 0 {
			return nil, io.EOF
		}
		arrays := make([]arrow.Array, len(columns))
		for i := range columns {
			arrays[i] = columns[i].array()
			defer arrays[i].Release()
		}
		return array.NewRecord(t.schema, arrays, int64(rows)), nil
	}
	return newRecords(t.schema, next, nil), nil
}

// csvScanner reads one record after another, byte by byte: LF alone ends a
// record, a quote stands only at the ends of a cell, nothing is repaired. It
// says at which line it met something else.
type csvScanner struct {
	lineReader
	line int64 // of the file, from 1: where the last record began

	text []byte // cells of the record, unquoted, one after another
	ends []int  // where each cell ends in text
	null []bool
}

func (s *csvScanner) cells() int { return len(s.ends) }

// cell is valid until the next record.
func (s *csvScanner) cell(i int) (text []byte, null bool) {
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.text[from:s.ends[i]], s.null[i]
}

// record reads the next record; io.EOF after the last one.
func (s *csvScanner) record() error {
	s.text, s.ends, s.null = s.text[:0], s.ends[:0], s.null[:0]
	s.line = s.read + 1
	first := s.line == 1
	line, err := s.nextLine()
	if err != nil {
		return err
	}
	if first && bytes.HasPrefix(line, []byte("\xef\xbb\xbf")) {
		return fmt.Errorf("%w: byte order mark", errCSV)
	}
	for {
		// line holds what is left of the record's line, without the LF
		if len(line) > 0 && line[0] == '"' {
			if line, err = s.quoted(line[1:]); err != nil {
				return err
			}
			s.null = append(s.null, false)
		} else {
			cell := line
			if i := bytes.IndexByte(line, ','); i >= 0 {
				cell, line = line[:i], line[i:]
			} else {
				line = nil
			}
			if !plain(cell) {
				return fmt.Errorf("%w: line %d: quote or carriage return in an unquoted cell", errCSV, s.line)
			}
			s.text = append(s.text, cell...)
			s.null = append(s.null, len(cell) == 0)
		}
		s.ends = append(s.ends, len(s.text))
		if len(line) == 0 {
			break
		}
		if line[0] != ',' {
			return fmt.Errorf("%w: line %d: text after a closing quote", errCSV, s.line)
		}
		line = line[1:]
	}
	if !letters.Valid(s.text) {
		return fmt.Errorf("%w: line %d: not UTF-8", errCSV, s.line)
	}
	return nil
}

func (s *csvScanner) nextLine() ([]byte, error) {
	line, err := s.readLine()
	if errors.Is(err, errLineCut) {
		err = fmt.Errorf("%w: line %d: %w", errCSV, s.line, err)
	}
	return line, err
}

// quoted takes what follows an opening quote and gives what follows the closing
// one, on the line where that stands.
func (s *csvScanner) quoted(line []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(line, '"')
		switch {
		case i < 0:
			s.text = append(append(s.text, line...), '\n')
			var err error
			line, err = s.nextLine()
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("%w: line %d: quote not closed", errCSV, s.line)
			}
			if err != nil {
				return nil, err
			}
		case i+1 < len(line) && line[i+1] == '"':
			s.text = append(s.text, line[:i+1]...)
			line = line[i+2:]
		default:
			s.text = append(s.text, line[:i]...)
			return line[i+1:], nil
		}
	}
}
