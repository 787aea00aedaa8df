package format

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

var _ Table = (*table)(nil)

// table is one table of a file: the rules to read its rows again.
type table struct {
	f      *finder
	l      layout
	specs  []spec // of the columns that are kept
	schema *arrow.Schema
	header []string
	early  bool // Options.Early has its rows
}

func (t *table) Name() string          { return t.f.name }
func (t *table) Schema() *arrow.Schema { return t.schema }
func (t *table) Header() []string      { return t.header }

// table decides the types after the first pass and writes the report.
func (f *finder) table(p *pass) (*table, error) {
	l := p.l
	if !p.acc.Balanced() {
		return nil, &Refusal{Code: "unbalanced", Stage: "structure"}
	}
	labels := make([]string, l.width)
	for j := range l.labels {
		labels[j] = Label(l.labels[j])
	}
	kept := l.width
	for kept > 1 && labels[kept-1] == "" && p.cols[kept-1].filled == 0 {
		kept--
	}
	l.drop = l.width - kept
	labels = labels[:kept]
	named := slices.Clone(labels)
	if l.sections {
		named = append(named, "section")
	}
	keys := f.keys(named)

	t := &table{f: f, l: *l}
	tr := TableReport{Name: f.name, Columns: kept, DataRows: p.acc.Data, Accounting: p.acc, Fields: []Field{}, Problems: []Problem{}}
	if n := len(l.header.rows); n > 0 {
		tr.HeaderRow = l.header.rows[n-1].n
		t.header = slices.Clone(l.labels[:kept])
		if l.sections {
			t.header = append(t.header, "section")
		}
	} else if l.given {
		t.header = slices.Clone(l.labels)
	} else {
		copy(labels, keys)
		if len(f.reading.HeaderRows) == 0 {
			f.ask("no-header", "", "none", "first row")
		}
	}
	f.structureProblems(&tr, p, labels, keys)

	verdicts := make([]verdict, kept)
	for j := range verdicts {
		verdicts[j] = p.cols[j].decide()
		if f.declared != nil {
			verdicts[j] = f.declared[j].verdict(&p.cols[j], verdicts[j])
		}
	}
	said, contradicted := f.byLocale(verdicts)
	if contradicted {
		tr.problem("locale-contradicted", seen{n: 1}, "", f.reading.Locale)
	}
	var fields []arrow.Field
	for j := range kept {
		c := &p.cols[j]
		s, field, err := f.settle(c, verdicts[j], said, verdicts, keys[j], labels[j], &tr)
		if err != nil {
			return nil, err
		}
		if f.declared != nil && numeric(s) && f.declared[j].unit != "" {
			field.Unit = f.declared[j].unit
		}
		cellProblems(&tr, c, s, keys[j])
		t.specs = append(t.specs, s)
		tr.Fields = append(tr.Fields, field)
		fields = append(fields, arrowField(field, s))
	}
	if l.sections {
		field := Field{Key: keys[kept], Label: "section", Type: "text", Nulls: map[string]int64{}, Evidence: evidenceText(p.acc.Data, p.acc.Data)}
		t.specs = append(t.specs, textSpec)
		tr.Fields = append(tr.Fields, field)
		fields = append(fields, arrowField(field, textSpec))
	}
	t.schema = arrow.NewSchema(fields, nil)
	f.report.Tables = append(f.report.Tables, tr)
	return t, nil
}

// shareUnit says of a number that stands as 12.5 % in the sheet, and is 0.125.
const shareUnit = "1 = 100 %"

func arrowField(f Field, s spec) arrow.Field {
	keys, values := []string{privacy.MetaLabel}, []string{f.Label}
	if f.Format != "" {
		keys, values = append(keys, privacy.MetaFormat), append(values, f.Format)
	}
	if f.Unit != "" {
		keys, values = append(keys, privacy.MetaUnit), append(values, f.Unit)
	}
	if s.base == "geometry" {
		keys, values = append(keys, privacy.MetaGeometry), append(values, f.CRS)
	}
	return arrow.Field{Name: f.Key, Type: s.arrowType(), Nullable: true, Metadata: arrow.NewMetadata(keys, values)}
}

func evidenceText(fits, all int64) string { return fmt.Sprintf("%d of %d", fits, all) }

func (t *TableReport) problem(code string, s seen, column, wanted string) {
	if s.n > 0 {
		t.Problems = append(t.Problems, Problem{Code: code, Row: s.record, Line: s.line, Column: column, Wanted: wanted, Count: s.n})
	}
}

// structureProblems are about records and the file as a whole.
func (f *finder) structureProblems(tr *TableReport, p *pass, labels, keys []string) {
	f.sourceProblems(tr, p, keys)
	tr.problem("repaired", p.literal, "", "closing quote")
	for _, k := range []struct {
		kind rowKind
		code string
		n    int64
	}{
		{rowPreamble, "preamble", p.acc.Preamble},
		{rowRepeated, "repeated-header", p.acc.RepeatedHeader},
		{rowSection, "section-row", p.acc.Section},
		{rowFooter, "footer", p.acc.Footer},
	} {
		tr.problem(k.code, seen{n: k.n, line: p.first[k.kind].line}, "", "")
	}
	tr.problem("ragged-short", p.how[shortRow], "", "")
	tr.problem("ragged-long", p.how[cutRow], "", "")
	tr.problem("repaired", p.how[repairedRow], "", "usual width")
	tr.problem("repaired", p.l.gaps, "", "labels")
	tr.problem("rejected-row", p.rejected, "", "usual width")
	tr.problem("total-row", p.total, "", "")
	if p.l.drop > 0 {
		tr.problem("trailing-delimiter", seen{n: int64(p.l.drop)}, "", "")
	}
	if tr.HeaderRow > 0 {
		line := p.l.header.rows[len(p.l.header.rows)-1].line
		met := make(map[string]bool)
		for j, label := range labels {
			switch {
			case label == "":
				tr.problem("blank-label", seen{n: 1, line: line}, keys[j], "")
			case met[label]:
				tr.problem("duplicate-label", seen{n: 1, line: line}, keys[j], "")
			}
			met[label] = true
		}
	}
	if p.acc.Data == 0 {
		tr.problem("no-data-rows", seen{n: 1}, "", "")
	}
}

// cellProblems are about the cells of one column.
func cellProblems(tr *TableReport, c *column, s spec, key string) {
	if n := c.count[kNull]; n > 0 && s.base != "text" {
		tr.problem("null-token", seen{n, c.first[kNull].row, c.first[kNull].line}, key, "")
	}
	tr.problem("padded", c.padded, key, "")
	tr.problem("invisible-characters", c.invisible, key, "")
	tr.problem("not-nfc", c.denormal, key, "")
	if s.base == "text" {
		return
	}
	// Numbers of nines only mean "not known" where the others are of another kind.
	if c.minusNine.n > 0 && c.minusNine.n == c.negatives {
		tr.problem("sentinel", c.minusNine, key, "")
	}
	if c.nines.n > 1 && c.otherInts < 4 {
		tr.problem("sentinel", c.nines, key, "")
	}
}

// byLocale says what a declared locale answers. It answers only where no
// column of the file proves it wrong: ingest.md section 9.
func (f *finder) byLocale(vs []verdict) (said *locale, contradicted bool) {
	loc, ok := localeNamed(f.reading.Locale)
	if !ok {
		return nil, false
	}
	for _, v := range vs {
		if v.decisive != 0 && v.decisive != loc.dec {
			contradicted = true
		}
		if s := v.spec; s.base == "date" && (s.accept.has(kSlashEither) || s.accept.has(kDashEither)) && s.monthFirst != loc.monthFirst {
			contradicted = true
		}
	}
	if !contradicted {
		return &loc, false
	}
	// A contradiction matters only where there was something to answer.
	for _, v := range vs {
		if len(v.choices) > 0 {
			return nil, true
		}
	}
	return nil, false
}

// readsOwn: the plan says more of the column than which key it keeps.
func readsOwn(c privacy.ReadColumn) bool {
	return c.Type != "" || c.Format != "" || c.Thousands != "" || c.Decimal != "" || c.OnError != "" || c.Trim || len(c.Nulls) > 0
}

// settle makes the final decision over one column.
func (f *finder) settle(c *column, v verdict, said *locale, vs []verdict, key, label string, tr *TableReport) (spec, Field, error) {
	all := c.values()
	field := Field{Key: key, Label: label, Nulls: c.nullCounts(), Empty: c.count[kEmpty], Evidence: evidenceText(all, all)}
	s := v.spec
	plan, hasPlan := f.planFor(key, label)
	if !hasPlan {
		plan, hasPlan = f.planFor(key, key)
	}
	switch {
	case hasPlan && readsOwn(plan):
		planned, ok := c.planned(plan, s)
		if !ok {
			return s, field, &Refusal{Code: "plan-type", Stage: "types"}
		}
		if len(v.choices) > 0 && plan.Type == "" && plan.Format == "" && plan.Thousands == "" && plan.Decimal == "" {
			f.ambiguous(c, v, vs, key, &field, tr)
		}
		s = planned
		if s.base != "text" {
			bad, at := c.misfit(s.accept)
			if bad > 0 {
				field.Evidence = evidenceText(all-bad, all)
				tr.problem("cell-type", seen{bad, at.row, at.line}, key, s.typeName())
				switch plan.OnError {
				case "refuse":
					return s, field, &Refusal{Code: "cell-type", Stage: "types", Row: at.row, Line: at.line}
				case "report":
					s.report = true
				default:
					field.Proposal = s.words()
					near := s
					s = textSpec
					s.near = &near
				}
			}
		}
		s.own, s.trim = c.ownNulls, plan.Trim
		s.by = "plan"
	case len(v.choices) > 0:
		if said != nil {
			if pick, ok := said.pick(v.choices); ok {
				s = pick
				s.by = "locale"
				break
			}
		}
		f.ambiguous(c, v, vs, key, &field, tr)
	case v.nearBad > 0:
		field.Evidence = evidenceText(all-v.nearBad, all)
		field.Proposal = v.near.words()
		tr.problem("cell-type", seen{v.nearBad, v.nearAt.row, v.nearAt.line}, key, v.near.typeName())
		s.near = &v.near
	default:
		if field.Proposal = c.proposal(s); field.Proposal == "" {
			field.Proposal = v.hint
		}
	}
	field.Type, field.Format, field.By = s.typeName(), s.format, s.by
	if s.base == "geometry" {
		field.CRS = f.crs
	}
	if numeric(s) {
		field.Unit = units[s.unit]
		if c.shares > 0 && c.shares == all {
			field.Unit = shareUnit
		}
	}
	return s, field, nil
}

func numeric(s spec) bool { return s.base == "integer" || s.base == "decimal" || s.base == "float" }

// ambiguous asks, and proposes what the rest of the file suggests.
func (f *finder) ambiguous(c *column, v verdict, vs []verdict, key string, field *Field, tr *TableReport) {
	var names []string
	for _, s := range v.choices {
		names = append(names, s.choice())
	}
	code, problem := "number-ambiguous", "number-ambiguous"
	if v.choices[0].base == "date" {
		code, problem = "date-order", "date-ambiguous"
	}
	f.ask(code, key, names...)
	at := place{}
	for _, k := range []kind{kDotEither, kCommaEither, kSlashEither, kDashEither} {
		if c.count[k] > 0 && (at.line == 0 || c.first[k].line < at.line) {
			at = c.first[k]
		}
	}
	n := c.fits(of(kDotEither, kCommaEither, kSlashEither, kDashEither))
	tr.problem(problem, seen{n, at.row, at.line}, key, v.choices[0].base)
	guess, dayFirst := locale{dec: '.'}, false
	if f.report.Delimiter == ";" {
		guess.dec = ','
	}
	for _, o := range vs {
		if o.decisive != 0 {
			guess.dec = o.decisive
		}
		if o.spec.base == "date" && o.spec.accept.has(v.choices[0].firstEither()) {
			guess.monthFirst = guess.monthFirst || o.spec.monthFirst
			dayFirst = dayFirst || !o.spec.monthFirst
		}
	}
	guess.monthFirst = guess.monthFirst && !dayFirst
	if pick, ok := guess.pick(v.choices); ok {
		field.Proposal = pick.words()
	}
}

func (s spec) firstEither() kind {
	if s.accept.has(kDashEither) {
		return kDashEither
	}
	return kSlashEither
}

// pick chooses between readings that fit alike.
func (l locale) pick(choices []spec) (spec, bool) {
	for _, s := range choices {
		if s.base == "date" && s.monthFirst == l.monthFirst || s.base != "date" && s.read.dec == l.dec {
			return s, true
		}
	}
	return spec{}, false
}

// words describe a spec to a person: `integer, thousands "."`.
func (s spec) words() string {
	if s.format == "" {
		return s.typeName()
	}
	return s.typeName() + ", " + s.format
}

// choice is how a question names the spec.
func (s spec) choice() string {
	if s.format == "" {
		return fmt.Sprintf("decimal %q", string(s.read.dec))
	}
	return s.format
}

func (c *column) nullCounts() map[string]int64 {
	m := make(map[string]int64)
	for i, n := range c.nulls {
		if n > 0 {
			m[nullTokens[i]] = n
		}
	}
	for i, n := range c.own {
		if n > 0 {
			m[string(c.ownNulls[i])] += n
		}
	}
	return m
}

// proposal is what an agency could decide, and the cells alone do not.
func (c *column) proposal(s spec) string {
	all := c.values()
	switch {
	case all == 0:
		if n := c.nullCounts(); len(n) == 1 && n["x"] > 0 && c.count[kEmpty] > 0 {
			return "boolean, x"
		}
	case s.base == "text" && c.count[kShortDate] == all:
		return "date, two-digit year"
	case s.base == "text" && c.count[kYesNo]+c.count[kBool] == all:
		return "boolean"
	case s.base == "integer" && c.ymd == all:
		return "date, yyyymmdd"
	}
	return ""
}

// Rows reads the file again and converts.
func (t *table) Rows(ctx context.Context) (array.RecordReader, error) {
	rows, err := t.rows(ctx)
	if err != nil {
		return nil, err
	}
	r := &tableRows{t: t, refs: 1, rows: rows}
	r.builder = array.NewRecordBuilder(memory.DefaultAllocator, t.schema)
	for j, s := range t.specs {
		r.columns = append(r.columns, newConverter(s, r.builder.Field(j)))
		if s.near != nil && t.f.opts.Misfit != nil {
			r.columns[j].near = nearly(*s.near)
		}
	}
	rows.misfit = t.f.opts.Misfit
	return r, nil
}

// rowWalker gives the data rows of the table, one after the other.
type rowWalker struct {
	w     *walker
	t     *table
	nulls int64
	row   int64
	held  bool // w has a row that waits behind nulls
	cells []cell

	misfit func(Misfit) // told of records that were set aside; nil: nobody is
	one    [1]cell
}

func (t *table) rows(ctx context.Context) (*rowWalker, error) {
	l := t.l
	src, err := t.f.records(ctx, &l)
	if err != nil {
		return nil, err
	}
	return &rowWalker{t: t, w: newWalker(src, &l)}, nil
}

// next returns io.EOF after the last row.
func (r *rowWalker) next() ([]cell, error) {
	for {
		if r.nulls > 0 {
			r.nulls--
			r.row++
			r.one[0] = cell{}
			return r.one[:], nil
		}
		if r.held {
			r.held = false
			r.row++
			return r.cells, nil
		}
		k, err := r.w.next()
		if err == io.EOF {
			if r.row != r.t.l.data {
				return nil, &Refusal{Code: "changed", Stage: "convert"}
			}
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		if k == rowRejected && r.misfit != nil {
			r.misfit(Misfit{Line: r.w.r.line})
		}
		if k != rowData {
			continue
		}
		r.cells = r.w.cells[:r.t.l.width-r.t.l.drop]
		if r.t.l.sections {
			r.cells = append(slices.Clone(r.cells), cell{b: r.w.section})
		}
		r.nulls, r.w.nullRows, r.held = r.w.nullRows, 0, true
	}
}

// RawRows implements Table.
func (t *table) RawRows(ctx context.Context) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		rows, err := t.rows(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		var out [][]byte
		for {
			cells, err := rows.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			out = out[:0]
			for _, c := range cells {
				if c.as == asWKB && len(c.b) > 0 {
					// The first pass has let nothing through that has no text.
					c.b, _ = geometry.AppendWKT(nil, c.b)
				}
				out = append(out, c.b)
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

const (
	batchRows  = 65_536
	batchBytes = 16 << 20
)

// tableRows implements array.RecordReader.
type tableRows struct {
	t       *table
	rows    *rowWalker
	refs    int64
	builder *array.RecordBuilder
	columns []converter
	rec     arrow.Record
	err     error
	done    bool
}

func (r *tableRows) Retain()               { atomic.AddInt64(&r.refs, 1) }
func (r *tableRows) Schema() *arrow.Schema { return r.t.schema }
func (r *tableRows) Record() arrow.Record  { return r.rec }
func (r *tableRows) Err() error            { return r.err }

func (r *tableRows) Release() {
	if atomic.AddInt64(&r.refs, -1) == 0 {
		if r.rec != nil {
			r.rec.Release()
			r.rec = nil
		}
		r.builder.Release()
	}
}

func (r *tableRows) Next() bool {
	if r.rec != nil {
		r.rec.Release()
		r.rec = nil
	}
	if r.done || r.err != nil {
		return false
	}
	n := 0
	start := r.rows.w.end
	r.reserve()
	for n < batchRows && r.rows.w.end-start < batchBytes {
		cells, err := r.rows.next()
		if err == io.EOF {
			r.done = true
			break
		}
		if err != nil {
			r.err = err
			return false
		}
		n++
		for j := range r.columns {
			c := &r.columns[j]
			fits := c.append(cells[j])
			if !fits && !c.spec.report {
				// The first pass said that every cell fits.
				r.err = &Refusal{Code: "reader-failed", Stage: "convert", Row: r.rows.row, Line: r.rows.w.r.line}
				return false
			}
			if c.near != nil {
				fits = c.near.append(cells[j])
			}
			if !fits && r.rows.misfit != nil {
				r.rows.misfit(Misfit{Row: r.rows.row, Line: r.rows.w.r.line, Column: j})
			}
		}
	}
	for j := range r.columns {
		r.columns[j].near.drop()
	}
	if r.t.f.opts.Progress != nil {
		r.t.f.opts.Progress("convert", r.rows.w.end, r.rows.row)
	}
	if n == 0 {
		return false
	}
	r.rec = r.builder.NewRecord()
	return true
}

// reserve makes room for a batch as large as the one before, so that the
// builders do not grow by copying.
func (r *tableRows) reserve() {
	n := int(min(batchRows, r.t.l.data-r.rows.row))
	if n <= 0 || len(r.columns) > 1000 {
		return
	}
	for j := range r.columns {
		r.columns[j].reserve(n)
	}
}
