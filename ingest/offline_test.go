package ingest

import (
	"os"
	"path/filepath"
	"testing"
)

// A file is moved by a second name, or copied where there can be none, and
// ends with the rights of a file that was made there.
func TestMoveInto(t *testing.T) {
	for _, linked := range []bool{true, false} {
		dir := t.TempDir()
		from, err := os.OpenFile(filepath.Join(dir, "from"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		from.WriteString("a,b\n1,2\n")
		from.Seek(0, 0)
		if !linked {
			os.Remove(from.Name()) // as if it stood on another disk
		}
		to, err := os.Create(filepath.Join(dir, "to"))
		if err != nil {
			t.Fatal(err)
		}
		made, _ := to.Stat()
		if err := moveInto(to, from); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(to.Name())
		st, _ := os.Stat(to.Name())
		was, _ := from.Stat()
		if string(got) != "a,b\n1,2\n" || err != nil || st.Mode() != made.Mode() || os.SameFile(st, was) != linked {
			t.Errorf("linked %v: %q, %v, %v, want %v", linked, got, err, st.Mode(), made.Mode())
		}
	}
}
