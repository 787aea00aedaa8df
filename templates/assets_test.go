package templates

import (
	"regexp"
	"strings"
	"testing"
)

func TestAssets(t *testing.T) {
	for _, name := range append([]string{"daylight.css"}, singles...) {
		address := Asset(name)
		m := regexp.MustCompile(`^/static/([0-9a-f]{16})/(.+)$`).FindStringSubmatch(address)
		if m == nil || m[2] != name {
			t.Fatalf("Asset(%s) = %q", name, address)
		}
		body, mediaType, ok := AssetFile(m[1], name)
		if !ok || len(body) == 0 || mediaType == "" {
			t.Errorf("AssetFile(%s): %d bytes, %q, %v", name, len(body), mediaType, ok)
		}
		if _, _, ok := AssetFile("0000000000000000", name); ok {
			t.Errorf("%s is served under a hash that is not its own", name)
		}
	}
	if Asset("other.css") != "" {
		t.Error("an asset that is none has an address")
	}
	if _, _, ok := AssetFile("", "tokens.css"); ok {
		t.Error("a part of a bundle is served")
	}
}

var (
	usedToken    = regexp.MustCompile(`var\((--[a-z0-9-]+)\)`)
	definedToken = regexp.MustCompile(`(?m)(--[a-z0-9-]+):`)
	colour       = regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`)
)

// TestStyle: components take every value from the tokens, ask no other host,
// and the bundle is whole.
func TestStyle(t *testing.T) {
	tokens, err := Static.ReadFile("static/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	components, err := Static.ReadFile("static/components.css")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	for _, m := range definedToken.FindAllStringSubmatch(string(tokens), -1) {
		defined[m[1]] = true
	}
	for _, m := range usedToken.FindAllStringSubmatch(string(components), -1) {
		if !defined[m[1]] {
			t.Errorf("components.css uses %s, which tokens.css does not define", m[1])
		}
	}
	screen, _, _ := strings.Cut(string(components), "@media print")
	if m := colour.FindString(screen); m != "" {
		t.Errorf("components.css holds the colour %s: a new colour is a new token", m)
	}
	bundle := string(assets["daylight.css"].body)
	for _, forbidden := range []string{"url(", "@import", "http:", "https:", "/*", "expression("} {
		if strings.Contains(bundle, forbidden) {
			t.Errorf("the style holds %q", forbidden)
		}
	}
	if strings.Count(bundle, "{") != strings.Count(bundle, "}") || !strings.Contains(bundle, "--paper") || !strings.Contains(bundle, "@media print") {
		t.Error("the bundle is not whole")
	}
}

// TestClasses: a class in a page has its style, and a style its page.
func TestClasses(t *testing.T) {
	var components []byte
	for _, name := range []string{"components.css", "work.css"} {
		b, err := Static.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		components = append(components, b...)
	}
	styled := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(string(components), -1) {
		styled[m[1]] = true
	}
	used := map[string]bool{}
	pages := mustNew(t)
	for _, s := range samples {
		for _, n := range parse(t, render(t, pages, "vi", s.Page("vi"))).elements {
			for _, class := range strings.Fields(attr(n, "class")) {
				used[class] = true
			}
		}
	}
	for class := range used {
		if !styled[class] && class != "plainlist" {
			t.Errorf("class %q has no style", class)
		}
	}
	for class := range styled {
		if !used[class] {
			t.Errorf("style %q has no page", class)
		}
	}
}
