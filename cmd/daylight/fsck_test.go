package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daylight/catalog"
)

// Each kind of damage is found, under its invariant, and nothing else is; --json
// says the same as one object a finding.
func TestFsckFinds(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	p, end := at(t, good)
	a := newAgency(t, p)
	for range 2 {
		if err := a.send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for id := range a.sofar() {
		if u, err := settled(t.Context(), p, id); err != nil || u.State != catalog.StatePublished {
			t.Fatal(u.State, u.Problems, err)
		}
	}
	end()
	if out, _ := runs(t, exitOK, "fsck", "--data", good, "--read-data"); !strings.HasPrefix(out, "Clean: 2 originals, 6 published files") {
		t.Fatalf("the portal is not clean before anything is spoilt: %s", out)
	}
	first := func(pattern string) func(data string) string {
		return func(data string) string {
			all, err := filepath.Glob(filepath.Join(data, pattern))
			if err != nil || len(all) == 0 {
				t.Fatalf("nothing matches %s: %v", pattern, err)
			}
			return all[0]
		}
	}
	original, file := first("private/originals/*"), first("public/files/*/*")
	for name, c := range map[string]struct {
		spoil func(t *testing.T, data string)
		read  bool
		want  string // invariants found, in order
	}{
		"an original is gone":         {func(t *testing.T, data string) { must(t, os.Remove(original(data))) }, false, "I1"},
		"an original is flipped":      {func(t *testing.T, data string) { spoilByte(t, original(data)) }, true, "I1"},
		"a published file is cut":     {func(t *testing.T, data string) { must(t, os.Truncate(file(data), 3)) }, false, "I2"},
		"a published file is gone":    {func(t *testing.T, data string) { must(t, os.Remove(file(data))) }, false, "I2"},
		"a published file is flipped": {func(t *testing.T, data string) { spoilByte(t, file(data)) }, true, "I2"},
		"a release that was not meant": {func(t *testing.T, data string) {
			private(t, data, `DELETE FROM intents WHERE id = (SELECT min(id) FROM intents)`)
		}, false, "I3"},
		"a release of a failed publication": {func(t *testing.T, data string) {
			private(t, data, `UPDATE intents SET state = 'failed' WHERE id = (SELECT min(id) FROM intents)`)
		}, false, "I3"},
		"other files than were cleared": {func(t *testing.T, data string) {
			private(t, data, `UPDATE intents SET manifest = '[]' WHERE id = (SELECT min(id) FROM intents)`)
		}, false, "I3"},
		"a release was lost": {func(t *testing.T, data string) {
			public(t, data, `DELETE FROM files WHERE dataset_id = (SELECT min(dataset_id) FROM releases)`, `DELETE FROM changes WHERE dataset_id = (SELECT min(dataset_id) FROM releases)`,
				`UPDATE datasets SET current_n = 0 WHERE id = (SELECT min(dataset_id) FROM releases)`, `DELETE FROM releases WHERE dataset_id = (SELECT min(dataset_id) FROM releases)`)
		}, false, "I2 I2"}, // the intent and the upload both say so
		"an agency was told another version": {func(t *testing.T, data string) {
			private(t, data, `UPDATE uploads SET release_n = 7 WHERE id = (SELECT min(id) FROM uploads)`)
		}, false, "I2"},
		"a row refers to nothing": {func(t *testing.T, data string) {
			public(t, data, `INSERT INTO former_slugs (slug, dataset_id) VALUES ('x', 'nobody')`)
		}, false, "I2"},
		"the audit log was changed": {func(t *testing.T, data string) {
			private(t, data, `DROP TRIGGER audit_never_changes`, `UPDATE audit SET actor = 'nobody' WHERE seq = 2`)
		}, false, "I5"},
		"the audit log was cut": {func(t *testing.T, data string) {
			private(t, data, `DROP TRIGGER audit_never_shrinks`, `DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)`)
		}, false, "I5"},
		"one upload, two releases": {func(t *testing.T, data string) {
			private(t, data, `UPDATE intents SET upload_id = (SELECT min(upload_id) FROM intents)`)
		}, false, "I7"},
		"a publication that a crash left open": {func(t *testing.T, data string) {
			private(t, data, `UPDATE intents SET state = 'open', closed_at = NULL WHERE id = (SELECT min(id) FROM intents)`)
		}, false, ""}, // no damage: the next start ends it
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			must(t, os.CopyFS(data, os.DirFS(good)))
			must(t, os.Chmod(filepath.Join(privateDir(data), "master.key"), 0o600))
			c.spoil(t, data)
			code, args := exitOK, []string{"fsck", "--data", data}
			if c.want != "" {
				code = fsckDamage
			}
			if c.read {
				runs(t, exitOK, args...) // which is why there is a flag
				args = append(args, "--read-data")
			}
			text, _ := runs(t, code, args...)
			raw, _ := runs(t, code, append(args, "--json")...)
			var found []string
			for line := range strings.Lines(raw) {
				var d damage
				must(t, json.Unmarshal([]byte(line), &d))
				found = append(found, d.Invariant)
				if d.Subject == "" || !strings.Contains(text, d.Invariant+" "+d.Subject+": "+d.What) {
					t.Errorf("%+v is not in %q", d, text)
				}
			}
			if got := strings.Join(found, " "); got != c.want {
				t.Errorf("found %q, want %q\n%s", got, c.want, text)
			}
			if c.want == "" && !strings.Contains(text, "1 publications were under way") {
				t.Errorf("it does not say what is open: %s", text)
			}
		})
	}
	t.Run("no portal", func(t *testing.T) { runs(t, fsckCannotRun, "fsck", "--data", filepath.Join(dir, "nothing")) })
	t.Run("no key", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		must(t, os.CopyFS(data, os.DirFS(good)))
		must(t, os.Remove(filepath.Join(privateDir(data), "master.key")))
		if _, said := runs(t, fsckCannotRun, "fsck", "--data", data); !strings.Contains(said, "master.key is missing and was there before") {
			t.Errorf("it says %q", said)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func spoilByte(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.Chmod(path, 0o600))
	must(t, os.WriteFile(path, b, 0o600))
}

// rows changes a database behind the program's back, with no rule in the way.
func rows(t *testing.T, path string, queries ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, q := range queries {
		_, err := db.Exec(q)
		must(t, err)
	}
}

func private(t *testing.T, data string, queries ...string) {
	t.Helper()
	rows(t, filepath.Join(privateDir(data), "work.db"), queries...)
}

func public(t *testing.T, data string, queries ...string) {
	t.Helper()
	rows(t, filepath.Join(publicDir(data), "catalogue.db"), queries...)
}
