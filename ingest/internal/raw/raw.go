// Package raw holds an agency's file exactly as it was sent.
//
// Only packages under ingest can import it: the go tool sees to that. A File
// can be opened; it cannot be printed, logged or encoded, so that neither its
// name nor its bytes can slip into an error or a log line.
package raw

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// A File can be read, by ingest. It cannot be printed, logged or encoded.
// The zero File opens nothing.
//
// It holds a pointer: fmt cannot call Format on a hidden field of another
// struct, and would print what stands inside.
type File struct{ p *file }

type file struct {
	name string
	open func() (*os.File, error)
}

const withheld = "[raw file withheld]"

// ErrNone is what the zero File answers when it is opened.
var ErrNone = errors.New("raw: no file")

// New makes a File. The name is the agency's own and is never more than a
// hint about the format; open gives a descriptor to read, which the caller of
// Open closes.
func New(name string, open func() (*os.File, error)) File {
	return File{&file{name: name, open: open}}
}

// Open gives a descriptor to read from. The caller closes it.
func (f File) Open() (*os.File, error) {
	if f.p == nil || f.p.open == nil {
		return nil, ErrNone
	}
	return f.p.open()
}

// Hint gives the file's name as it was sent, for the recognition of formats
// and for nothing else.
func (f File) Hint() string {
	if f.p == nil {
		return ""
	}
	return f.p.name
}

func (File) Format(s fmt.State, _ rune)   { io.WriteString(s, withheld) }
func (File) String() string               { return withheld }
func (File) GoString() string             { return withheld }
func (File) MarshalText() ([]byte, error) { return []byte(withheld), nil }
func (File) MarshalJSON() ([]byte, error) { return []byte(`"` + withheld + `"`), nil }
func (File) MarshalYAML() (any, error)    { return withheld, nil }
func (File) MarshalBinary() ([]byte, error) {
	return []byte(withheld), nil
}
func (File) GobEncode() ([]byte, error) { return []byte(withheld), nil }
func (File) LogValue() slog.Value       { return slog.StringValue(withheld) }
