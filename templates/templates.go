// Package templates shows: one struct a page, one HTML file a page, every
// sentence from lang/*.json in Vietnamese and English.
//
// It knows nothing of catalogues, files or the web server: package api fills
// the structs of pages.go, and Render writes the page. Pages work without
// JavaScript, ask no other host for anything, and hold no inline style or
// script, so that they live under the strictest Content-Security-Policy. One
// page has a script beside it, which needs its own line there: an upload's,
// while it is worked on.
// All words that come from outside are escaped by html/template; nothing in
// this package turns data into template.HTML.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed pages/*.html parts/*.html
var files embed.FS

// Templates are the parsed pages in every language. Safe for concurrent use.
type Templates struct {
	pages map[string]map[string]*template.Template // by language, then by file
	words map[string]words
}

// New parses the embedded pages and words. An error means that the program was
// built wrong; the tests of this package find it first.
func New() (*Templates, error) {
	t := &Templates{pages: map[string]map[string]*template.Template{}, words: map[string]words{}}
	for _, lang := range Languages {
		w, err := readWords(lang)
		if err != nil {
			return nil, err
		}
		t.words[lang] = w
		base, err := template.New("layout").Funcs(funcs(lang, w)).ParseFS(files, "parts/*.html")
		if err != nil {
			return nil, fmt.Errorf("parse parts: %w", err)
		}
		t.pages[lang] = map[string]*template.Template{}
		for _, name := range pageFiles {
			page, err := base.Clone()
			if err != nil {
				return nil, fmt.Errorf("parse page %s: %w", name, err)
			}
			if _, err := page.ParseFS(files, "pages/"+name); err != nil {
				return nil, fmt.Errorf("parse page %s: %w", name, err)
			}
			t.pages[lang][name] = page
		}
	}
	return t, nil
}

// pageFiles are the pages there are; fileOf says which struct goes with which.
var pageFiles = []string{
	"home.html", "search.html", "dataset.html", "difference.html", "agencies.html", "agency.html",
	"codes.html", "code-list.html", "concept.html",
	"held.html", "withheld.html", "withholding.html", "inventory.html", "work-inventory.html",
	"developers.html", "about.html", "problem.html", "error.html",
	"signin.html", "work.html", "send.html", "work-dataset.html", "review.html",
}

// datasetView is what dataset.html shows: the page of a dataset, and on the
// page of a version also the latest one.
type datasetView struct {
	DatasetPage
	Latest *Version
}

func fileOf(page any) (string, any, error) {
	switch p := page.(type) {
	case HomePage:
		return "home.html", p, nil
	case SearchPage:
		return "search.html", p, nil
	case DatasetPage:
		return "dataset.html", datasetView{DatasetPage: p}, nil
	case VersionPage:
		return "dataset.html", datasetView{DatasetPage: p.DatasetPage, Latest: &p.Latest}, nil
	case DifferencePage:
		return "difference.html", p, nil
	case HeldPage:
		return "held.html", p, nil
	case WithheldPage:
		return "withheld.html", p, nil
	case WithholdingPage:
		return "withholding.html", p, nil
	case InventoryPage:
		return "inventory.html", p, nil
	case WorkInventoryPage:
		return "work-inventory.html", p, nil
	case AgenciesPage:
		return "agencies.html", p, nil
	case AgencyPage:
		return "agency.html", p, nil
	case CodesPage:
		return "codes.html", p, nil
	case CodeListPage:
		return "code-list.html", p, nil
	case ConceptPage:
		return "concept.html", p, nil
	case DevelopersPage:
		return "developers.html", p, nil
	case AboutPage:
		return "about.html", p, nil
	case ProblemPage:
		return "problem.html", p, nil
	case SignInPage:
		return "signin.html", p, nil
	case ReviewPage:
		return "review.html", p, nil
	case WorkDatasetPage:
		return "work-dataset.html", p, nil
	case SendPage:
		return "send.html", p, nil
	case WorkPage:
		return "work.html", p, nil
	case ErrorPage:
		// Nothing of the request: the address that failed is nowhere on the page,
		// and the other language leads to its home page.
		p.Site.Path, p.Site.Query = "/", ""
		return "error.html", p, nil
	}
	return "", nil, fmt.Errorf("render %T: no such page", page)
}

// Render writes a page: one of the structs of pages.go, by value. An unknown
// language is shown in Vietnamese. Nothing is written when an error is
// returned by the template; an error of w is returned as it is.
func (t *Templates) Render(w io.Writer, lang string, page any) error {
	file, data, err := fileOf(page)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.pages[known(lang)][file].ExecuteTemplate(&out, "layout", data); err != nil {
		return fmt.Errorf("render %s: %w", file, err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// Say gives one sentence of lang/*.json as plain text, for answers that are
// not pages (problem+json, mail). Arguments as in the sentence: numbers and
// dates are written as people of that language write them. An unknown key
// gives the key.
func (t *Templates) Say(lang, key string, args ...any) string {
	lang = known(lang)
	return t.words[lang].say(lang, key, args...)
}

// Problem gives the title of an error and what to do about it, as the error
// page says it. A status without words of its own is told as 500 or 400.
func (t *Templates) Problem(lang string, status int) (title, advice string) {
	key := errorKey(status)
	return t.Say(lang, key+".title"), t.Say(lang, key+".do")
}
