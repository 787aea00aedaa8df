// Package recount counts again what k-anonymity promised, from released rows
// and by code that shares nothing with the guard it checks. It imports only
// Arrow.
package recount

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Result is what was counted over the classes of equal quasi-identifiers.
type Result struct {
	Rows         int64
	Classes      int64
	Smallest     int64 // distinct persons of the smallest class; 0 without rows
	FewestValues int64 // distinct values of a sensitive column in a class; 0 without such columns
}

// Classes groups the rows by their quasi-identifiers, as texts, and counts
// distinct persons in each group. persons[i] is who row i is about. rows is
// read to its end and not released.
func Classes(ctx context.Context, rows array.RecordReader, quasi, sensitive []string, persons [][2]uint64) (Result, error) {
	if len(quasi) == 0 {
		return Result{}, errors.New("recount: no quasi-identifiers")
	}
	type row struct {
		class  string
		values []string
		person [2]uint64
	}
	var all []row
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		rec := rows.Record()
		q, err := columns(rec, quasi)
		if err != nil {
			return Result{}, err
		}
		s, err := columns(rec, sensitive)
		if err != nil {
			return Result{}, err
		}
		for i := range int(rec.NumRows()) {
			if len(all) >= len(persons) {
				return Result{}, errors.New("recount: more rows than persons")
			}
			r := row{person: persons[len(all)]}
			var class strings.Builder
			for _, c := range q {
				v := cell(c, i)
				fmt.Fprintf(&class, "%d:%s", len(v), v) // with its length, so that no two classes look alike
			}
			r.class = class.String()
			for _, c := range s {
				r.values = append(r.values, cell(c, i))
			}
			all = append(all, r)
		}
	}
	if err := rows.Err(); err != nil {
		return Result{}, fmt.Errorf("recount: %w", err)
	}
	out := Result{Rows: int64(len(all))}
	sort.SliceStable(all, func(i, j int) bool { return all[i].class < all[j].class })
	for from := 0; from < len(all); {
		to := from
		people := map[[2]uint64]bool{}
		values := make([]map[string]bool, len(sensitive))
		for ; to < len(all) && all[to].class == all[from].class; to++ {
			people[all[to].person] = true
			for i, v := range all[to].values {
				if v == absent {
					continue
				}
				if values[i] == nil {
					values[i] = map[string]bool{}
				}
				values[i][v] = true
			}
		}
		if n := int64(len(people)); out.Classes == 0 || n < out.Smallest {
			out.Smallest = n
		}
		for i, v := range values {
			if n := int64(len(v)); out.Classes == 0 && i == 0 || n < out.FewestValues {
				out.FewestValues = n
			}
		}
		out.Classes++
		from = to
	}
	return out, nil
}

func columns(rec arrow.Record, names []string) ([]arrow.Array, error) {
	var out []arrow.Array
	for _, n := range names {
		at := rec.Schema().FieldIndices(n)
		if len(at) != 1 {
			return nil, errors.New("recount: a column is missing or stands twice")
		}
		out = append(out, rec.Column(at[0]))
	}
	return out, nil
}

// absent stands for null; no text read from a file holds it.
const absent = "\x00null"

func cell(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return absent
	}
	return "=" + a.ValueStr(i)
}
