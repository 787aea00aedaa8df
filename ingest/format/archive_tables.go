package format

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// openArchive reads the tables among the files of a ZIP, one after the other.
// What is no table is left out and counted: descriptions, pictures, documents.
// An archive inside is refused, since nobody sees what it hides.
func openArchive(ctx context.Context, a *archive, o Options) (*File, error) {
	if o.unpacker != nil {
		return nil, &Refusal{Code: "packed-twice", Stage: "unpack"}
	}
	o.unpacker = newUnpacker(o, a.size)
	all := &File{Report: Report{Questions: []Question{}}}
	var refused *Refusal
	files, skipped := 0, int64(0)
	for _, f := range a.files {
		name := entryName(f.Name)
		if name == "" {
			continue
		}
		if !maybeTable(name) {
			skipped++
			continue
		}
		in, err := a.entry(ctx, f, true)
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
		all.take(file, strings.TrimSuffix(name, path.Ext(name)))
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

// entryName is the name of a file within the archive; "" where it is none, or
// belongs to the program that packed it.
func entryName(name string) string {
	name = norm.NFC.String(strings.ReplaceAll(name, `\`, "/"))
	base := path.Base(name)
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
	for _, p := range []string{"readme", "license", "licence", "copying", "doc.", "metadata."} {
		if strings.HasPrefix(low, p) {
			return false
		}
	}
	switch path.Ext(low) {
	case ".md", ".rst", ".html", ".htm", ".xml", ".xsd", ".xsl", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".ppt", ".pptx",
		".png", ".jpg", ".jpeg", ".gif", ".svg", ".tif", ".tiff", ".sql", ".py", ".r", ".js", ".css", ".log", ".exe", ".dll":
		return false
	}
	return true
}

// take adds the tables of a file inside.
func (f *File) take(in *File, name string) {
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
