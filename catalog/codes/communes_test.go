package codes

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// The sample is a real district, whole, as other lists have it.
func TestSampleCommunes(t *testing.T) {
	rows, problems := ReadCommunes(bytes.NewReader(SampleCommunes))
	if len(problems) > 0 || len(rows) != 9 {
		t.Fatalf("%d lines, %v", len(rows), problems)
	}
	demo := filepath.Join("..", "..", "..", "shared", "data", "demo")
	if _, err := os.Stat(demo); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatal("test data are required and not there")
		}
		t.Skip("SKIPPED: no test data beside the repository; the sample of communes is not compared with other lists")
	}
	b, err := os.ReadFile(filepath.Join(demo, "vn-don-vi-hanh-chinh-2025.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tree []struct {
		Code  string
		Wards []struct{ Code, FullName, ProvinceCode string }
	}
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	now := map[string]string{}
	for _, p := range tree {
		for _, w := range p.Wards {
			now[w.Code] = w.FullName + "|" + w.ProvinceCode
		}
	}
	f, err := os.Open(filepath.Join(demo, "vn-wards-before-2025-07.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	old := map[string]string{}
	for _, row := range before {
		if row[3] == "911" {
			old[row[5]] = row[4] + "|" + row[2] + "|" + row[1]
		}
	}
	if len(old) != len(rows) {
		t.Errorf("the district had %d communes, the sample has %d", len(old), len(rows))
	}
	for _, r := range rows {
		if got, want := r.OldName+"|"+r.OldDistrictName+"|"+r.OldProvinceCode, old[r.OldCode]; got != want {
			t.Errorf("old %s: %s, the other list has %s", r.OldCode, got, want)
		}
		if got, want := r.NewName+"|"+r.NewProvinceCode, now[r.NewCode]; got != want {
			t.Errorf("new %s: %s, the other list has %s", r.NewCode, got, want)
		}
	}
}

// TestReadCommunes runs testdata/communes/*.txtar: a list and the problems it
// has, one a line; or "ok" and how many lines it has.
func TestReadCommunes(t *testing.T) {
	names, err := filepath.Glob("testdata/communes/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			rows, problems := ReadCommunes(strings.NewReader(part["in.csv"]))
			got := ""
			for _, p := range problems {
				got += p.String() + "\n"
			}
			if got == "" {
				got = "ok " + string(rune('0'+len(rows))) + "\n"
			}
			if d := cmp.Diff(part["want"], got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func FuzzReadCommunes(f *testing.F) {
	f.Add(SampleCommunes)
	f.Add([]byte("old_code,new_code\n1,2\n"))
	f.Add([]byte("\xef\xbb\xbfold_code\r\n\"a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := ReadCommunes(bytes.NewReader(b))
		if (len(rows) == 0) != (len(problems) > 0) {
			t.Fatalf("%d lines and %d problems", len(rows), len(problems))
		}
		for _, p := range problems {
			if p.Detail == "" || len(p.String()) > 300 {
				t.Fatalf("a problem that says too little or too much: %s", p)
			}
		}
	})
}
