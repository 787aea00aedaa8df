package templates

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// families are read by word, with a code that comes from data: each has its
// list of codes here, so that a missing or a needless word is found too.
var families = map[string][]string{
	"facet":     {"theme", "org", "life_event", "format", "place", "licence", "frequency", "year"},
	"sort":      {SortRelevance, SortUpdated, SortTitle, SortRows},
	"frequency": {"CONT", "UPDATE_CONT", "DAILY_2", "DAILY", "WEEKLY_3", "WEEKLY_2", "WEEKLY", "BIWEEKLY", "MONTHLY_3", "MONTHLY_2", "MONTHLY", "BIMONTHLY", "QUARTERLY", "ANNUAL_3", "ANNUAL_2", "ANNUAL", "BIENNIAL", "TRIENNIAL", "IRREG", "NEVER"},
	"licence":   {"CC-BY-4.0", "CC0-1.0"},
	"type":      {"text", "integer", "decimal", "float", "boolean", "date", "timestamp", "geometry"},
	"gate":      {"rescan", "recount", "formats", "uniques"},
	"kind": {"", "direct", "quasi", "sensitive", "other", "text", "cccd", "cccd_short", "cmnd", "mst", "bhxh", "bhyt", "passport_vn", "phone_vn", "landline_vn", "phone_intl", "plate_vn",
		"bank_account", "iban", "card", "email", "name_vn", "address", "birth_date", "sex", "age", "place", "trait", "date", "url_user", "coordinates", "ip", "mac"},
	"treatment":      {"drop", "mask", "generalise", "snap", "top_code", "bottom_code", "round", "redact", "blank", "keep", "pseudonym"},
	"treats":         treatments,
	"inventory-row":  {"changed", "new", "problem"},
	"inventory-file": {"encoding", "not-csv", "empty", "no-key", "unknown-column", "column-twice", "too-many-rows"},
	"metadata": {"missing", "missing-language", "too-long", "too-many", "twice", "unknown-code", "unknown-language", "not-a-date", "before-start", "not-an-address", "not-a-slug",
		"taken", "slug-fixed", "organization-fixed", "unknown-id", "row-twice", "ragged", "not-true-or-false", "personal-data", "control-character", "other"},
	"diffwhy":       DifferenceWhy,
	"step":          {"receive", "understand", "decide", "preview", "approve", "publish"},
	"review-head":   {"scheduled", "published", "refused", "working", "approve", "answer", "persons", "decide"},
	"stage":         {"receiving", "unpacking", "recognising", "reading", "converting", "examining", "clearing", "writing", "checking", "publishing"},
	"ask":           {"date-order", "number-ambiguous", "no-header", "header-held", "encoding", "delimiter", "bad-bytes", "rejected-row", "crs", "column-renamed", "column-type"},
	"choice":        {"d/m/y", "m/d/y", "d-m-y", "m-d-y", "none", "first row", "report", "repair", "decimal \".\"", "decimal \",\"", "unknown", "new", "text", "integer", "decimal", "float", "date", "timestamp", "boolean"},
	"read":          {"encoding", "delimiter", "quote", "ragged", "locale", "header_rows", "type", "format", "numbers", "nulls", "trim", "on_error"},
	"readas":        {"", "tab", "none", "repair", "report", "refuse", "plan"},
	"onerror":       {"", "text", "report", "refuse"},
	"weight":        {"none", "public", "review", "block"},
	"deed":          {"", "keep", "allow", "redact", "blank", "province", "year", "quarter", "month", "width", "round", "top_code", "snap", "plan", "drop"},
	"class":         {"", "direct", "quasi", "sensitive", "text", "public"},
	"why":           {"decided", "nothing", "public", "direct", "header", "doubt", "sensitive", "quasi", "coarser", "unreadable", "text", "cells"},
	"unit":          {"key", "rows", "statistics", "none"},
	"maynot":        {"not-ready", "sender", "decider"},
	"send-wrong":    {"not-before", "no-file", "no-dataset", "both", "bad-address", "too-large", "cut", "no-space"},
	"schema-field":  {"required", "unique", "key", "minimum", "maximum", "pattern", "list"},
	"version-wrong": {"reason", "version", "stale"},
	"dead":          {"no-space", "database-busy", "store-read-only", "wrong-key", "others-turn", "folder-missing", "no-permission", "fetch-failed", "internal"},
	"refusal":       {"schedule", "schema", "note", "slips", "answer", "reread", "decide", "refuse", "person", "stale"},
	"slip":          {"do", "number", "reason", "key", "k", "percent", "date"},
	"stop":          {"cancelled", "column-key", "column-filled", "note-wanted", "fetch-address", "fetch-forbidden", "fetch-status", "fetch-encoded", "fetch-redirects", "fetch-failed", "too-large", "plan-wanted", "column-new", "table-new", "approval-wanted", "agreed-otherwise", "column-undecided", "column-missing", "column-twice", "column-type", "finding-undecided", "cell-finding", "header-held", "header-finding", "direct-kept", "quasi-undeclared", "no-guard", "person-unknown", "person-key", "person-key-empty", "suppress-max", "second-release", "two-person", "nothing-left", "treatment", "treatment-order", "model", "unit", "unit-reason", "allow-reason", "allow-never", "snap-pair", "gate-rescan", "gate-recount", "plan-expired", "table-undecided", "table-missing", "schema-breach", "schema-invalid", "date-order", "number-ambiguous", "no-header", "encoding", "delimiter", "bad-bytes", "rejected-row", "crs", "sent-back", "identical", "no-rows", "damaged", "metadata", "gave-up", "expired", "terminated"},
	"noticed":       {"old-text", "schema-required", "schema-unique", "schema-enum", "schema-pattern", "schema-minimum", "schema-maximum", "schema-exclusive-minimum", "schema-exclusive-maximum", "schema-min-length", "schema-max-length", "schema-primary-key", "schema-unique-key", "schema-foreign-key", "schema-column-missing", "schema-column-extra", "cell-type", "column-widened", "rows-fewer", "null-token-new", "key-not-unique", "date-future", "rejected-row", "repaired", "ragged-short", "ragged-long", "bad-bytes", "blank-label", "duplicate-label", "date-ambiguous", "number-ambiguous", "invisible-characters", "mixed-newlines", "null-token", "sentinel", "padded", "preamble", "footer", "section-row", "repeated-header", "total-row", "trailing-delimiter", "error-cell", "merged-cells", "hidden-sheet", "hidden-rows", "hidden-columns", "not-nfc"},
	"upload":        {"scheduled", "receiving", "received", "working", "waiting", "published", "refused"},
	"problem": {"unknown-parameter", "bad-parameter", "bad-query", "bad-body", "bad-metadata", "bad-plan", "bad-schema", "bad-address", "token-wrong", "foreign-form", "another-person", "stale-approval", "no-preview", "too-many-streams", "bad-reason", "wrong-state",
		"content-encoding", "media-type", "incomplete-body", "idempotency-key-reused", "no-space", "not-ready", "withdrawn", "withheld", "published", "bad-inventory", "persons-not-compared", "nothing-in-common", "busy",
		"bad-header", "incomplete-part", "tus-version", "tus-media-type", "upload-busy", "wrong-offset", "upload-gone", "wrong-checksum", "too-many-uploads"},
}

// literal keys: t "key", rich "key", and in Go .say(…, "key"), .Say(…, "key"), Key: in tables.
var (
	inTemplate = regexp.MustCompile(`\b(?:t|rich) "([^"]+)"`)
	inGo       = regexp.MustCompile(`"([a-z]+(?:\.[a-z0-9-]+)+)"`)
	inAPI      = regexp.MustCompile(`\.Say\([^"\n]*"([^"]+[a-z0-9])"`)
)

// TestKeys finds sentences that are asked for and missing, and sentences that
// nobody asks for.
func TestKeys(t *testing.T) {
	used := map[string]bool{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(path)
		for _, m := range inTemplate.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for family, codes := range families {
		for _, c := range codes {
			used[family+"."+c] = true
		}
	}
	for _, s := range errorStatuses {
		used[errorKey(s)+".title"], used[errorKey(s)+".do"] = true, true
	}
	for _, a := range append(slices.Clone(addresses), uploadAddresses...) {
		used[a.Key] = true
	}
	// Package api may ask for sentences by their key.
	apiFiles, _ := filepath.Glob("../api/*.go")
	apiFiles = append(apiFiles, "progress.go")
	mayBe := map[string]bool{}
	for _, name := range apiFiles {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inAPI.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
		for _, m := range inGo.FindAllStringSubmatch(string(b), -1) {
			mayBe[m[1]] = true
		}
	}

	for _, lang := range Languages {
		w, err := readWords(lang)
		if err != nil {
			t.Fatal(err)
		}
		for key := range used {
			if _, ok := w[key]; !ok {
				t.Errorf("%s.json: no sentence for %q", lang, key)
			}
		}
		for key, s := range w {
			if !used[key] && !mayBe[key] {
				t.Errorf("%s.json: nobody asks for %q", lang, key)
			}
			if lang == "vi" && s.One != "" {
				t.Errorf("vi.json: %q has a plural, which Vietnamese has not", key)
			}
		}
	}
}

var argument = regexp.MustCompile(`\{\d\}|\]\(\d\)`)

// TestLanguagesAgree: the same keys, the same arguments in each sentence.
func TestLanguagesAgree(t *testing.T) {
	vi, err := readWords("vi")
	if err != nil {
		t.Fatal(err)
	}
	en, err := readWords("en")
	if err != nil {
		t.Fatal(err)
	}
	args := func(s string) []string {
		found := argument.FindAllString(s, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	for key := range vi {
		if _, ok := en[key]; !ok {
			t.Errorf("en.json lacks %q", key)
		}
	}
	for key, e := range en {
		v, ok := vi[key]
		if !ok {
			t.Errorf("vi.json lacks %q", key)
			continue
		}
		if d := cmp.Diff(args(v.Other), args(e.Other)); d != "" {
			t.Errorf("%q: arguments differ (-vi +en)\n%s", key, d)
		}
		if e.One != "" {
			if d := cmp.Diff(args(e.Other), args(e.One)); d != "" {
				t.Errorf("%q: arguments of one and other differ\n%s", key, d)
			}
		}
		for _, s := range []string{v.Other, e.Other, e.One} {
			if strings.Contains(s, "--") || strings.Contains(s, " ,") || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
				t.Errorf("%q: a slip of the pen in %q", key, s)
			}
		}
	}
}

func TestSay(t *testing.T) {
	pages := mustNew(t)
	for _, c := range []struct {
		lang, key string
		args      []any
		want      string
	}{
		{"vi", "rows", []any{12480}, "12.480 dòng"},
		{"en", "rows", []any{int64(12480)}, "12,480 rows"},
		{"en", "rows", []any{1}, "1 row"},
		{"en", "rows", []any{0}, "0 rows"},
		{"en", "search.title-q", []any{"1", 1}, "Search “1”: 1 dataset"},
		{"vi", "search.title-q", []any{"{1}", 2}, "Tìm “{1}”: 2 bộ dữ liệu"},
		{"vi", "agencies.last", []any{day(2026, 11, 21)}, "gần nhất 21/11/2026"},
		{"vi", "no.such.key", nil, "no.such.key"},
		{"xx", "search.button", nil, "Tìm"},
	} {
		if got := pages.Say(c.lang, c.key, c.args...); got != c.want {
			t.Errorf("Say(%s, %s, %v) = %q, want %q", c.lang, c.key, c.args, got, c.want)
		}
	}
	if title, advice := pages.Problem("en", 404); title != "There is no such page." || advice == "" {
		t.Errorf("Problem(404) = %q, %q", title, advice)
	}
	if title, _ := pages.Problem("en", 418); title != pages.Say("en", "error.400.title") {
		t.Errorf("Problem(418) = %q, want that of 400", title)
	}
	if title, _ := pages.Problem("en", 502); title != pages.Say("en", "error.500.title") {
		t.Errorf("Problem(502) = %q, want that of 500", title)
	}
}

func TestRich(t *testing.T) {
	w := words{
		"a": {Other: "See [all](0), **now**, `x`."},
		"b": {Other: "{0} and [{0}](1)"},
		"c": {Other: "5 * 3 [no link] `open"},
	}
	for _, c := range []struct {
		key  string
		args []any
		want []piece
	}{
		{"a", []any{"/all"}, []piece{{Text: "See "}, {Text: "all", URL: "/all"}, {Text: ", "}, {Text: "now", Strong: true}, {Text: ", "}, {Text: "x", Code: true}, {Text: "."}}},
		// marks in an argument are letters
		{"b", []any{"**x** [y](1)", "/u"}, []piece{{Text: "**x** [y](1) and "}, {Text: "**x** [y](1)", URL: "/u"}}},
		{"c", nil, []piece{{Text: "5 *"}, {Text: " 3 ["}, {Text: "no link] `"}, {Text: "open"}}},
		{"missing", nil, []piece{{Text: "missing"}}},
	} {
		if d := cmp.Diff(c.want, w.rich("en", c.key, c.args...)); d != "" {
			t.Errorf("rich(%s) (-want +got)\n%s", c.key, d)
		}
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct{ lang, path, want string }{
		{"vi", "/", "/"}, {"en", "/", "/en/"}, {"vi", "/datasets", "/datasets"}, {"en", "/datasets", "/en/datasets"},
	} {
		if got := Path(c.lang, c.path); got != c.want {
			t.Errorf("Path(%s, %s) = %s, want %s", c.lang, c.path, got, c.want)
		}
		if lang, rest := SplitPath(c.want); lang != c.lang || rest != c.path {
			t.Errorf("SplitPath(%s) = %s, %s", c.want, lang, rest)
		}
	}
	for path, want := range map[string]string{"/en": "/", "/english": "/english", "/entry/x": "/entry/x"} {
		if _, rest := SplitPath(path); rest != want {
			t.Errorf("SplitPath(%s) = %s, want %s", path, rest, want)
		}
	}
}

// TestKeysOnce: of a key that stands twice the last one would be read, and the
// first place would say something else.
func TestKeysOnce(t *testing.T) {
	line := regexp.MustCompile(`(?m)^ "((?:[^"\\]|\\.)*)":`)
	for _, lang := range Languages {
		b, err := langFiles.ReadFile("lang/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, m := range line.FindAllSubmatch(b, -1) {
			if key := string(m[1]); seen[key] {
				t.Errorf("%s.json has %q twice", lang, key)
			} else {
				seen[key] = true
			}
		}
		if len(seen) < 100 {
			t.Errorf("%s.json: %d keys", lang, len(seen))
		}
	}
}
