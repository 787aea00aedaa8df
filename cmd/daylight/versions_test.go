package main

import (
	"cmp"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Oldest versions that may be built with: what is older has a known fault that
// an attacker of this portal could use (reliability.md section 4). A module that is
// not required is not looked at.
var oldest = map[string]string{
	"github.com/gofiber/fiber/v2":        "v2.52.13",
	"github.com/valyala/fasthttp":        "v1.70.0",
	"github.com/xuri/excelize/v2":        "v2.11.0",
	"github.com/yuin/goldmark":           "v1.7.17",
	"github.com/microcosm-cc/bluemonday": "v1.0.16",
	"golang.org/x/net":                   "v0.56.0",
	"golang.org/x/text":                  "v0.39.0",
	"golang.org/x/image":                 "v0.45.0",
	"github.com/klauspost/compress":      "v1.18.7",
	"github.com/jackc/pgx/v5":            "v5.9.2",
	"github.com/blevesearch/bleve/v2":    "v2.5.0",
}

// never are modules that must not come in by any way.
var never = []string{"github.com/nwaples/rardecode", "github.com/mholt/archiver", "github.com/mholt/archives", "github.com/xi2/xz"}

func TestVersionsOfModules(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "\nreplace ") {
		t.Error("go.mod replaces a module, which hides its version")
	}
	required := map[string]string{}
	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\s*(\S+) (v\d\S*)( // indirect)?$`).FindAllStringSubmatch(string(text), -1) {
		required[m[1]], direct[m[1]] = m[2], m[3] == ""
	}
	if len(required) < 50 {
		t.Fatalf("only %d modules found in go.mod", len(required))
	}
	for module, floor := range oldest {
		if have, ok := required[module]; ok && older(have, floor) {
			t.Errorf("%s %s is older than %s", module, have, floor)
		}
	}
	for module := range required {
		for _, bad := range never {
			if module == bad || strings.HasPrefix(module, bad+"/") {
				t.Errorf("%s must not be used", module)
			}
		}
	}
	// fiber asks for an older one: without a line of our own it would be that.
	if !direct["github.com/valyala/fasthttp"] {
		t.Error("fasthttp is not required by go.mod itself")
	}
	for _, c := range [][2]string{{"v1.9.0", "v1.10.0"}, {"v2.52.9", "v2.52.13"}, {"v1.70.0-rc1", "v1.70.0"}, {"v0.0.0-20240520201108-78e41c74b4b1", "v0.1.0"}} {
		if !older(c[0], c[1]) || older(c[1], c[0]) {
			t.Errorf("%s is not found older than %s", c[0], c[1])
		}
	}
}

// older compares two versions of one module; a pre-release is older than its
// release.
func older(a, b string) bool {
	a, preA, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(a, "+incompatible"), "v"), "-")
	b, preB, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(b, "+incompatible"), "v"), "-")
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if c := cmp.Compare(m, n); c != 0 {
			return c < 0
		}
	}
	return preA != "" && preB == ""
}
