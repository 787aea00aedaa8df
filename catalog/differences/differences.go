// Package differences compares the releases of a dataset: two of them when
// somebody asks, and each with the one before it after its publication, to keep
// how many rows changed. It reads public files and public rows only. No two
// releases are compared of which one is about persons, or has been withdrawn.
package differences

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/datasets/difference"
	"daylight/privacy"
)

var (
	// ErrPersons: one of the releases is about persons. Until composition over
	// versions can vouch for it, what differs is told to nobody.
	ErrPersons = errors.New("differences: a release about persons is not compared")
	// ErrBusy: others are being compared. Ask again in a moment.
	ErrBusy = errors.New("differences: too much is being compared at once")
)

// Options of a Maker; the zero Options work.
type Options struct {
	Temp string           // folder for temporary files; "": the system's
	Time time.Duration    // for one comparison; 0: two minutes
	Wait time.Duration    // for others to end; 0: ten seconds
	Log  *slog.Logger     // nil: discarded
	Now  func() time.Time // nil: time.Now
}

// keptMost is how many comparisons are kept for those who ask next. Each holds
// two open files, and temporary ones of 48 bytes for each row that changed.
const keptMost = 4

// A Maker compares. One comparison runs at a time, and who asks for one that is
// under way waits for it. Safe for concurrent use.
type Maker struct {
	catalog *catalog.Store
	library datasets.Library
	o       Options
	turn    chan struct{} // holds one while a comparison runs

	mu   sync.Mutex // over what follows
	kept []*entry   // the one that was asked for last at the end
}

// New compares releases of this catalogue, whose files are in this library.
func New(c *catalog.Store, l datasets.Library, o Options) *Maker {
	m := &Maker{catalog: c, library: l, o: o, turn: make(chan struct{}, 1)}
	if m.o.Time == 0 {
		m.o.Time = 2 * time.Minute
	}
	if m.o.Wait == 0 {
		m.o.Wait = 10 * time.Second
	}
	if m.o.Log == nil {
		m.o.Log = slog.New(slog.DiscardHandler)
	}
	if m.o.Now == nil {
		m.o.Now = time.Now
	}
	return m
}

// May says whether two releases may be compared: nil, ErrPersons, or
// catalog.ErrNotFound where one has been withdrawn.
func May(before, after *catalog.Release) error {
	switch {
	case before.Dataset != after.Dataset || before.Withdrawn != nil || after.Withdrawn != nil:
		return catalog.ErrNotFound
	case before.AboutPersons() || after.AboutPersons():
		return ErrPersons
	}
	return nil
}

// entry is a comparison that is kept.
type entry struct {
	before, after datasets.Ref
	ready         chan struct{} // closed when d or err is there
	d             *difference.Difference
	err           error

	users int  // guarded by Maker.mu
	old   bool // no longer in Maker.kept; guarded by Maker.mu
}

// Of compares a table of two releases. Files never change, so the answer is
// kept. The caller calls done when it needs it no more. A table that one of them
// does not have is catalog.ErrNotFound; tables that have no column in common
// are difference.ErrNothingCommon.
func (m *Maker) Of(ctx context.Context, before, after *catalog.Release, table string) (d *difference.Difference, done func(), err error) {
	if err := May(before, after); err != nil {
		return nil, nil, err
	}
	was, wasFile, err := tableOf(before, table)
	if err != nil {
		return nil, nil, err
	}
	is, isFile, err := tableOf(after, table)
	if err != nil {
		return nil, nil, err
	}
	e, mine := m.take(wasFile.Ref, isFile.Ref)
	if mine {
		// not the caller's context: others may wait for the same
		go m.run(context.WithoutCancel(ctx), e, was, wasFile, is, isFile)
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		m.leave(e)
		return nil, nil, ctx.Err()
	}
	if e.err != nil {
		m.leave(e)
		return nil, nil, e.err
	}
	return e.d, sync.OnceFunc(func() { m.leave(e) }), nil
}

// tableOf finds a table and the file to read it from: the quickest with types.
func tableOf(r *catalog.Release, name string) (datasets.TableInfo, catalog.File, error) {
	i := slices.IndexFunc(r.Tables, func(t datasets.TableInfo) bool { return t.Name == name })
	if i < 0 {
		return datasets.TableInfo{}, catalog.File{}, catalog.ErrNotFound
	}
	for _, format := range []string{"arrow", "parquet"} {
		for _, f := range r.Files {
			if f.Format == format && f.Table == name {
				return r.Tables[i], f, nil
			}
		}
	}
	return datasets.TableInfo{}, catalog.File{}, catalog.ErrNotFound
}

// take gives the entry of two files; mine: nobody works at it yet.
func (m *Maker) take(before, after datasets.Ref) (e *entry, mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.kept, func(e *entry) bool { return e.before == before && e.after == after })
	if i >= 0 {
		e = m.kept[i]
		m.kept = append(slices.Delete(m.kept, i, i+1), e)
	} else {
		e, mine = &entry{before: before, after: after, ready: make(chan struct{})}, true
		e.users++ // whoever makes it
		if m.kept = append(m.kept, e); len(m.kept) > keptMost {
			m.drop(m.kept[0])
		}
	}
	e.users++
	return e, mine
}

// drop forgets an entry; the last who uses it closes it. The caller holds m.mu.
func (m *Maker) drop(e *entry) {
	if i := slices.Index(m.kept, e); i >= 0 {
		m.kept = slices.Delete(m.kept, i, i+1)
	}
	e.old = true
	e.closeUnused()
}

func (e *entry) closeUnused() {
	if e.old && e.users == 0 && e.d != nil {
		e.d.Close()
		e.d = nil
	}
}

func (m *Maker) leave(e *entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.users--
	e.closeUnused()
}

// Close forgets what is kept.
func (m *Maker) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.kept) > 0 {
		m.drop(m.kept[0])
	}
	return nil
}

// run fills an entry. One that failed is not kept.
func (m *Maker) run(ctx context.Context, e *entry, was datasets.TableInfo, wasFile catalog.File, is datasets.TableInfo, isFile catalog.File) {
	d, err := m.compare(ctx, was, wasFile, is, isFile)
	m.mu.Lock()
	defer m.mu.Unlock()
	e.d, e.err = d, err
	close(e.ready)
	e.users--
	if err != nil {
		m.drop(e)
	}
	e.closeUnused()
}

func (m *Maker) compare(ctx context.Context, was datasets.TableInfo, wasFile catalog.File, is datasets.TableInfo, isFile catalog.File) (_ *difference.Difference, err error) {
	defer func() {
		if p := recover(); p != nil { // of a library that reads the files; a file of ours is at fault
			err = errors.New("differences: a file cannot be read")
		}
	}()
	wait := time.NewTimer(m.o.Wait)
	defer wait.Stop()
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-wait.C:
		return nil, ErrBusy
	}
	ctx, stop := context.WithTimeout(ctx, m.o.Time)
	defer stop()
	before, err := m.open(ctx, was, wasFile)
	if err != nil {
		return nil, err
	}
	after, err := m.open(ctx, is, isFile)
	if err != nil {
		before.Rows.(openTable).Close()
		return nil, err
	}
	return difference.Compare(ctx, before, after, m.o.Temp)
}

// openTable closes its file.
type openTable struct {
	privacy.Table
	file *os.File
}

func (t openTable) Close() error { return t.file.Close() }

func (m *Maker) open(ctx context.Context, info datasets.TableInfo, f catalog.File) (difference.Side, error) {
	format, ok := datasets.FormatOf(f.Format)
	if !ok {
		return difference.Side{}, fmt.Errorf("open a table: no format %s", f.Format)
	}
	file, err := m.library.File(ctx, f.Ref)
	if err != nil {
		return difference.Side{}, fmt.Errorf("open a table: %w", err)
	}
	t, err := format.Read(file, f.Bytes)
	if err != nil {
		file.Close()
		return difference.Side{}, fmt.Errorf("open a table: %w", err)
	}
	return difference.Side{Info: info, Rows: openTable{t, file}}, nil
}
