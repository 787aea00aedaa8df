package main

import (
	"fmt"
	"io"
	"strings"
)

// print writes the report for people.
func (r report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%.1f MB of CSV, %d columns", float64(r.Bytes)/1e6, r.Columns)
	if r.Rows > 0 {
		fmt.Fprintf(w, ", %d rows", r.Rows)
	}
	fmt.Fprintf(w, "; %d threads each; medians of %d rounds; x = DuckDB in the same round is 1\n\n", r.Threads, r.Rounds)
	fmt.Fprintf(w, "%-28s %9s %6s %9s %6s %9s %6s %11s %11s\n", "", "wall s", "x", "CPU s", "x", "peak MiB", "x", "Parquet MB", "written MB")
	for _, c := range r.Results {
		fmt.Fprintf(w, "%-28s %9.2f %6.2f %9.2f %6.2f %9d %6.2f %11.1f %11.1f\n",
			c.Name, c.Wall, c.WallX, c.CPU, c.CPUX, c.Peak>>10, c.PeakX, float64(c.Parquet)/1e6, float64(c.Written)/1e6)
	}
	for _, c := range r.Results {
		if len(c.Stages) == 0 {
			continue
		}
		var parts []string
		for _, s := range c.Stages[:len(c.Stages)-1] {
			parts = append(parts, fmt.Sprintf("%s %.2f s", s.Name, s.Seconds))
		}
		fmt.Fprintf(w, "\n%s, its last run by stage: %s\n", c.Name, strings.Join(parts, ", "))
	}
	fmt.Fprint(w, "\nwhat was written, read back by DuckDB (ours against DuckDB's):\n")
	for _, c := range r.Equality {
		verdict := "equal"
		if !c.Equal {
			verdict = "DIFFERENT"
		}
		if c.Note != "" {
			verdict += "; " + c.Note
		}
		fmt.Fprintf(w, "  %-22s %-14s %-10s %s\n", c.Column, c.Ours, c.Theirs, verdict)
	}
	for _, n := range r.NotInstalled {
		fmt.Fprintf(w, "\nNOT MEASURED, not installed: %s\n", n)
	}
}
