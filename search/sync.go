package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	bleve "github.com/blevesearch/bleve/v2"

	"daylight/catalog"
)

// batchDocs is how many documents Bleve takes at once: each batch is made
// durable and becomes a segment.
const batchDocs = 1_000

var errClosed = errors.New("the search index is closed")

// Sync brings the index in step with the catalogue once: it builds it where
// there is none, applies the changes since, and after opening compares it.
func (x *Index) Sync(ctx context.Context) (err error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.isClosed() {
		return fmt.Errorf("sync: %w", errClosed)
	}
	defer func() { x.behind.Store(err != nil) }()
	if x.live == nil || x.doubted.Load() {
		return x.rebuild(ctx)
	}
	err = x.catchUp(ctx)
	if err == nil && !x.verified {
		var d difference
		if d, err = x.compare(ctx); err == nil && d.any() {
			err = fmt.Errorf("%w: %s", errDamaged, d)
		}
		x.verified = err == nil
	}
	if errors.Is(err, errDamaged) {
		x.opt.Log.Warn("search index is built anew", "reason", err)
		x.publish(nil)
		return x.rebuild(ctx)
	}
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return x.refresh(ctx)
}

// Rebuild builds the index from nothing beside the one in use, and swaps them.
func (x *Index) Rebuild(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.isClosed() {
		return fmt.Errorf("rebuild: %w", errClosed)
	}
	return x.rebuild(ctx)
}

// Check compares the index with the catalogue after catching up: the same ids,
// the same versions (invariant I4). It changes nothing else; an error says how
// many datasets differ.
func (x *Index) Check(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.isClosed() {
		return fmt.Errorf("check search index: %w", errClosed)
	}
	if x.live == nil || x.doubted.Load() {
		return errors.New("check search index: there is none that can be trusted; rebuild it")
	}
	err := x.catchUp(ctx)
	if err == nil {
		var d difference
		if d, err = x.compare(ctx); err == nil && d.any() {
			err = errors.New(d.String())
		}
	}
	if err != nil {
		return fmt.Errorf("check search index: %w", err)
	}
	return nil
}

func (x *Index) isClosed() bool {
	x.serving.Lock()
	defer x.serving.Unlock()
	return x.closed
}

// held is the change that the live index holds.
func (x *Index) held() (int64, error) {
	b, err := x.live.index.GetInternal(keyLast)
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: it does not say which change it holds", errDamaged)
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// catchUp applies the changes since the one that is held. The documents and
// the change's number are one batch, so that a kill leaves both or neither.
func (x *Index) catchUp(ctx context.Context) (err error) {
	defer recovered(&err)
	last, err := x.held()
	if err != nil {
		return err
	}
	newest, _, err := x.catalogue.LastChange(ctx)
	if err != nil {
		return err
	}
	if newest < last {
		return fmt.Errorf("%w: it is of another catalogue", errDamaged)
	}
	for last < newest {
		ids := map[catalog.DatasetID]bool{}
		everything := false
		for c, err := range x.catalogue.Changes(ctx, last) {
			if err != nil {
				return err
			}
			last = c.ID
			if c.Dataset == "" {
				everything = true // an agency: it is a word of all its datasets
			} else {
				ids[c.Dataset] = true
			}
			if len(ids) == batchDocs {
				break
			}
		}
		if everything {
			err = x.applyAll(ctx, last)
		} else {
			err = x.apply(ctx, ids, last)
		}
		if err != nil {
			return err
		}
		if len(ids) == 0 && !everything {
			return nil // newest was told before a change that is not there
		}
	}
	return nil
}

// apply brings these datasets up to date and holds change last.
func (x *Index) apply(ctx context.Context, ids map[catalog.DatasetID]bool, last int64) error {
	r := newReader(x.catalogue)
	b := x.live.index.NewBatch()
	for id := range ids {
		d, err := x.catalogue.Dataset(ctx, string(id))
		if errors.Is(err, catalog.ErrNotFound) {
			b.Delete(string(id))
			continue
		}
		if err != nil {
			return err
		}
		if err := put(ctx, r, b, d); err != nil {
			return err
		}
	}
	return commit(x.live.index, b, last)
}

// applyAll compares every dataset and brings those up to date that differ.
func (x *Index) applyAll(ctx context.Context, last int64) error {
	s, err := load(ctx, x.live)
	if err != nil {
		return err
	}
	defer s.reader.Close()
	r := newReader(x.catalogue)
	b := x.live.index.NewBatch()
	seen := map[catalog.DatasetID]bool{}
	for d, err := range x.catalogue.All(ctx) {
		if err != nil {
			return err
		}
		doc, err := r.doc(ctx, d)
		if err != nil {
			return err
		}
		seen[doc.id] = true
		if old := s.byID[doc.id]; old != nil && old.version == doc.version {
			continue
		}
		if err := b.Index(string(doc.id), doc.fields()); err != nil {
			return err
		}
		if b.Size() >= batchDocs {
			// without the change's number: cut off here, it is all done again
			if err := x.live.index.Batch(b); err != nil {
				return err
			}
			b.Reset()
		}
	}
	for id := range s.byID {
		if !seen[id] {
			b.Delete(string(id))
		}
	}
	return commit(x.live.index, b, last)
}

func put(ctx context.Context, r *reader, b *bleve.Batch, d *catalog.Dataset) error {
	doc, err := r.doc(ctx, d)
	if err != nil {
		return err
	}
	return b.Index(string(doc.id), doc.fields())
}

func commit(index bleve.Index, b *bleve.Batch, last int64) error {
	b.SetInternal(keyLast, binary.BigEndian.AppendUint64(nil, uint64(last)))
	return index.Batch(b)
}

// refresh lets Find see what the live index holds now.
func (x *Index) refresh(ctx context.Context) error {
	x.serving.Lock()
	shown := x.current
	x.serving.Unlock()
	if shown != nil && shown.gen == x.live {
		last, err := x.held()
		if err != nil {
			return err
		}
		if shown.last == last {
			return nil
		}
	}
	s, err := load(ctx, x.live)
	if err != nil {
		return err
	}
	x.publish(s)
	return nil
}

// rebuild holds writing. The old index serves on unless it is doubted.
func (x *Index) rebuild(ctx context.Context) (err error) {
	start := time.Now()
	name := fmt.Sprintf("index-%d", start.UnixNano())
	dir := filepath.Join(x.dir, name)
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
			err = fmt.Errorf("rebuild search index: %w", err)
		}
	}()
	index, err := createBleve(dir)
	if err != nil {
		return err
	}
	g := &generation{name: name, index: index, refs: 1}
	defer func() {
		if err != nil {
			x.drop(g)
		}
	}()
	n, err := x.fill(ctx, index)
	if err != nil {
		return err
	}
	s, err := load(ctx, g)
	if err != nil {
		return err
	}
	if err := x.point(name); err != nil {
		s.reader.Close()
		return err
	}
	old := x.live
	x.live, x.verified = g, true
	x.doubted.Store(false)
	if old != nil {
		x.serving.Lock()
		old.gone = true
		x.serving.Unlock()
	}
	x.publish(s)
	if derr := x.drop(old); derr != nil {
		x.opt.Log.Warn("close old search index", "error", derr)
	}
	x.opt.Log.Info("search index built", "datasets", n, "took", time.Since(start).Round(time.Millisecond))
	// what was published meanwhile is in the changes after the one it holds
	if err := x.catchUp(ctx); err != nil {
		x.opt.Log.Warn("search index", "error", err)
		return nil
	}
	if err := x.refresh(ctx); err != nil {
		x.opt.Log.Warn("search index", "error", err)
	}
	return nil
}

// fill indexes the whole catalogue. The number of the last change is read
// first: what changes under way is applied once more afterwards.
func (x *Index) fill(ctx context.Context, index bleve.Index) (n int, err error) {
	defer recovered(&err)
	last, _, err := x.catalogue.LastChange(ctx)
	if err != nil {
		return 0, err
	}
	r := newReader(x.catalogue)
	b := index.NewBatch()
	b.SetInternal(keyAnalysis, []byte(analysisVersion))
	for d, err := range x.catalogue.All(ctx) {
		if err != nil {
			return n, err
		}
		if err := put(ctx, r, b, d); err != nil {
			return n, err
		}
		n++
		if n%batchDocs == 0 {
			if err := index.Batch(b); err != nil {
				return n, err
			}
			b.Reset()
		}
	}
	return n, commit(index, b, last)
}

// point makes CURRENT name the folder, durably and in one step.
func (x *Index) point(name string) error {
	tmp := filepath.Join(x.dir, currentFile+".new")
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.WriteString(name + "\n")
	if serr := f.Sync(); err == nil {
		err = serr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp, filepath.Join(x.dir, currentFile))
	}
	if err != nil {
		return err
	}
	d, err := os.Open(x.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// difference counts how the index differs from the catalogue.
type difference struct{ missing, extra, changed int }

func (d difference) any() bool { return d != difference{} }

func (d difference) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{d.missing, "missing"}, {d.extra, "too many"}, {d.changed, "of another version"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return "datasets that differ from the catalogue: " + strings.Join(parts, ", ")
}

// compare holds the live index, as it is on disk, against the catalogue. Where
// something is published meanwhile it catches up and looks again.
func (x *Index) compare(ctx context.Context) (difference, error) {
	for {
		d, last, err := x.compareOnce(ctx)
		if err != nil || !d.any() {
			return d, err
		}
		newest, _, err := x.catalogue.LastChange(ctx)
		if err != nil {
			return d, err
		}
		if newest == last {
			return d, nil
		}
		if err := x.catchUp(ctx); err != nil {
			return d, err
		}
	}
}

func (x *Index) compareOnce(ctx context.Context) (difference, int64, error) {
	var d difference
	s, err := load(ctx, x.live)
	if err != nil {
		return d, 0, err
	}
	defer s.reader.Close()
	r := newReader(x.catalogue)
	n := 0
	for c, err := range x.catalogue.All(ctx) {
		if err != nil {
			return d, 0, err
		}
		doc, err := r.doc(ctx, c)
		if err != nil {
			return d, 0, err
		}
		old := s.byID[doc.id]
		switch {
		case old == nil:
			d.missing++
			continue
		case old.version != doc.version:
			d.changed++
		}
		n++
	}
	d.extra = len(s.byID) - n
	return d, s.last, nil
}
