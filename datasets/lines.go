package datasets

import (
	"bufio"
	"errors"
	"io"
)

// lineReader reads a file of ours line by line, however long a line is.
type lineReader struct {
	r    *bufio.Reader
	read int64  // lines that were read
	part []byte // a line as read
}

func newLineReader(r io.ReaderAt, size int64) lineReader {
	return lineReader{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)}
}

// errLineCut: the last line has no LF, so it was cut off.
var errLineCut = errors.New("file ends within a line")

// readLine gives the next line without its LF, io.EOF after the last. It is
// valid until the next one.
func (l *lineReader) readLine() ([]byte, error) {
	l.part = l.part[:0]
	for {
		b, err := l.r.ReadSlice('\n')
		if err == nil && len(l.part) == 0 {
			l.read++
			return b[:len(b)-1], nil
		}
		l.part = append(l.part, b...)
		switch {
		case err == nil:
			l.read++
			return l.part[:len(l.part)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(l.part) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, errLineCut
		default:
			return nil, err
		}
	}
}
