package privacy

import (
	"encoding/csv"
	"fmt"
	"io"

	"golang.org/x/text/unicode/norm"
)

// A Hierarchy generalises the values of one column, level by level: level 0
// is the value itself, the last level is "*" for everything.
type Hierarchy interface {
	Levels() int
	// At gives the value at a level; ok is false for an unknown value, which
	// goes to the root.
	At(value string, level int) (general string, ok bool)
	// Leaves counts the leaves under a general value of that level.
	Leaves(general string, level int) int
}

// ReadHierarchy reads a hierarchy in ARX's form: fields divided by ";", no
// header, one line a value: the value, then one column a level, the last "*".
// It refuses a table that is not a tree. Its errors name lines, no values.
func ReadHierarchy(r io.Reader) (Hierarchy, error) {
	c := csv.NewReader(r)
	c.Comma = ';'
	c.LazyQuotes = true
	h := &treeHierarchy{line: map[string]int{}}
	var parent []map[string]string // level -> value -> its value one level up
	for n := 1; ; n++ {
		f, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil { // not wrapped: it may quote the line
			return nil, fmt.Errorf("read hierarchy: line %d cannot be read or has another number of levels", n)
		}
		for i := range f {
			f[i] = norm.NFC.String(f[i])
		}
		if n == 1 {
			if len(f) < 2 {
				return nil, fmt.Errorf("read hierarchy: a value and at least one level are needed, divided by semicolons")
			}
			for range f {
				h.leaves = append(h.leaves, map[string]int{})
				parent = append(parent, map[string]string{})
			}
		}
		if f[len(f)-1] != "*" {
			return nil, fmt.Errorf("read hierarchy: line %d lacks the root: its last level must be *", n)
		}
		if _, twice := h.line[f[0]]; twice {
			return nil, fmt.Errorf("read hierarchy: the value of line %d stands on an earlier line", n)
		}
		h.line[f[0]] = len(h.rows)
		h.rows = append(h.rows, f)
		for l, v := range f {
			h.leaves[l][v]++
			if l+1 == len(f) {
				break
			}
			if up, known := parent[l][v]; known && up != f[l+1] {
				return nil, fmt.Errorf("read hierarchy: level %d of line %d belongs to another value of level %d than before", l, n, l+1)
			}
			parent[l][v] = f[l+1]
		}
	}
	if len(h.rows) == 0 {
		return nil, fmt.Errorf("read hierarchy: no lines")
	}
	return h, nil
}

// treeHierarchy holds the lines as they stood in the file.
type treeHierarchy struct {
	rows   [][]string
	line   map[string]int
	leaves []map[string]int
}

func (h *treeHierarchy) Levels() int { return len(h.leaves) }

func (h *treeHierarchy) At(value string, level int) (string, bool) {
	i, ok := h.line[value]
	if !ok || level < 0 || level >= len(h.leaves) {
		return "*", false
	}
	return h.rows[i][level], true
}

func (h *treeHierarchy) Leaves(general string, level int) int {
	if level < 0 || level >= len(h.leaves) {
		return 0
	}
	return h.leaves[level][general]
}
