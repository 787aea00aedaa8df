package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"daylight/catalog/dcat"
)

// operatorCommands are those whose flags docs/operators.md explains.
var operatorCommands = []string{"serve", "work", "backup", "restore", "verify", "fsck", "reindex", "user", "token", "codes"}

// Every setting has its flag and its environment variable in one row of the
// table of settings; every flag of an operator's command is named; and the
// page names no variable that there is not.
func TestSettingsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operators.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	parser, err := kong.New(&commands{}, kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"DAYLIGHT_MASTER_KEY", "DAYLIGHT_MASTER_KEY_COMMAND"}
	seen := 0
	var walk func(command string, n *kong.Node)
	walk = func(command string, n *kong.Node) {
		for _, f := range n.Flags {
			known = append(known, f.Envs...)
			flag := "`--" + f.Name + "`"
			if !slices.Contains(operatorCommands, command) || f.Name == "help" || f.Name == "version" {
				continue
			}
			seen++
			if !regexp.MustCompile(`--` + f.Name + `\b`).MatchString(page) {
				t.Errorf("%s: --%s is not in docs/operators.md", command, f.Name)
			}
			if command != "serve" {
				continue
			}
			if len(f.Envs) != 1 {
				t.Errorf("serve --%s has no environment variable", f.Name)
				continue
			}
			row := regexp.MustCompile(`(?m)^\| ` + flag + ` († )?\| ` + "`" + regexp.QuoteMeta(f.Envs[0]) + "`" + ` \|`).FindString(page)
			if row == "" {
				t.Errorf("serve %s: no row with %s in the table of settings", flag, f.Envs[0])
			}
			if working := slices.ContainsFunc(workFlags(parser), func(name string) bool { return name == f.Name }); row != "" && working != strings.Contains(row, "†") {
				t.Errorf("serve %s: also a flag of work: %v; its row says otherwise", flag, working)
			}
		}
		for _, child := range n.Children {
			walk(command, child)
		}
	}
	for _, n := range parser.Model.Children {
		walk(n.Name, n)
	}
	if seen < 20 {
		t.Errorf("only %d flags looked at", seen)
	}
	for _, name := range regexp.MustCompile(`DAYLIGHT_[A-Z_]+`).FindAllString(page, -1) {
		if !slices.Contains(known, name) {
			t.Errorf("docs/operators.md names %s, which nothing reads", name)
		}
	}
}

func workFlags(parser *kong.Kong) (names []string) {
	for _, n := range parser.Model.Children {
		if n.Name == "work" {
			for _, f := range n.Flags {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// Settings that cannot be meant are refused before anything is opened.
func TestSettingsAreChecked(t *testing.T) {
	data := t.TempDir()
	for _, flag := range []string{"--max-upload=0", "--workers=0", "--parse-memory=1", "--parse-time=5ms", "--log-level=loud", "--url=data.example.gov.vn", "--url=https://data.example.gov.vn/x/", "--office-email=nobody"} {
		_, said := runs(t, exitFailed, "serve", "--listen", "127.0.0.1:0", "--data", data, flag)
		if name, _, _ := strings.Cut(flag, "="); !strings.Contains(said, name) {
			t.Errorf("%s: it says %q", flag, said)
		}
	}
}

// What is set is what the catalogue says; a portal without settings speaks for
// itself in both languages.
func TestSiteSettings(t *testing.T) {
	set := siteSettings{TitleVi: "Dữ liệu mở Hải Phòng", TitleEn: "Hai Phong open data", OfficeVi: "Sở Khoa học", OfficeEn: "Department of Science", OfficeEmail: "dulieu@haiphong.example"}
	if err := set.check(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	graph, err := dcat.CatalogGraph(set.site("https://data.haiphong.example"), dcat.CatalogPage{Page: 1, Size: 1, Pages: 1})
	if err != nil {
		t.Fatal(err)
	}
	turtle := dcat.Syntaxes()[0]
	if err := turtle.Graph(&out, graph); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{set.TitleVi, set.TitleEn, set.OfficeVi, set.OfficeEn, set.OfficeEmail} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s does not say %q", turtle.Name, want)
		}
	}
	if strings.Contains(out.String(), "portal.example") {
		t.Error("the catalogue still names an example")
	}
}
