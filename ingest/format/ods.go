package format

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// document is one reading of an OpenDocument spreadsheet. All its sheets stand
// in one part, which is read from its start for each of them.
type document struct{ *archive }

func openODS(ctx context.Context, a *archive, o Options) (*File, error) {
	a.damaged = "ods"
	d := &document{a}
	if err := d.isSpreadsheet(ctx); err != nil {
		return nil, a.fault(err)
	}
	sheets, err := d.sheets(ctx)
	if err != nil {
		return nil, a.fault(err)
	}
	return openSheets(ctx, sheets, o, d.reader)
}

// isSpreadsheet says what the file is instead, and whether it has a password.
func (d *document) isSpreadsheet(ctx context.Context) error {
	if d.has("mimetype") {
		r, err := d.part(ctx, "mimetype", true)
		if err != nil {
			return err
		}
		kind := make([]byte, 100)
		n, err := io.ReadFull(r, kind)
		if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
			return err
		}
		if k := string(kind[:n]); !strings.Contains(k, "spreadsheet") {
			return &Refusal{Code: "office", Stage: "sniff"}
		}
	}
	r, err := d.part(ctx, "meta-inf/manifest.xml", true)
	if err != nil {
		return err
	}
	x := newXMLScanner(r)
	for {
		k, err := x.next()
		switch {
		case err != nil:
			return err
		case k == xmlEOF:
			return nil
		case k == xmlStart && string(x.name) == "encryption-data", k == xmlStart && string(x.name) == "encrypted-key":
			return &Refusal{Code: "encrypted", Stage: "sniff"}
		}
	}
}

// sheets lists the tables of the document; those whose style is not displayed
// are hidden.
func (d *document) sheets(ctx context.Context) ([]*sheet, error) {
	r, err := d.part(ctx, "content.xml", true)
	if err != nil {
		return nil, err
	}
	x := newXMLScanner(r)
	var out []*sheet
	unseen := make(map[string]bool) // styles of tables that are not displayed
	style := ""
	for {
		k, err := x.next()
		if err != nil {
			return nil, err
		}
		if k == xmlEOF {
			return out, nil
		}
		if k != xmlStart {
			continue
		}
		switch string(x.name) {
		case "style":
			v, err := x.attrStrings("name")
			if err != nil {
				return nil, err
			}
			style = v[0]
		case "table-properties":
			v, err := x.attrStrings("display")
			if err != nil {
				return nil, err
			}
			if v[0] == "false" && len(unseen) < d.limits.Sheets {
				unseen[style] = true
			}
		case "table":
			v, err := x.attrStrings("name", "style-name")
			if err != nil {
				return nil, err
			}
			if len(out) == d.limits.Sheets || len(v[0]) > d.limits.Label {
				return nil, &Refusal{Code: "too-large", Stage: "structure"}
			}
			out = append(out, &sheet{name: Label(v[0]), part: strconv.Itoa(len(out)), hidden: unseen[v[1]]})
			if err := x.skip(); err != nil {
				return nil, err
			}
		case "tracked-changes", "named-expressions", "database-ranges", "dde-links":
			if err := x.skip(); err != nil {
				return nil, err
			}
		}
	}
}

func (d *document) reader(ctx context.Context, s *sheet, look bool) (*sheetReader, error) {
	in, err := d.part(ctx, "content.xml", false)
	if err != nil {
		return nil, err
	}
	nth, err := strconv.Atoi(s.part)
	if err != nil {
		return nil, err
	}
	r := &sheetReader{s: s, limits: d.limits, look: look}
	r.src = &odsRows{sheetReader: r, d: d, x: newXMLScanner(in), before: nth}
	return r, nil
}

// odsRows reads the rows of one table of the document.
type odsRows struct {
	*sheetReader
	d      *document
	x      *xmlScanner
	before int // tables that stand before it
	in     bool
	column int    // of the columns told so far
	again  int64  // how often the row at hand comes once more
	spent  int64  // what repeated rows and cells have cost
	told   int64  // rows told so far
	shown  []byte // of the cell at hand
}

func (r *odsRows) read() error {
	err := r.readNext()
	if err == io.EOF {
		return err
	}
	return r.d.fault(err)
}

func (r *odsRows) readNext() error {
	if r.again > 0 {
		r.again--
		r.row.at++
		return nil
	}
	for {
		k, err := r.x.next()
		if err != nil {
			return err
		}
		switch {
		case k == xmlEOF:
			return io.EOF
		case k == xmlEnd && r.in && string(r.x.name) == "table":
			return io.EOF
		case k != xmlStart:
		case !r.in:
			switch string(r.x.name) {
			case "table":
				if r.before == 0 {
					r.in = true
					continue
				}
				r.before--
				err = r.x.skip()
			case "tracked-changes", "named-expressions", "database-ranges", "dde-links":
				err = r.x.skip()
			}
			if err != nil {
				return err
			}
		case string(r.x.name) == "table-column":
			if err := r.columns(); err != nil {
				return err
			}
		case string(r.x.name) == "table-row":
			filled, err := r.readRow()
			if err != nil || filled {
				return err
			}
		case string(r.x.name) == "shapes", string(r.x.name) == "forms", string(r.x.name) == "named-expressions":
			if err := r.x.skip(); err != nil {
				return err
			}
		}
	}
}

// repeated is how often a row, a column or a cell stands there; most bounds it.
func (r *odsRows) repeated(name string, most int64) (int64, error) {
	v, err := r.x.attr(name)
	if err != nil || v == nil {
		return 1, err
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < 1 {
		return 0, errXML
	}
	return min(n, most), nil
}

// unseen: filtered out, or collapsed.
func (r *odsRows) unseen() (bool, error) {
	v, err := r.x.attr("visibility")
	return string(v) == "collapse" || string(v) == "filter", err
}

func (r *odsRows) columns() error {
	n, err := r.repeated("number-columns-repeated", sheetColumns)
	if err != nil {
		return err
	}
	hidden, err := r.unseen()
	if err != nil {
		return err
	}
	to := min(r.column+int(n), sheetColumns)
	if r.look && hidden {
		for len(r.s.hiddenColumns) < to {
			r.s.hiddenColumns = append(r.s.hiddenColumns, false)
		}
		for j := r.column; j < to; j++ {
			r.s.hiddenColumns[j] = true
		}
	}
	r.column = to
	return nil
}

// repeatMost is how many bytes repeated filled rows and cells may stand for: a
// file says a million rows in one line. Each row that is written has some free,
// about 120 cells: programs write equal neighbours as one repeated cell.
const (
	repeatMost = 256 << 20
	repeatFree = 2 << 10
	repeatCell = 16 // bytes that a cell is counted as, beside its text
)

// spend counts what is repeated.
func (r *odsRows) spend(bytes int64) error {
	if r.spent += bytes; r.spent > repeatMost {
		return &Refusal{Code: "too-large", Stage: "structure", Line: r.row.at}
	}
	return nil
}

// readRow reads the row whose start is at hand; rows in which nothing stands
// are only counted.
func (r *odsRows) readRow() (filled bool, err error) {
	times, err := r.repeated("number-rows-repeated", sheetRows)
	if err != nil {
		return false, err
	}
	hidden, err := r.unseen()
	if err != nil {
		return false, err
	}
	at := r.told + 1
	r.told += times
	r.row = sheetRow{at: at, hidden: hidden, cells: r.row.cells[:0]}
	r.text = r.text[:0]
	column := 0
	for depth := r.x.depth() - 1; ; {
		k, err := r.x.next()
		switch {
		case err != nil:
			return false, err
		case k == xmlEOF:
			return false, errXML
		case k == xmlEnd && r.x.depth() == depth:
			if len(r.row.cells) == 0 && !r.row.touched {
				return false, nil
			}
			if r.told > sheetRows {
				return false, errXML
			}
			r.again = times - 1
			r.spent = max(0, r.spent-repeatFree)
			return true, r.spend(r.again * int64(len(r.text)+repeatCell*len(r.row.cells)))
		case k != xmlStart:
		case string(r.x.name) == "table-cell", string(r.x.name) == "covered-table-cell":
			if column, err = r.readCell(column); err != nil {
				return false, err
			}
		default:
			if err := r.x.skip(); err != nil {
				return false, err
			}
		}
	}
}

// readCell reads the cell whose start is at hand and returns the next column.
func (r *odsRows) readCell(column int) (int, error) {
	times, err := r.repeated("number-columns-repeated", sheetColumns)
	if err != nil {
		return 0, err
	}
	kinds, err := r.x.attrAll("value-type")
	if err != nil {
		return 0, err
	}
	v, err := r.x.attrStrings("value", "date-value", "time-value", "boolean-value", "string-value", "formula", "number-columns-spanned", "number-rows-spanned")
	if err != nil {
		return 0, err
	}
	kind, broken := "", false
	for _, k := range kinds {
		switch string(k) {
		case "error":
			broken = true
		default:
			if kind == "" {
				kind = string(k)
			}
		}
	}
	shown, err := r.paragraphs()
	if err != nil {
		return 0, err
	}
	from := len(r.text)
	c := sheetCell{column: column, shared: -1, from: from}
	switch {
	case broken || v[5] != "" && errorText(shown):
		return r.broken(&r.s.errors, column, times)
	case v[5] != "" && kind == "" && len(shown) == 0:
		return r.broken(&r.s.unstored, column, times)
	case kind == "float", kind == "currency", kind == "percentage":
		c.as = r.number(kind, []byte(v[0]), shown)
	case kind == "date" && v[1] != "":
		r.text = append(r.text, v[1]...)
		if !strings.Contains(v[1], "T") {
			c.as = asDay
		}
	case kind == "time" && v[2] != "":
		r.text = appendDuration(r.text, v[2], shown)
	case kind == "boolean" && v[3] != "":
		word := "false"
		if isTrue(v[3]) {
			word = "true"
		}
		r.text = append(r.text, word...)
	case kind == "string" && v[4] != "":
		r.text = append(r.text, v[4]...)
	default:
		r.text = append(r.text, shown...)
	}
	next := column + int(times)
	c.to = len(r.text)
	if c.to == from {
		return next, nil
	}
	if int64(c.to-from) > r.limits.Cell {
		return 0, &Refusal{Code: "too-large", Stage: "structure", Line: r.row.at}
	}
	if next > sheetColumns {
		return 0, errXML
	}
	if err := r.spend((times - 1) * int64(repeatCell+c.to-c.from)); err != nil {
		return 0, err
	}
	for ; c.column < next; c.column++ {
		r.row.cells = append(r.row.cells, c)
	}
	return next, r.merged(column, v[6], v[7])
}

// broken notes cells that have no value to give.
func (r *odsRows) broken(at *[]seen, column int, times int64) (int, error) {
	next := column + int(times)
	if next > sheetColumns {
		return 0, errXML
	}
	for j := column; j < next; j++ {
		r.note(at, j)
	}
	return next, r.spend((times - 1) * repeatCell)
}

func (r *odsRows) merged(column int, columns, rows string) error {
	if !r.look || (columns == "" || columns == "1") && (rows == "" || rows == "1") {
		return nil
	}
	across, down := 1, 1
	var err1, err2 error
	if columns != "" {
		across, err1 = strconv.Atoi(columns)
	}
	if rows != "" {
		down, err2 = strconv.Atoi(rows)
	}
	if err1 != nil || err2 != nil || across < 1 || down < 1 {
		return errXML
	}
	if len(r.s.merges) == sheetMerges {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	r.s.merges = append(r.s.merges, merge{r.row.at, min(r.row.at+int64(down)-1, sheetRows), column, min(column+across, sheetColumns) - 1})
	return nil
}

// number writes the value. Where the cell shows it with zeros before it, the
// zeros are part of a code.
func (r *odsRows) number(kind string, value, shown []byte) cellKind {
	from := len(r.text)
	text, ok := appendNumber(r.text, value)
	if r.text = text; !ok {
		r.text = append(r.text[:from], shown...)
		return asFound
	}
	if kind == "percentage" {
		return asShare
	}
	if number := r.text[from:]; len(shown) > len(number) && len(number) < 20 && whole(number) && number[0] != '-' {
		if zeros := len(shown) - len(number); bytes.HasSuffix(shown, number) && bytes.Count(shown[:zeros], []byte{'0'}) == zeros {
			r.text = append(r.text[:from], shown...)
			return asText
		}
	}
	return asNumber
}

// appendDuration writes PT10H30M00S as 10:30:00, and as it is shown where that
// is no such time.
func appendDuration(dst []byte, iso string, shown []byte) []byte {
	var h, m, s int
	rest, ok := strings.CutPrefix(iso, "PT")
	for _, part := range []struct {
		unit string
		into *int
	}{{"H", &h}, {"M", &m}, {"S", &s}} {
		number, after, found := strings.Cut(rest, part.unit)
		if !found {
			continue
		}
		n, err := strconv.Atoi(number)
		ok = ok && err == nil && n >= 0 && n < 1_000_000
		*part.into, rest = n, after
	}
	if !ok || rest != "" || m > 59 || s > 59 {
		return append(dst, shown...)
	}
	two := func(n int) {
		if n < 10 {
			dst = append(dst, '0')
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	two(h)
	dst = append(dst, ':')
	two(m)
	dst = append(dst, ':')
	two(s)
	return dst
}

// errorText: what a formula shows that has failed.
func errorText(b []byte) bool {
	return len(b) > 1 && len(b) < 12 && (b[0] == '#' && (b[len(b)-1] == '!' || b[len(b)-1] == '?' || string(b) == "#N/A")) || bytes.HasPrefix(b, []byte("Err:"))
}

// paragraphs reads the cell to its end and gives what it shows: its paragraphs,
// one a line. Comments, drawings and tables inside it are not looked at.
func (r *odsRows) paragraphs() ([]byte, error) {
	r.shown = r.shown[:0]
	paragraphs := 0
	for depth := r.x.depth() - 1; ; {
		k, err := r.x.next()
		switch {
		case err != nil:
			return nil, err
		case k == xmlEOF:
			return nil, errXML
		case k == xmlEnd && r.x.depth() == depth:
			return r.shown, nil
		case k != xmlStart:
		case string(r.x.name) == "p":
			if paragraphs++; paragraphs > 1 {
				r.shown = append(r.shown, '\n')
			}
			err = r.paragraph()
		default:
			err = r.x.skip()
		}
		if err != nil {
			return nil, err
		}
		if int64(len(r.shown)) > r.limits.Cell {
			return nil, &Refusal{Code: "too-large", Stage: "structure", Line: r.row.at}
		}
	}
}

func (r *odsRows) paragraph() error {
	from := len(r.shown)
	for depth := r.x.depth() - 1; ; {
		k, err := r.x.next()
		if err != nil {
			return err
		}
		switch k {
		case xmlEOF:
			return errXML
		case xmlEnd:
			if r.x.depth() == depth {
				if !utf8.Valid(r.shown[from:]) {
					return errXML
				}
				return nil
			}
		case xmlText:
			text := len(r.shown)
			if r.shown, err = r.x.appendText(r.shown); err == nil {
				r.shown = oneSpace(r.shown, text, from)
			}
		case xmlStart:
			switch string(r.x.name) {
			case "s":
				var n int64
				if n, err = r.repeated("c", 1<<16); err == nil {
					r.shown = append(r.shown, bytes.Repeat([]byte{' '}, int(n))...)
				}
			case "tab":
				r.shown = append(r.shown, '\t')
			case "line-break":
				r.shown = append(r.shown, '\n')
			case "span", "a", "ruby", "ruby-base", "meta", "meta-field", "date", "time", "sheet-name", "title":
				// their text is the cell's
			default:
				err = r.x.skip()
			}
		}
		if err != nil {
			return err
		}
		if int64(len(r.shown)) > r.limits.Cell {
			return &Refusal{Code: "too-large", Stage: "structure", Line: r.row.at}
		}
	}
}

// oneSpace makes each stretch of white space in what was added at text one
// space, and none at the start of the paragraph: that is how a paragraph is
// written, further spaces are elements. OpenDocument 1.3, part 3, 6.1.2.
func oneSpace(shown []byte, text, paragraph int) []byte {
	out := shown[:text]
	for _, c := range shown[text:] {
		switch c {
		case ' ', '\t', '\n', '\r':
			if n := len(out); n == paragraph || out[n-1] == ' ' || out[n-1] == '\n' {
				continue
			}
			c = ' '
		}
		out = append(out, c)
	}
	return out
}
