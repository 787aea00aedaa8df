package privacy

import "testing"

// The texts of a column are those of its cells, whatever its type and wherever
// a slice of it begins.
func TestAppendCellsIsCellByCell(t *testing.T) {
	rec := sumTable(300)
	for _, from := range []int64{0, 1, 13} {
		for i, col := range rec.NewSlice(from, 290).Columns() {
			texts, ends := AppendCells([]byte("x"), []int32{1}, col)
			if len(ends) != col.Len()+1 {
				t.Fatalf("column %d: %d ends of %d rows", i, len(ends), col.Len())
			}
			for row := range col.Len() {
				if got, want := string(texts[ends[row]:ends[row+1]]), string(AppendCell(nil, col, row)); got != want {
					t.Errorf("column %d row %d: %q, want %q", i, row, got, want)
				}
			}
		}
	}
}
