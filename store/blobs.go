package store

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
)

// Blobs are immutable objects under keys. The disk is one; blobs_test.go holds
// the suite that every other one has to pass.
//
// A key is two to eight segments of a-z, 0-9, '.', '_' and '-', joined by '/';
// the first is letters only, no segment starts with a dot. Everything else is
// refused with ErrBadKey, so that a key can never leave its place, and never
// reach a stamp, a lock, a database or the master key beside the folders.
type Blobs interface {
	// Put is atomic: the key is absent or whole, and whole means durable.
	// A key that is taken keeps its content and the answer is ErrExist.
	// An error of r is returned as it is and leaves nothing behind.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open reads n bytes from off; n < 0, or more than there are: to the end.
	// Off beyond the end is an error. The caller closes.
	Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error)
	// Size in bytes. ErrNotExist, like Open and File, where there is no such key.
	Size(ctx context.Context, key string) (int64, error)
	// Delete returns nil when the key is gone, also when it was never there.
	Delete(ctx context.Context, key string) error
	// File is the whole object as a local file (for sendfile and mmap), opened to read.
	// The caller closes.
	File(ctx context.Context, key string) (*os.File, error)
}

var keyRule = regexp.MustCompile(`^[a-z]+(/[0-9a-z][0-9a-z._-]{0,127}){1,7}$`)

func checkKey(key string) error {
	if !keyRule.MatchString(key) {
		return ErrBadKey // not quoted: a wrong key may be a file name of an agency
	}
	return nil
}

// FileKey is where a published file stands: "files/ab/<its SHA-256 in hex>".
// The shard keeps folders small; 256 of them suffice for millions of files.
func FileKey(sum [32]byte) string {
	h := fmt.Sprintf("%x", sum)
	return "files/" + h[:2] + "/" + h
}
