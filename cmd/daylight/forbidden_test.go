package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// forbidden is what must not compile: each way around privacy that the types
// close, with the words of the compiler's refusal.
var forbidden = map[string]struct{ code, want string }{
	"readraw": {`import "daylight/ingest/internal/raw"

var _ raw.File`, "use of internal package"},
	"forgecleared": {`import "daylight/privacy"

var _ = privacy.Cleared{checked: true}`, "checked"},
	"forgerelease": {`import "daylight/datasets"

var _ = datasets.Release{files: nil}`, "files"},
	"forgepreview": {`import "daylight/privacy"

var _ = privacy.Preview{rows: nil}`, "rows"},
	"swapplaces": {`import "daylight/store"

func f(p store.Private) store.Public { return store.Public(p) }

var _ = f`, "cannot convert"},
	"privateshelf": {`import (
	"daylight/datasets"
	"daylight/store"
)

func f(p store.Private, s store.Staging) *datasets.Shelf { return datasets.NewShelf(p, s) }

var _ = f`, "cannot use p"},
	"publishtable": {`import (
	"context"

	"daylight/datasets"
	"daylight/privacy"
)

func f(s *datasets.Shelf, t privacy.Table) { s.Publish(context.Background(), nil, t) }

var _ = f`, "cannot use t"},
	"publishcleared": {`import (
	"context"

	"daylight/catalog"
	"daylight/privacy"
)

func f(s *catalog.Store, c *privacy.Cleared) { s.Publish(context.Background(), catalog.Publication{}, c) }

var _ = f`, "cannot use c"},
	"writinglibrary": {`import "daylight/datasets"

func f(l datasets.Library) { l.Publish() }

var _ = f`, "l.Publish undefined"},
	"control": {`import "daylight/datasets"

func f(l datasets.Library) { l.Size(nil, datasets.Ref{}) }

var _ = f`, ""},
}

// TestForbiddenDoesNotCompile gives each to the compiler, in a package that
// exists only for it.
func TestForbiddenDoesNotCompile(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for name, c := range forbidden {
		file := filepath.Join(dir, name+".go")
		if err := os.WriteFile(file, []byte("package "+name+"\n\n"+c.code+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, "forbidden", name, name+".go")] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range forbidden {
		t.Run(name, func(t *testing.T) {
			build := exec.Command("go", "build", "-overlay", list, "-o", os.DevNull, "./forbidden/"+name)
			build.Dir = root
			out, err := build.CombinedOutput()
			switch {
			case c.want == "" && err != nil:
				t.Fatalf("the control does not compile, so the others prove nothing:\n%s", out)
			case c.want != "" && err == nil:
				t.Error("it compiles")
			case c.want != "" && !strings.Contains(string(out), c.want):
				t.Errorf("it fails for another reason:\n%s", out)
			}
		})
	}
}
