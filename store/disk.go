package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// disk is Blobs in a folder, and the careful writing that the rest of the
// package shares. A nil disk is a place that was never opened: every call is
// an error.
type disk struct {
	root     string
	tmp      string      // unfinished files; on the same file system as root
	perm     os.FileMode // of finished files; folders get the matching x bits
	readOnly bool
	broken   fault
	durable  sync.Map // folders whose entry in their parent this process has synced

	sync func(*os.File) error // (*os.File).Sync; tests put a failing one here
}

func newDisk(root string, perm os.FileMode, readOnly bool) *disk {
	return &disk{root: root, tmp: filepath.Join(root, "tmp"), perm: perm, readOnly: readOnly, sync: (*os.File).Sync}
}

func (d *disk) check(key string) error {
	if d == nil {
		return errZero
	}
	return checkKey(key)
}

// writable says why the place takes no writes, or nil.
func (d *disk) writable() error {
	switch {
	case d == nil:
		return errZero
	case d.readOnly:
		return fmt.Errorf("%w: opened to read", ErrReadOnly)
	}
	return d.broken.err()
}

func (d *disk) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

func (d *disk) Put(ctx context.Context, key string, r io.Reader) error {
	if err := d.check(key); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if err := d.put(ctx, key, r); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (d *disk) put(ctx context.Context, key string, r io.Reader) error {
	if err := d.writable(); err != nil {
		return err
	}
	// Spares the writing; the rename below is what decides.
	if _, err := os.Lstat(d.path(key)); err == nil {
		return ErrExist
	}
	f, err := d.create("put")
	if err != nil {
		return err
	}
	defer discard(f)
	if _, err := io.Copy(f, untilDone(ctx, r)); err != nil {
		return diskError(err)
	}
	if err := d.flush(f); err != nil {
		return err
	}
	Fail("put.synced")
	if err := d.makeFolder(filepath.Dir(d.path(key))); err != nil {
		return err
	}
	if err := renameNew(f.Name(), d.path(key)); err != nil {
		return diskError(err)
	}
	Fail("put.renamed")
	return d.syncFolder(filepath.Dir(d.path(key)))
}

func (d *disk) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	f, err := d.File(ctx, key)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	if off < 0 || off > st.Size() {
		f.Close()
		return nil, fmt.Errorf("open %s: offset %d of %d bytes", key, off, st.Size())
	}
	if n < 0 || n > st.Size()-off {
		n = st.Size() - off
	}
	return &section{io.NewSectionReader(f, off, n), f}, nil
}

// section also hands out the file's Seek and ReadAt, which http.ServeContent likes.
type section struct {
	*io.SectionReader
	io.Closer
}

func (d *disk) File(ctx context.Context, key string) (*os.File, error) {
	if err := d.check(key); err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(key))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, reason(err))
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", key, ErrNotExist)
	}
	return f, nil
}

func (d *disk) Size(ctx context.Context, key string) (int64, error) {
	if err := d.check(key); err != nil {
		return 0, fmt.Errorf("size: %w", err)
	}
	st, err := os.Stat(d.path(key))
	if err != nil {
		return 0, fmt.Errorf("size %s: %w", key, reason(err))
	}
	if !st.Mode().IsRegular() {
		return 0, fmt.Errorf("size %s: %w", key, ErrNotExist)
	}
	return st.Size(), nil
}

func (d *disk) Delete(ctx context.Context, key string) error {
	if err := d.check(key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if err := d.writable(); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	err := os.Remove(d.path(key))
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err == nil {
		Fail("delete.removed")
		err = d.syncFolder(filepath.Dir(d.path(key)))
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, diskError(reason(err)))
	}
	return nil
}

// create makes an unfinished file that only we can read. Every attempt gets a
// name of its own, so two writers of one key never mix. Callers defer discard.
func (d *disk) create(what string) (*os.File, error) {
	f, err := os.CreateTemp(d.tmp, what+".*")
	return f, diskError(err)
}

// discard closes f and removes it by the name it was created under. After a
// rename that name is gone, and nothing happens.
func discard(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// flush makes the content of f durable and gives it its final mode. A full disk
// is told as such and harms nobody, because f is thrown away; any other failed
// sync closes the place to writing.
func (d *disk) flush(f *os.File) error {
	if err := f.Chmod(d.perm); err != nil {
		return diskError(err)
	}
	if err := d.settle(f); err != nil {
		return err
	}
	return diskError(f.Close())
}

// settle makes the content of f durable and leaves it open.
func (d *disk) settle(f *os.File) error {
	if err := d.sync(f); err != nil {
		if err := diskError(err); errors.Is(err, ErrNoSpace) {
			return err
		}
		d.broken.set(err)
		return d.broken.err()
	}
	return nil
}

// makeFolder makes dir, below root, and makes its entry in each parent durable,
// once a process: a folder that is there may be one that a killed process made
// and had not synced.
func (d *disk) makeFolder(dir string) error {
	if _, ok := d.durable.Load(dir); ok {
		return nil
	}
	if dir != d.root {
		if err := d.makeFolder(filepath.Dir(dir)); err != nil {
			return err
		}
		if err := os.Mkdir(dir, folderMode(d.perm)); err != nil && !errors.Is(err, ErrExist) {
			return diskError(err)
		}
	}
	if err := d.syncFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	d.durable.Store(dir, true)
	return nil
}

// syncFolder makes renames into dir durable.
func (d *disk) syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return diskError(err)
	}
	defer f.Close()
	if err := d.sync(f); err != nil {
		d.broken.set(err)
		return d.broken.err()
	}
	return nil
}

// folderMode: who may read the file may enter the folder.
func folderMode(perm os.FileMode) os.FileMode { return perm | 0o100 | (perm&0o044)>>2 }

// renameNew renames and refuses to replace.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// Not every file system can; a link also refuses to replace. A crash
		// between the two leaves a second name in tmp, which Sweep removes.
		if err = unix.Link(from, to); err == nil {
			err = os.Remove(from)
		}
	}
	return err
}

// reason drops the path from an error of package os: the key says it already.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// untilDone reads r until ctx ends.
func untilDone(ctx context.Context, r io.Reader) io.Reader { return ctxReader{ctx, r} }

// ctxReader lives for one call, which is why it may hold a context.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// sweep empties a folder of what a process that is no more left in it.
func (d *disk) sweep(ctx context.Context, folder string) (n int, err error) {
	if err := d.writable(); err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, diskError(err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return n, diskError(err)
		}
		n++
	}
	return n, nil
}
