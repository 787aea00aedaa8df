package privacy

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

func TestOpenTables(t *testing.T) {
	now := Setting{Now: time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)}
	for _, dir := range []string{"data/demo", "data/real"} {
		files, _ := filepath.Glob(filepath.Join(shared(t, dir), "*.csv"))
		for _, file := range files {
			b := readText(t, file)
			for _, ints := range []bool{true, false} {
				p, err := Examine(context.Background(), load(t, b, commaOf(b), ints), now)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range p.Findings {
					fmt.Println(filepath.Base(file), p.AboutPersons, p.Columns[f.Column].Name, fmt.Sprintf("%+v", f))
				}
			}
		}
	}
}
