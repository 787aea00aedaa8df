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
// file, fsync. A batch is written while the next one is converted.
func bare(in *os.File, to string) (err error) {
	ctx := context.Background()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	f, err := format.Open(ctx, in, st.Size(), filepath.Base(in.Name()), format.Options{Locale: "vi"})
	if err != nil {
		return err
	}
	rows, err := f.Tables[0].Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Release()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Sync(), out.Close()) }()
	parquet, _ := datasets.FormatOf("parquet")
	w, err := parquet.New(out, f.Tables[0].Schema())
	if err != nil {
		return err
	}
	batches, written := make(chan arrow.Record), make(chan error)
	go func() {
		var err error
		for rec := range batches {
			if err == nil {
				err = w.Write(rec)
			}
			rec.Release()
		}
		written <- errors.Join(err, w.Close())
	}()
	for rows.Next() {
		rec := rows.Record()
		rec.Retain()
		batches <- rec
	}
	close(batches)
	return errors.Join(rows.Err(), <-written)
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
