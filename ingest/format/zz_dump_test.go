package format

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestZZDump(t *testing.T) {
	root := os.Getenv("DUMP")
	if root == "" {
		t.Skip()
	}
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".csv") && !strings.HasSuffix(path, ".tsv") {
			return err
		}
		start := time.Now()
		f, err := open(t, path, Options{})
		name, _ := filepath.Rel(root, path)
		if err != nil {
			fmt.Println(name, "REFUSED", err)
			return nil
		}
		r := f.Report
		tr := r.Tables[0]
		var ty, pr []string
		for _, x := range tr.Fields {
			ty = append(ty, x.Type)
		}
		for _, p := range tr.Problems {
			pr = append(pr, fmt.Sprintf("%s:%d", p.Code, p.Count))
		}
		if len(ty) > 12 {
			ty = ty[:12]
		}
		if len(pr) > 8 {
			pr = pr[:8]
		}
		fmt.Printf("%s %s %s d=%q q=%q h=%d c=%d n=%d %v %v %v %dms\n", name, r.Encoding, r.EOL, r.Delimiter, r.Quote, tr.HeaderRow, tr.Columns, tr.DataRows, ty, pr, r.Questions, time.Since(start).Milliseconds())
		return nil
	})
}
