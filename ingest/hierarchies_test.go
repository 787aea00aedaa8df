package ingest

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/privacy"
)

// TestHierarchies runs testdata/hierarchies/*.txtar: a commune list, and by
// hierarchy and level what each value is published as.
func TestHierarchies(t *testing.T) {
	names, err := filepath.Glob("testdata/hierarchies/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var communes []codes.CommuneChange
			for _, f := range a.Files {
				if f.Name == "communes.csv" {
					var problems []codes.RowProblem
					if communes, problems = codes.ReadCommunes(bytes.NewReader(f.Data)); len(problems) > 0 {
						t.Fatal(problems)
					}
				}
			}
			find := Hierarchies(communes)
			for _, f := range a.Files {
				which, level, ok := strings.Cut(f.Name, " ")
				if !ok {
					continue
				}
				h, err := find(which)
				if err != nil {
					if strings.TrimSpace(string(f.Data)) != "no hierarchy" {
						t.Errorf("%s: %v", f.Name, err)
					}
					continue
				}
				l, err := strconv.Atoi(level)
				if err != nil {
					if l, ok = h.(*units).Level(level); !ok {
						if strings.TrimSpace(string(f.Data)) != "no level" {
							t.Errorf("%s: there is no such level", f.Name)
						}
						continue
					}
				}
				for line := range strings.Lines(string(f.Data)) {
					value, want, _ := strings.Cut(strings.TrimSpace(line), " = ")
					got, known := h.At(value, l)
					if !known {
						got += " unknown"
					}
					if got != want {
						t.Errorf("%s: %q is published as %q, want %q", f.Name, value, got, want)
					}
				}
			}
		})
	}
}

// The leaves under a unit are those it has, and the root has them all.
func TestHierarchyLeaves(t *testing.T) {
	communes, problems := codes.ReadCommunes(bytes.NewReader(codes.SampleCommunes))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, c := range []struct {
		name     string
		communes []codes.CommuneChange
		general  string
		level    int
		want     int
	}{
		{unitsNow, nil, "Hà Nội", 1, 1}, {unitsNow, nil, "*", 2, 34}, {unitsBefore, nil, "*", 3, 63},
		{unitsNow, communes, "An Giang", 1, 2}, {unitsNow, communes, "Hà Nội", 1, 1}, {unitsNow, communes, "*", 2, 35},
		{unitsNow, communes, "Đặc khu Phú Quốc, An Giang", 0, 1},
		{unitsBefore, communes, "Thành phố Phú Quốc, Kiên Giang", 1, 9}, {unitsBefore, communes, "Kiên Giang", 2, 9}, {unitsBefore, communes, "*", 3, 71},
		{unitsNow, communes, "xyzzy", 1, 0}, {unitsNow, communes, "*", 7, 0},
	} {
		h, err := Hierarchies(c.communes)(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Leaves(c.general, c.level); got != c.want {
			t.Errorf("%s, %d communes: %d leaves under %s, want %d", c.name, len(c.communes), got, c.general, c.want)
		}
	}
}

// A hierarchy never says a word that is in no list, whatever it is asked.
func FuzzHierarchy(f *testing.F) {
	for _, s := range []string{"Bình Dương", "12 Lê Lợi, Bến Nghé, Quận 1, Hồ Chí Minh", "79", ",,,", "|", "a|b, Hà Nội"} {
		f.Add(s, 1)
	}
	communes, _ := codes.ReadCommunes(bytes.NewReader(codes.SampleCommunes))
	find := Hierarchies(communes)
	f.Fuzz(func(t *testing.T, value string, level int) {
		for _, name := range []string{unitsNow, unitsBefore} {
			h, err := find(name)
			if err != nil {
				t.Fatal(err)
			}
			got, known := h.At(value, level)
			if known && h.Leaves(got, level) == 0 || !known && got != privacy.Suppressed {
				t.Fatalf("level %d: %q (%v) is in no list", level, got, known)
			}
		}
	})
}

// The list that is in force when a job runs decides; the same file over another
// list is read again.
func TestHierarchyInForce(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bo-du-lieu")
	if err != nil {
		t.Fatal(err)
	}
	const file = "xa,so_tram\n31081,2\n31105,1\n99999,4\n"
	const plan = `plan: v1
dataset: bo-du-lieu
columns:
  xa: {do: generalise, hierarchy: vn-admin-2025, level: commune}
  so_tram: {do: keep}
decided: {by: "Sở thử nghiệm", at: 2026-01-01}
`
	upload := catalog.NewUpload{Dataset: d.ID, FileName: "tram.csv", Plan: []byte(plan)}
	if u := o.publish(t, upload, file); u.State == catalog.StatePublished {
		t.Fatal("published by a level that no list has")
	}
	changes, problems := codes.ReadCommunes(bytes.NewReader(codes.SampleCommunes))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, _, err := o.catalog.PutCommunes(t.Context(), catalog.CommuneList{Loaded: time.Now(), Source: "thử", Stated: "2025-06-16", SHA256: "aa", Changes: changes}); err != nil {
		t.Fatal(err)
	}
	if u := o.publish(t, upload, file); u.State != catalog.StatePublished {
		t.Fatalf("%s: %v", u.State, u.Problems)
	}
	if got, want := o.csv(t, d.ID), "xa,so_tram\n\"Đặc khu Phú Quốc, An Giang\",2\n\"Đặc khu Thổ Châu, An Giang\",1\n*,4\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
