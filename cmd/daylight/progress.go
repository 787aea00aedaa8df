package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"daylight/catalog"
)

// progressFlag is of the commands that may take long.
type progressFlag struct {
	Progress bool `help:"Say every ten seconds how far it is, where there is no terminal to draw a bar in."`
}

const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
)

// follow shows how far something has come until end is called: as a bar where
// somebody looks, else as lines where they are wanted, else not. It writes to
// the standard error only. now gives nil while there is nothing to show.
func (c *console) follow(f progressFlag, now func() *catalog.Progress) (end func()) {
	show, done, every := func(*catalog.Progress) {}, func() {}, lineEvery
	switch terminal := c.terminal(); {
	case terminal != io.Discard:
		bar := progressbar.NewOptions(1000, progressbar.OptionSetWriter(terminal), progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
		every = barEvery
		show = func(p *catalog.Progress) {
			share, _ := p.Share()
			bar.Describe(progressLine(p))
			bar.Set(int(share * 999)) // 1000 would be the end
		}
		done = func() { bar.Finish() }
	case f.Progress:
		show = func(p *catalog.Progress) {
			line := progressLine(p)
			if share, known := p.Share(); known {
				line += fmt.Sprintf(" (%.0f %%)", share*100)
			}
			fmt.Fprintln(c.err, line)
		}
	default:
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done()
				return
			case <-tick.C:
				if p := now(); p != nil {
					show(p)
				}
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// progressLine is one line: "5/8 converting, 1.2 M rows, 214 k rows/s, 40 s left".
func progressLine(p *catalog.Progress) string {
	parts := []string{fmt.Sprintf("%d/%d %s", p.StageNumber, p.Stages, p.Stage)}
	switch {
	case p.Rows > 0:
		parts = append(parts, short(p.Rows)+" rows")
	case p.DoneBytes > 0:
		parts = append(parts, short(p.DoneBytes)+"B")
	}
	switch {
	case p.RowsPerSecond > 0:
		parts = append(parts, short(p.RowsPerSecond)+" rows/s")
	case p.BytesPerSecond > 0:
		parts = append(parts, short(p.BytesPerSecond)+"B/s")
	}
	if p.Left != nil {
		parts = append(parts, (time.Duration(*p.Left)*time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

// short writes 1234567 as "1.2 M".
func short(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d ", n)
	}
	f := float64(n)
	for _, unit := range []string{"k", "M", "G"} {
		f /= 1000
		if f < 999.5 || unit == "G" {
			if f < 9.95 {
				return fmt.Sprintf("%.1f %s", f, unit)
			}
			return fmt.Sprintf("%.0f %s", f, unit)
		}
	}
	return ""
}
