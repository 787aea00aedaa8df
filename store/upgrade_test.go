package store

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// A database that any earlier version wrote, with rows in it, comes up to this
// version, keeps its rows, and is whole. What is inserted is what the first
// version had.
func TestUpgradeFromEveryVersion(t *testing.T) {
	ctx := t.Context()
	rows := map[string]string{
		"public":  `INSERT INTO agencies (id, slug, meta, created_at) VALUES ('a', 'a', '{}', '2026-01-01T00:00:00.000000Z')`,
		"private": `INSERT INTO drafts (dataset_id, slug, agency_id, meta, updated_at) VALUES ('d', 'd', 'a', '{}', '2026-01-01T00:00:00.000000Z')`,
	}
	table := map[string]string{"public": "agencies", "private": "drafts"}
	for side, insert := range rows {
		all, err := fs.Sub(migrations, "migrations/"+side)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(all, "*.sql")
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for n := 1; n <= len(names); n++ {
			t.Run(side+"/"+names[n-1], func(t *testing.T) {
				path := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
				upTo := fstest.MapFS{}
				for _, name := range names[:n] {
					text, err := fs.ReadFile(all, name)
					if err != nil {
						t.Fatal(err)
					}
					upTo[name] = &fstest.MapFile{Data: text}
				}
				old, err := openSQLite(ctx, path, 0o600, upTo, false)
				if err == nil {
					err = old.migrate(ctx)
				}
				if err == nil {
					err = old.inTx(ctx, func(tx *Tx) error { _, err := tx.Exec(ctx, insert); return err })
				}
				if err == nil {
					err = old.close()
				}
				if err != nil {
					t.Fatal(err)
				}
				now, err := openSQLite(ctx, path, 0o600, all, false)
				if err != nil {
					t.Fatal(err)
				}
				defer now.close()
				if err := now.migrate(ctx); err != nil {
					t.Fatal(err)
				}
				var kept int
				if err := now.queryRow(ctx, `SELECT count(*) FROM `+table[side], nil).Scan(&kept); err != nil || kept != 1 {
					t.Errorf("%d rows kept, %v", kept, err)
				}
				if err := now.integrity(ctx); err != nil {
					t.Error(err)
				}
				if err := now.migrated(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
