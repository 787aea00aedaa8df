package templates

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed lang/*.json
var langFiles embed.FS

// Languages of the pages. The first is the one of addresses without a prefix.
var Languages = []string{"vi", "en"}

func known(lang string) string {
	for _, l := range Languages {
		if l == lang {
			return l
		}
	}
	return Languages[0]
}

// Path gives the address of a page in a language: "/datasets" and "/en/datasets".
// Addresses of files and of the API have no language; do not send them here.
func Path(lang, path string) string {
	lang = known(lang)
	if lang == Languages[0] {
		return path
	}
	return "/" + lang + path
}

// SplitPath is the other way: the language of a page's address, and the rest.
func SplitPath(path string) (lang, rest string) {
	for _, l := range Languages[1:] {
		if path == "/"+l {
			return l, "/"
		}
		if strings.HasPrefix(path, "/"+l+"/") {
			return l, path[len(l)+1:]
		}
	}
	return Languages[0], path
}

// words are the sentences of one language, by key.
type words map[string]sentence

// sentence has one form, or several to choose from by the first number among
// its arguments. Vietnamese has no plural, so its sentences have one form.
type sentence struct {
	One, Other string
}

func (s *sentence) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &s.Other); err == nil {
		return nil
	}
	forms := map[string]string{}
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	s.One, s.Other = forms["one"], forms["other"]
	if s.Other == "" || len(forms) != 2 || s.One == "" {
		return fmt.Errorf("a sentence has the forms one and other")
	}
	return nil
}

func readWords(lang string) (words, error) {
	b, err := langFiles.ReadFile("lang/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("read words %s: %w", lang, err)
	}
	var w words
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("read words %s: %w", lang, err)
	}
	return w, nil
}

// say fills {0}, {1} … with the arguments. Numbers and dates are written as
// the language writes them; strings stay as they are.
func (w words) say(lang, key string, args ...any) string {
	s, ok := w[key]
	if !ok {
		return key
	}
	return fill(lang, s.form(args), args)
}

func (s sentence) form(args []any) string {
	if s.One == "" {
		return s.Other
	}
	for _, a := range args {
		if n, ok := whole(a); ok {
			if n == 1 {
				return s.One
			}
			break
		}
	}
	return s.Other
}

func whole(a any) (int64, bool) {
	switch n := a.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

func fill(lang, s string, args []any) string {
	if len(args) == 0 || !strings.Contains(s, "{") {
		return s
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", written(lang, a))
	}
	// One pass over the sentence: a "{1}" inside an argument stays what it is.
	return strings.NewReplacer(pairs...).Replace(s)
}

func written(lang string, a any) string {
	switch v := a.(type) {
	case string:
		return v
	case Text:
		return v.Words
	case int:
		return Number(lang, int64(v))
	case int64:
		return Number(lang, v)
	case float64:
		return Decimal(lang, v, 1)
	case time.Time:
		return Date(lang, v)
	case time.Duration:
		return strconv.FormatInt(int64(v.Round(time.Second)/time.Second), 10)
	}
	return fmt.Sprint(a)
}

// piece is a part of a sentence: words, a link, strong words or code.
type piece struct {
	Text   string
	URL    string
	Strong bool
	Code   bool
}

// rich cuts a sentence into pieces: [words](0) links to argument 0, **words**
// are strong, `words` are code. The marks are read in the sentence of the
// language file only, never in an argument: arguments are filled in afterwards.
func (w words) rich(lang, key string, args ...any) []piece {
	s, ok := w[key]
	if !ok {
		return []piece{{Text: key}}
	}
	var out []piece
	add := func(p piece) {
		if p.Text = fill(lang, p.Text, args); p.Text != "" {
			out = append(out, p)
		}
	}
	rest := s.form(args)
	for rest != "" {
		i := strings.IndexAny(rest, "[*`")
		if i < 0 {
			break
		}
		p, n := markup(rest[i:], args)
		if n == 0 { // a mark that opens nothing is a letter
			add(piece{Text: rest[:i+1]})
			rest = rest[i+1:]
			continue
		}
		add(piece{Text: rest[:i]})
		add(p)
		rest = rest[i+n:]
	}
	add(piece{Text: rest})
	return out
}

func markup(s string, args []any) (p piece, length int) {
	switch {
	case strings.HasPrefix(s, "**"):
		if end := strings.Index(s[2:], "**"); end > 0 {
			return piece{Text: s[2 : 2+end], Strong: true}, end + 4
		}
	case s[0] == '`':
		if end := strings.IndexByte(s[1:], '`'); end > 0 {
			return piece{Text: s[1 : 1+end], Code: true}, end + 2
		}
	case s[0] == '[':
		text, after, ok := strings.Cut(s[1:], "](")
		number, _, closed := strings.Cut(after, ")")
		n, err := strconv.Atoi(number)
		if ok && closed && err == nil && n >= 0 && n < len(args) {
			url, _ := args[n].(string)
			return piece{Text: text, URL: url}, len(text) + len(number) + 4
		}
	}
	return piece{}, 0
}

// word gives the word for a code of a family ("type", "decimal"), or the code
// itself where the family has no word for it.
func (w words) word(family, code string) string {
	if s, ok := w[family+"."+code]; ok {
		return s.Other
	}
	return code
}

// has says whether the family has a word for the code.
func (w words) has(family, code string) bool {
	_, ok := w[family+"."+code]
	return ok
}

// treatment tells "redact, round 100" in words: each part by its first word.
func (w words) treatment(all string) string {
	parts := strings.Split(all, ",")
	for i, part := range parts {
		name, _, _ := strings.Cut(strings.TrimSpace(part), " ")
		parts[i] = w.word("treatment", name)
	}
	return strings.Join(parts, ", ")
}

// gates are the sentences of the checks that have one.
func (w words) gates(names []string) []string {
	var out []string
	for _, n := range names {
		if w.has("gate", n) {
			out = append(out, w.word("gate", n))
		}
	}
	return out
}
