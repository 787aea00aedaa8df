package format

import (
	"bytes"
	"context"
	"io"
	"slices"
)

// csvFormat reads delimited text: CSV, TSV and what passes for them.
var csvFormat = Format{Name: "csv", Sniff: sniffCSV, Open: openCSV}

// sniffCSV takes any text. What is no text is found out over the whole file,
// with the encoding.
func sniffCSV(string, []byte) bool { return true }

func openCSV(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	reading := readingOf(o)
	src, err := openSource(ctx, r, size, reading.Encoding, o.Progress)
	if err != nil {
		return nil, err
	}
	file := &File{Report: Report{SHA256: src.sha256, Encoding: src.enc.name, BOM: src.skip > 0, Questions: []Question{}}}
	f := newFinder(o, &file.Report)
	if src.ask {
		f.ask("encoding", "", slices.Concat([]string{"utf-8", "windows-1252"}, vietnamese, []string{"cp932", "big5", "gb18030", "euc-kr"})...)
	}
	samples, err := takeSamples(ctx, src)
	if err != nil {
		return nil, err
	}
	if len(samples) == 1 && !samples[0].cut && len(trim(bytes.Trim(samples[0].text, "\x00"))) == 0 {
		return nil, &Refusal{Code: "empty", Stage: "dialect"}
	}
	g, others := findDialect(withoutComments(samples, reading.Comment), reading.Delimiter, reading.Quote, o.Limits)
	file.Report.Delimiter = string(g.dialect.delim)
	if g.dialect.quote != 0 {
		file.Report.Quote = string(g.dialect.quote)
	}
	if len(others) > 0 {
		f.ask("delimiter", "", append([]string{file.Report.Delimiter}, others...)...)
	}
	f.width, f.delim, f.bare = g.width, g.dialect.delim, g.dialect.quote == 0 && reading.Quote == ""
	f.open = func(ctx context.Context, l *layout) (records, error) {
		rows := newRecordReader(src.text(ctx), src.size, g.dialect, l.width, o.Limits)
		rows.comment = []byte(reading.Comment)
		return rows, nil
	}
	f.samples = func(see func(*record)) {
		for i, s := range samples {
			rows := newRecordReader(bytes.NewReader(s.text), int64(len(s.text)), g.dialect, f.width, o.Limits)
			rows.comment = []byte(reading.Comment)
			for rows.next() == nil {
				if i > 0 {
					rows.record.n = 0
				}
				see(&rows.record)
			}
		}
	}
	f.problems = func(tr *TableReport, read records, _ []string) {
		textProblems(tr, src, read.(*recordReader), &file.Report)
	}
	if file.Tables, err = f.tables(ctx); err != nil {
		return nil, err
	}
	return file, nil
}

// textProblems are about the text as a whole.
func textProblems(tr *TableReport, src *source, r *recordReader, report *Report) {
	report.EOL = eolName(r)
	if report.EOL == "mixed" {
		tr.problem("mixed-newlines", seen{n: r.lf + r.crlf + r.cr + r.crcrlf - max(r.lf, r.crlf, r.cr, r.crcrlf)}, "", "")
	}
	tr.problem("bad-bytes", src.bad.whole(), "", "utf-8")
	tr.problem("bad-bytes", r.nul.whole(), "", "no NUL")
	tr.problem("repaired", r.unclosed.whole(), "", "closing quote")
	tr.problem("repaired", r.stray.whole(), "", "doubled quote")
}

// whole is the place of something that is not about a row.
func (s seen) whole() seen { return seen{n: s.n, line: s.line} }

func eolName(r *recordReader) string {
	name, met := "", 0
	for _, e := range []struct {
		n    int64
		name string
	}{{r.lf, "LF"}, {r.crlf, "CRLF"}, {r.cr, "CR"}, {r.crcrlf, "CRCRLF"}} {
		if e.n > 0 {
			name = e.name
			met++
		}
	}
	if met > 1 {
		return "mixed"
	}
	return name
}
