package templates

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestWritePages writes every page of the tests, with the assets, into the
// folder named by DAYLIGHT_PAGES: serve that folder to look at them.
func TestWritePages(t *testing.T) {
	dir := os.Getenv("DAYLIGHT_PAGES")
	if dir == "" {
		t.Skip("DAYLIGHT_PAGES names no folder to write pages into")
	}
	write := func(name string, body []byte) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, a := range assets {
		write(Asset(name), a.body)
	}
	pages := mustNew(t)
	for _, s := range samples {
		for _, lang := range Languages {
			var b bytes.Buffer
			if err := pages.Render(&b, lang, s.Page(lang)); err != nil {
				t.Fatal(err)
			}
			write(s.Name+"."+lang+".html", b.Bytes())
		}
	}
}

func mustNew(t *testing.T) *Templates {
	t.Helper()
	pages, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return pages
}
