// Command ours is our side of the bench, a program of its own so that nothing
// of the rivals is in its memory.
//
//	ours bare IN OUT.parquet   reads, types and writes Parquet, nothing else
//	ours publish IN OUTDIR     the whole path, as "daylight ingest --plan auto"
//
// publish tells on standard output, as JSON, how many seconds after the start
// each stage began.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/datasets"
	"daylight/ingest"
	"daylight/ingest/format"
)

func main() {
	ingest.Child()
	start := time.Now()
	if err := run(start); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(start time.Time) (err error) {
	if len(os.Args) != 4 {
		return errors.New("usage: ours bare IN OUT.parquet | ours publish IN OUTDIR")
	}
	if name := os.Getenv("CPUPROFILE"); name != "" {
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	in, err := os.Open(os.Args[2])
	if err != nil {
		return err
	}
	defer in.Close()
	switch os.Args[1] {
	case "bare":
		return bare(in, os.Args[3])
	case "publish":
		return publish(in, os.Args[3], start)
	}
	return fmt.Errorf("no contender %q", os.Args[1])
}

// bare is what rivals do too: types found over the whole file, one Parquet
// file, fsync. Rows that the reader gives early are written while it reads on;
// where they do not hold, all is written anew from a second pass.
func bare(in *os.File, to string) (err error) {
	ctx := context.Background()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Sync(), out.Close()) }()
	w := &writing{out: out}
	f, err := format.Open(ctx, in, st.Size(), filepath.Base(in.Name()), format.Options{Locale: "vi", Early: w})
	if err != nil {
		w.Drop()
		return err
	}
	schema := f.Tables[0].Schema()
	if f.Early && schema.Equal(w.schema) {
		return w.close()
	}
	w.Drop()
	rows, err := f.Tables[0].Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Release()
	w.Begin(schema)
	for rows.Next() {
		w.Batch(rows.Record())
	}
	return errors.Join(rows.Err(), w.close())
}

// writing writes a Parquet file on a goroutine of its own: a batch is written
// while the next one is made.
type writing struct {
	out     *os.File
	schema  *arrow.Schema
	batches chan arrow.Record // nil: nothing has begun
	ended   chan error
}

func (w *writing) Begin(schema *arrow.Schema) {
	w.schema, w.batches, w.ended = schema, make(chan arrow.Record), make(chan error, 1)
	go func(batches chan arrow.Record) {
		parquet, _ := datasets.FormatOf("parquet")
		p, err := parquet.New(w.out, schema)
		for rec := range batches {
			if err == nil {
				err = p.Write(rec)
			}
			rec.Release()
		}
		if err == nil {
			err = p.Close()
		}
		w.ended <- err
	}(w.batches)
}

func (w *writing) Batch(rec arrow.Record) {
	rec.Retain()
	w.batches <- rec
}

// Drop empties the file again.
func (w *writing) Drop() {
	if w.batches == nil {
		return
	}
	w.close()
	w.out.Truncate(0)
	w.out.Seek(0, io.SeekStart)
}

func (w *writing) close() error {
	close(w.batches)
	w.batches = nil
	return <-w.ended
}

func publish(in *os.File, to string, start time.Time) error {
	debug.SetMemoryLimit(256 << 20) // as "daylight ingest" does
	type stage struct {
		Name string  `json:"name"`
		At   float64 `json:"at"` // seconds after the start
	}
	meter := ingest.OfflineMeter()
	_, err := ingest.Offline(context.Background(), ingest.OfflineOptions{
		File: in, Name: filepath.Base(in.Name()), Plan: []byte("auto"), Out: to, Locale: "vi", Now: start,
		Meter: meter,
	})
	if err != nil {
		return err
	}
	var stages []stage
	for _, b := range meter.Begun() {
		stages = append(stages, stage{b.Stage, b.At.Sub(start).Seconds()})
	}
	stages = append(stages, stage{"done", time.Since(start).Seconds()})
	return json.NewEncoder(os.Stdout).Encode(stages)
}
