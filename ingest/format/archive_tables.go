package format

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"daylight/privacy"
)

// openArchive reads the tables among the files of a ZIP, one after the other.
// What is no table is left out and counted: descriptions, pictures, documents,
// links. An archive inside is refused, since nobody sees what it hides.
// No name leads anywhere: only bytes of the archive itself are read.
func openArchive(ctx context.Context, a *archive, o Options) (*File, error) {
	if o.unpacker != nil {
		return nil, &Refusal{Code: "packed-twice", Stage: "unpack"}
	}
	o.unpacker = newUnpacker(o, a.size)
	all := &File{Report: Report{Questions: []Question{}}}
	entries, skipped := a.tables()
	if len(entries) > 1 {
		var err error
		if entries, err = chosen(entries, readingOf(o).Sheet); err != nil {
			return nil, err
		}
		o.Reading = withoutSheets(o.Reading)
	}
	var refused *Refusal
	files, names := 0, map[string]bool{}
	for _, e := range entries {
		name := e.name
		in, err := a.entry(ctx, e.file, true)
		if err != nil {
			return nil, err
		}
		inside, err := o.unpacker.lay(ctx, in)
		if err != nil {
			if errors.Is(err, errScratch) {
				return nil, err
			}
			return nil, a.fault(err)
		}
		o.Early = nil // there may be more than one table
		file, err := o.inside(ctx, inside, inside.Size(), name, o)
		var r *Refusal
		switch {
		case errors.As(err, &r) && slices.Contains(noTables, r.Code):
			skipped++
			refused = r
			continue
		case err != nil:
			return nil, err
		}
		files++
		all.take(file, tableName(name), names)
	}
	switch {
	case len(all.Tables) > 0:
	case refused != nil && files == 0 && skipped == 1:
		return nil, refused
	default:
		return nil, &Refusal{Code: "zip-empty", Stage: "structure"}
	}
	if skipped > 0 {
		all.Report.Tables[0].problem("archive-entry", seen{n: skipped}, "", "table")
	}
	if files > 1 {
		all.Report.Format = "zip"
		return all, nil
	}
	all.Report.Packed = "zip"
	return all, nil
}

// noTables are codes of refusals that say what a file is rather than what is
// wrong with it.
var noTables = []string{"empty", "html", "pdf", "office", "binary", "no-table", "json-shape", "encoding-unknown"}

// tableEntry is a file in an archive that may hold a table.
type tableEntry struct {
	file *zip.File
	name string
}

// tables are the files that may be tables, and how many are none by their name
// or kind.
func (a *archive) tables() (out []tableEntry, skipped int64) {
	for _, f := range a.files {
		name := entryName(f.Name, a.limits.Label)
		switch {
		case name == "" || f.Mode().IsDir():
		case !f.Mode().IsRegular() || !maybeTable(name): // what a link holds is a path
			skipped++
		default:
			out = append(out, tableEntry{f, name})
		}
	}
	return out, skipped
}

// chosen are the files that the plan names in read.sheet, in the order of the
// archive: a file of several stands where a sheet stands in a workbook.
func chosen(entries []tableEntry, named []string) ([]tableEntry, error) {
	if len(named) == 0 {
		return entries, nil
	}
	wanted, found := map[string]bool{}, map[string]bool{}
	for _, n := range named {
		wanted[strings.TrimSpace(norm.NFC.String(n))] = true
	}
	var out []tableEntry
	for _, e := range entries {
		for _, n := range []string{e.name, tableName(e.name)} {
			if wanted[n] {
				found[n] = true
				out = append(out, e)
				break
			}
		}
	}
	if len(found) < len(wanted) {
		return nil, &Refusal{Code: "read-sheet", Stage: "structure"}
	}
	return out, nil
}

func withoutSheets(r *privacy.Reading) *privacy.Reading {
	if r == nil {
		return nil
	}
	out := *r
	out.Sheet = nil
	return &out
}

// tableName is a file's name without what it ends in.
func tableName(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// entryName is the name of a file within the archive, of at most most bytes; ""
// where it is none, or belongs to the program that packed it. A name in an old
// code page keeps its ASCII, since nothing says which code page it is.
func entryName(name string, most int) string {
	name = Label(strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "\uFFFD"))
	base := path.Base(name)
	if len(base) > most {
		base = strings.ToValidUTF8(base[:most], "")
	}
	if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, ".") ||
		strings.EqualFold(base, "thumbs.db") || strings.EqualFold(base, "desktop.ini") {
		return ""
	}
	return base
}

// maybeTable tells by the name what would read as a table of one column and is
// a description, a licence or a picture.
func maybeTable(name string) bool {
	low := strings.ToLower(name)
	switch low {
	case "datapackage.json", "metadata.json":
		return false
	}
	switch path.Ext(low) {
	case "", ".txt":
		switch strings.TrimSuffix(low, ".txt") {
		case "readme", "read_me", "license", "licence", "copying", "notice", "authors", "changelog":
			return false
		}
	}
	switch path.Ext(low) {
	case ".md", ".rst", ".html", ".htm", ".xml", ".xsd", ".xsl", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".ppt", ".pptx",
		".png", ".jpg", ".jpeg", ".gif", ".svg", ".tif", ".tiff", ".sql", ".py", ".r", ".js", ".css", ".log", ".exe", ".dll", ".prj", ".cpg", ".shx", ".sbn", ".sbx":
		return false
	}
	return true
}

// take adds the tables of a file inside, each under a name of its own.
func (f *File) take(in *File, name string, names map[string]bool) {
	if len(f.Tables) == 0 {
		questions := f.Report.Questions
		f.Report = in.Report
		f.Report.Tables, f.Report.Questions = nil, questions
	}
	before := len(f.Tables)
	for i, t := range in.Tables {
		of := name
		switch {
		case len(in.Tables) == 1:
		case t.Name() != "":
			of += " " + t.Name()
		default:
			of = fmt.Sprintf("%s (%d)", name, i+1)
		}
		for n, base := 2, of; names[of]; n++ {
			of = fmt.Sprintf("%s (%d)", base, n)
		}
		names[of] = true
		in.Report.Tables[i].Name = of
		f.Tables = append(f.Tables, &namedTable{t, of})
		f.Report.Tables = append(f.Report.Tables, in.Report.Tables[i])
	}
	for _, q := range in.Report.Questions {
		q.Table = max(q.Table, 1) + before
		f.Report.Questions = append(f.Report.Questions, q)
	}
}

// namedTable is a table under the name of the file it came in.
type namedTable struct {
	Table
	name string
}

func (t *namedTable) Name() string { return t.name }
