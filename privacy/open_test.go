package privacy

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// The real open tables of several countries hold no personal data but the
// security contacts of American agencies.
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
					if name := p.Columns[f.Column].Name; f.Decision >= Review && name != "Security contact email" {
						t.Errorf("%s: column %s is %s by rule %s: %s", filepath.Base(file), name, f.Kind, f.Rule, f.Decision)
					}
				}
				if p.AboutPersons {
					t.Errorf("%s is taken for a table about persons", filepath.Base(file))
				}
			}
		}
	}
}
