// Command bench measures Daylight against the fastest loaders there are, on
// the same file, in the same run, each in a process of its own.
//
//	bench [-size 100MB] [-runs 5] [-polars FOLDER] [-json] [-file FILE]
//
// The file is generated (generate.go), so the figures can be had anywhere. See
// docs/ingest.md for what is compared with what, and why that is fair.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := bench(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

//go:embed polars.js
var polarsScript []byte

// A contender turns the CSV file into one or several files.
type contender struct {
	Name string
	args func(in, dir string) []string // program first
	file string                        // its Parquet file, in dir
}

// A result is a contender's part of the table: medians over its runs.
type result struct {
	Name string `json:"name"`
	cost
	Parquet int64   `json:"parquet_bytes"`
	Written int64   `json:"written_bytes"` // all files
	WallX   float64 `json:"wall_x"`        // in the same round DuckDB took 1; median over the rounds
	CPUX    float64 `json:"cpu_x"`
	PeakX   float64 `json:"peak_x"`
	Stages  []stage `json:"stages,omitempty"`
	Runs    []cost  `json:"runs"`
	ratios  [][3]float64
}

type stage struct {
	Name    string  `json:"name"`
	At      float64 `json:"at"` // seconds after the start
	Seconds float64 `json:"seconds"`
}

type report struct {
	Bytes        int64        `json:"bytes"`
	Rows         int64        `json:"rows,omitempty"`
	Columns      int          `json:"columns"`
	Threads      int          `json:"threads"`
	Rounds       int          `json:"rounds"`
	Results      []result     `json:"results"`
	Equality     []comparison `json:"equality"`
	NotInstalled []string     `json:"not_installed,omitempty"`
}

func bench(ctx context.Context, args []string, out, log io.Writer) error {
	if len(args) > 0 {
		switch args[0] { // this program started by itself
		case "duckdb":
			threads, _ := strconv.Atoi(args[1])
			return duck(ctx, threads, args[2], args[3])
		case "compare":
			return compare(ctx, out, args[1], args[2])
		}
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	size := flags.String("size", "100MB", "how much CSV to generate: 100MB, 1GB, 4GB")
	runs := flags.Int("runs", 5, "rounds; every contender runs once a round")
	threads := flags.Int("threads", 2, "threads of each contender")
	seed := flags.Uint64("seed", 1, "of the generator")
	file := flags.String("file", "", "measure this CSV file instead")
	folder := flags.String("work", "", "where files are made; a temporary folder")
	ours := flags.String("ours", "", "the program of cmd/bench/ours; beside this one")
	polars := flags.String("polars", ".", "a folder under which npm installed nodejs-polars")
	asJSON := flags.Bool("json", false, "answer as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if *ours == "" {
		*ours = filepath.Join(filepath.Dir(self), "ours")
	}
	work, err := os.MkdirTemp(*folder, "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r := report{Columns: strings.Count(header, ",") + 1, Threads: *threads, Rounds: *runs}
	in := *file
	if in == "" {
		n, err := sizeOf(*size)
		if err != nil {
			return err
		}
		in = filepath.Join(work, "in.csv")
		fmt.Fprintf(log, "generating %s …\n", *size)
		if r.Rows, err = generateFile(in, n, *seed); err != nil {
			return err
		}
	}
	st, err := os.Stat(in)
	if err != nil {
		return err
	}
	r.Bytes = st.Size()

	contenders := []contender{
		{"duckdb", func(in, dir string) []string {
			return []string{self, "duckdb", strconv.Itoa(*threads), in, filepath.Join(dir, "duckdb.parquet")}
		}, "duckdb.parquet"},
		{"daylight, CSV to Parquet", func(in, dir string) []string {
			return []string{*ours, "bare", in, filepath.Join(dir, "bare.parquet")}
		}, "bare.parquet"},
		{"daylight, to published form", func(in, dir string) []string { return []string{*ours, "publish", in, dir} }, "data.parquet"},
	}
	script := filepath.Join(work, "polars.js")
	if err := os.WriteFile(script, polarsScript, 0o600); err != nil {
		return err
	}
	if exec.Command("node", script, *polars).Run() == nil {
		contenders = append(contenders, contender{"polars", func(in, dir string) []string {
			return []string{"node", script, *polars, in, filepath.Join(dir, "polars.parquet")}
		}, "polars.parquet"})
	} else {
		r.NotInstalled = append(r.NotInstalled, "polars")
		fmt.Fprintf(log, "\n*** NOT MEASURED: polars. nodejs-polars and its library are not installed under %s:\n"+
			"*** npm install nodejs-polars nodejs-polars-linux-x64-gnu, then -polars FOLDER\n\n", *polars)
	}
	if r.Results, err = race(ctx, log, contenders, in, work, *runs, *threads); err != nil {
		return err
	}
	fmt.Fprintln(log, "comparing what was written …")
	_, answer, err := run(ctx, *threads, self, "compare", filepath.Join(work, "bare.parquet"), filepath.Join(work, "duckdb.parquet"))
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if err := json.Unmarshal(answer, &r.Equality); err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		r.print(out)
	}
	for _, c := range r.Equality {
		if !c.Equal {
			return errors.Join(err, fmt.Errorf("column %s: the files hold different values", c.Column))
		}
	}
	return err
}

// race lets every contender run once a round, so that what else the machine
// does falls on all of them, and takes the ratios within a round.
func race(ctx context.Context, log io.Writer, contenders []contender, in, work string, rounds, threads int) ([]result, error) {
	results := make([]result, len(contenders))
	for round := range rounds {
		for i, c := range contenders {
			args := c.args(in, work)
			took, answer, err := run(ctx, threads, args[0], args[1:]...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			fmt.Fprintf(log, "round %d  %-28s %7.2f s  %7.2f s CPU  %5d MiB\n", round+1, c.Name, took.Wall, took.CPU, took.Peak>>10)
			r := &results[i]
			r.Name = c.Name
			r.Runs = append(r.Runs, took)
			duck := results[0].Runs[round]
			r.ratios = append(r.ratios, [3]float64{took.Wall / duck.Wall, took.CPU / duck.CPU, float64(took.Peak) / float64(duck.Peak)})
			if len(answer) > 0 {
				if err := json.Unmarshal(answer, &r.Stages); err != nil {
					return nil, fmt.Errorf("%s: %w", c.Name, err)
				}
			}
			st, err := os.Stat(filepath.Join(work, c.file))
			if err != nil {
				return nil, err
			}
			r.Parquet, r.Written = st.Size(), st.Size()
			if c.file == "data.parquet" {
				for _, other := range []string{"data.csv", "data.arrow"} {
					st, err := os.Stat(filepath.Join(work, other))
					if err != nil {
						return nil, err
					}
					r.Written += st.Size()
				}
			}
		}
	}
	for i := range results {
		r := &results[i]
		r.Wall = median(r.Runs, func(c cost) float64 { return c.Wall })
		r.CPU = median(r.Runs, func(c cost) float64 { return c.CPU })
		r.Peak = int64(median(r.Runs, func(c cost) float64 { return float64(c.Peak) }))
		r.WallX = median(r.ratios, func(x [3]float64) float64 { return x[0] })
		r.CPUX = median(r.ratios, func(x [3]float64) float64 { return x[1] })
		r.PeakX = median(r.ratios, func(x [3]float64) float64 { return x[2] })
		for k := range max(0, len(r.Stages)-1) {
			r.Stages[k].Seconds = r.Stages[k+1].At - r.Stages[k].At
		}
	}
	return results, nil
}

func median[T any](all []T, of func(T) float64) float64 {
	v := make([]float64, len(all))
	for i, x := range all {
		v[i] = of(x)
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

func generateFile(name string, size int64, seed uint64) (int64, error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	rows, err := generate(f, size, seed)
	return rows, errors.Join(err, f.Close())
}

// sizeOf reads 100MB, 1GB; a megabyte is a million bytes.
func sizeOf(s string) (int64, error) {
	for suffix, unit := range map[string]float64{"KB": 1e3, "MB": 1e6, "GB": 1e9} {
		if number, ok := strings.CutSuffix(strings.ToUpper(s), suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || n <= 0 {
				break
			}
			return int64(n * unit), nil
		}
	}
	return 0, fmt.Errorf("size %q: write it as 100MB or 1GB", s)
}
