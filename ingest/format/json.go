package format

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/maphash"
	"io"
	"strings"
)

// jsonFormat reads lists of records: an array of objects, an object in which
// one or more such arrays stand, an array of arrays, one object a line, or one
// object alone. Columns are all keys that any record has, in the order in which
// they are met.
var jsonFormat = Format{Name: "json", Sniff: sniffJSON, Open: openJSON}

func sniffJSON(name string, head []byte) bool {
	switch ext := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]); ext {
	case "json", "jsonl", "ndjson", "geojson", "geojsonl":
		return true
	}
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if len(text) > 1 && (text[0] >= 0xfe || text[0] == 0 || text[1] == 0) {
		text = bytes.Trim(bytes.ReplaceAll(text, []byte{0}, nil), "\xff\xfe") // UTF-16: to be refused by name
	}
	return isJSON(text)
}

// isJSON: an object that begins with a key, or an array of objects or arrays.
// Read as a table of another kind it would give rows of brackets that no check
// finds wrong.
func isJSON(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	first, err := d.Token()
	if err != nil || first != json.Delim('{') && first != json.Delim('[') {
		return false
	}
	second, err := d.Token()
	if err != nil {
		return false
	}
	if first == json.Delim('[') {
		return second == json.Delim('{') || second == json.Delim('[')
	}
	_, key := second.(string)
	return key || second == json.Delim('}')
}

// jsonFile is one reading of one file.
type jsonFile struct {
	r      io.ReaderAt
	size   int64
	skip   int64 // the byte order mark
	opts   Options
	geo    bool
	labels int64 // bytes of all labels so far: they are held in memory
	others int64 // members beside the lists, which are not taken
	crs    bool  // a coordinate system was named that is not longitude and latitude
}

const (
	jsonLevels = 3       // how deep objects become columns
	jsonLists  = 200     // tables in one file
	jsonLabels = 4 << 20 // bytes of all labels
)

func openJSON(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	return openRecords(ctx, r, size, o, false)
}

func openRecords(ctx context.Context, r io.ReaderAt, size int64, o Options, geo bool) (*File, error) {
	sum, err := sumOf(ctx, r, size, o.Progress)
	if err != nil {
		return nil, err
	}
	f := &jsonFile{r: r, size: size, opts: o, geo: geo}
	file := &File{Report: Report{SHA256: sum, Encoding: "utf-8", Questions: []Question{}}}
	head := make([]byte, min(4, size))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		f.skip, file.Report.BOM = 3, true
	case len(head) > 1 && (head[0] >= 0xfe || head[0] == 0 || head[1] == 0):
		return nil, &Refusal{Code: "json-text", Stage: "encoding"}
	}
	lists, err := f.lists(ctx)
	if err != nil {
		return nil, err
	}
	for i, root := range lists {
		if err := f.tables(ctx, file, root, i == 0); err != nil {
			return nil, err
		}
	}
	distinctNames(file)
	return file, nil
}

// distinctNames lets a plan name each table.
func distinctNames(file *File) {
	if len(file.Tables) < 2 {
		for _, t := range file.Tables {
			t.(*table).f.name = ""
		}
		for i := range file.Report.Tables {
			file.Report.Tables[i].Name = ""
		}
		return
	}
	names := make([]string, len(file.Tables))
	for i, r := range file.Report.Tables {
		if names[i] = r.Name; names[i] == "" {
			names[i] = "data"
		}
	}
	taken := make(map[string]bool)
	for i, n := range names {
		for k := 2; taken[n]; k++ {
			n = names[i] + "_" + string(appendInt(nil, int64(k)))
		}
		taken[n] = true
		file.Tables[i].(*table).f.name, file.Report.Tables[i].Name = n, n
	}
}

// jsonList is a list of records in the file: where it begins, and how its
// records stand.
type jsonList struct {
	name  string
	off   int64
	line  int64
	shape jsonShape
	root  *jsonTable // nil for rows of arrays
}

type jsonShape int

const (
	inArray jsonShape = iota // objects in an array
	inLines                  // objects one behind the other
	inRows                   // arrays in an array
)

func (f *jsonFile) scanner(ctx context.Context, off, line int64) *jsonScanner {
	return newJSONScanner(&sectionReader{ctx: ctx, r: f.r, at: off, end: f.size}, off, line, f.opts.Limits)
}

// lists is the first pass: it proves that the whole file is JSON, and learns
// the columns of every list of records in it.
func (f *jsonFile) lists(ctx context.Context) ([]*jsonList, error) {
	s := f.scanner(ctx, f.skip, 1)
	s.space()
	off, line := s.offset(), s.line
	var found []*jsonList
	switch s.peek() {
	case '[':
		l, err := f.list(s, "")
		if err != nil {
			return nil, err
		}
		if l != nil {
			found = append(found, l)
		}
	case '{':
		before := *f
		if !f.geo || f.collection(ctx, off, line) {
			if err := f.members(s, nil, &found); err != nil {
				return nil, err
			}
		} else if err := s.value(); err != nil {
			return nil, err
		}
		end := s.line
		done, err := s.ended()
		if err != nil {
			return nil, err
		}
		if done && len(found) > 0 {
			break
		}
		if !done && (s.line == end || s.peek() != '{') {
			return nil, s.fail("json-syntax") // something behind the end that is no further record
		}
		// One object a line, or one alone.
		f.others, f.crs = before.others, before.crs
		l, err := f.objects(ctx, off, line)
		if err != nil {
			return nil, err
		}
		return []*jsonList{l}, nil
	default:
		if s.at == s.w {
			return nil, s.fail("empty")
		}
		if err := s.value(); err != nil {
			return nil, err
		}
	}
	if done, err := s.ended(); err != nil || !done {
		if err == nil {
			err = s.fail("json-syntax")
		}
		return nil, err
	}
	if f.crs {
		return nil, &Refusal{Code: "geojson-crs", Stage: "structure"}
	}
	if len(found) == 0 {
		return nil, &Refusal{Code: "json-shape", Stage: "structure"}
	}
	return found, nil
}

// members looks through an object for lists of records.
func (f *jsonFile) members(s *jsonScanner, path []string, found *[]*jsonList) error {
	return s.object(func(key []byte) error {
		name := strings.Join(append(path[:len(path):len(path)], string(key)), ".")
		c := s.peek()
		switch {
		case f.geo && len(path) == 0 && name == "crs":
			raw, err := s.whole()
			f.crs = f.crs || err == nil && !isLonLat(raw)
			return err
		case f.geo && len(path) == 0 && (name == "type" || name == "bbox"):
			return s.value()
		case c == '[' && (!f.geo || name == "features"):
			l, err := f.list(s, name)
			switch {
			case err != nil:
				return err
			case l == nil:
				f.others++
			case len(*found) == jsonLists:
				return s.fail("too-large")
			default:
				*found = append(*found, l)
			}
			return nil
		case c == '{' && len(path)+1 < jsonLevels && !f.geo:
			return f.members(s, append(path[:len(path):len(path)], string(key)), found)
		}
		f.others++
		return s.value()
	})
}

// list reads an array. It is a list of records where every element is an
// object, or every element an array; nil: it is another one, or empty.
func (f *jsonFile) list(s *jsonScanner, name string) (*jsonList, error) {
	l := &jsonList{name: name, off: s.offset(), line: s.line, root: f.newRoot(name)}
	objects, arrays, all := 0, 0, 0
	err := s.array(func() error {
		all++
		switch s.peek() {
		case '{':
			objects++
			raw, err := s.whole()
			if err != nil {
				return err
			}
			return f.learn(l.root, raw, s.line)
		case '[':
			arrays++
		}
		return s.value()
	})
	switch {
	case err != nil:
		return nil, err
	case all == 0 || objects < all && arrays < all:
		return nil, nil
	case arrays == all:
		if f.geo {
			return nil, nil
		}
		l.shape, l.root = inRows, nil
	}
	return l, nil
}

// objects reads records that stand one behind the other, each from a line of
// its own.
func (f *jsonFile) objects(ctx context.Context, off, line int64) (*jsonList, error) {
	l := &jsonList{off: off, line: line, shape: inLines, root: f.newRoot("")}
	s := f.scanner(ctx, off, line)
	for {
		if s.peek() != '{' {
			return nil, s.fail("json-syntax")
		}
		raw, err := s.whole()
		if err != nil {
			return nil, err
		}
		if err := f.learn(l.root, raw, s.line); err != nil {
			return nil, err
		}
		end := s.line
		done, err := s.ended()
		if err != nil {
			return nil, err
		}
		if done {
			break
		}
		if s.line == end {
			return nil, s.fail("json-syntax")
		}
	}
	if f.crs {
		return nil, &Refusal{Code: "geojson-crs", Stage: "structure"}
	}
	return l, nil
}

// tables makes the tables of one list.
func (f *jsonFile) tables(ctx context.Context, file *File, l *jsonList, first bool) error {
	if l.root == nil {
		d := newFinder(f.opts, &file.Report)
		d.name = l.name
		d.open = func(ctx context.Context, _ *layout) (records, error) { return newJSONRows(f, ctx, l), nil }
		d.problems = func(tr *TableReport, _ records, _ []string) {
			if first {
				tr.problem("other-members", seen{n: f.others}, "", "")
			}
		}
		t, err := d.find(ctx)
		if err != nil {
			return err
		}
		file.Tables = append(file.Tables, t)
		return nil
	}
	all := l.root.settle(nil)
	for i, t := range all {
		if len(t.labels()) == 0 {
			continue
		}
		d := newFinder(f.opts, &file.Report)
		d.name, d.labels = t.name, t.labels()
		d.open = func(ctx context.Context, _ *layout) (records, error) { return newJSONRecords(f, ctx, l, t), nil }
		d.problems = func(tr *TableReport, _ records, keys []string) {
			if first && i == 0 {
				tr.problem("other-members", seen{n: f.others}, "", "")
			}
			t.report(tr, keys)
		}
		made, err := d.find(ctx)
		if err != nil {
			return err
		}
		file.Tables = append(file.Tables, made)
	}
	return nil
}

func (f *jsonFile) newRoot(name string) *jsonTable {
	t := newJSONTable(name)
	t.geo = f.geo
	return t
}

// jsonTable is what is known of the records of one list, or of the lists
// inside the records of another.
type jsonTable struct {
	name   string
	geo    bool       // the records are features
	parent *jsonTable // whose records the lists stand in
	path   string     // of the list in the parent's record
	rows   int64

	columns []jsonColumn
	index   map[string]int // by path: keys with "\x00" between them
	lists   []*jsonTable   // inside these records, in the order of first sight
	inside  map[string]*jsonTable
	mixed   bool // the lists hold other things than objects: they are a column
	key     int  // column that tells the records apart; -1: their number does
	counted bool // the number of the record is a column, the last one
	seed    maphash.Seed
	kept    int // hashes of keys that are held

	foreign seen // members of features that are not taken
	bounds  geoBounds
}

type jsonColumn struct {
	path, label string
	text        bool // a value other than a list of objects was met
	// Whether it tells the records apart, as far as was read.
	distinct map[uint64]bool
	unique   bool
	last     int64 // record in which it stood last
}

func newJSONTable(name string) *jsonTable {
	return &jsonTable{name: name, index: map[string]int{}, inside: map[string]*jsonTable{}, key: -1, seed: maphash.MakeSeed()}
}

const (
	keyColumns  = 64      // columns that are looked at for a key
	keyHashes   = 2 << 20 // hashes that are held for it
	keyPatience = 1000    // records without a list inside, after which nobody looks
)

// learn takes one record into account.
func (f *jsonFile) learn(t *jsonTable, raw []byte, line int64) error {
	t.rows++
	var fault error
	t.eachCell(raw, func(path, value []byte) {
		if fault == nil {
			fault = f.cell(t, path, value, line)
		}
	})
	if t.geo && fault == nil {
		fault = f.feature(t, raw, line)
	}
	if t.rows > keyPatience && len(t.lists) == 0 {
		t.forgetKeys()
	}
	return fault
}

// eachCell walks through a record: objects inside it become paths, to the
// third level. The path is valid within the call.
func (t *jsonTable) eachCell(raw []byte, f func(path, value []byte)) {
	scratch := make([]byte, 0, 128)
	if !t.geo {
		walkMembers(raw, scratch, 1, f)
		return
	}
	eachMember(raw, func(key, value []byte) {
		switch string(key) {
		case `"id"`:
			f([]byte(idPath), value)
		case `"properties"`:
			if value[0] == '{' {
				walkMembers(value, scratch, 1, f)
			}
		}
	})
}

// walkMembers: path holds the keys above, each with a zero behind it.
func walkMembers(raw, path []byte, level int, f func(path, value []byte)) {
	above := len(path)
	eachMember(raw, func(key, value []byte) {
		path = appendJSONText(path[:above], key)
		if value[0] == '{' && level < jsonLevels && jsonSpace(value[1:])[0] != '}' {
			walkMembers(value, append(path, 0), level+1, f)
			return
		}
		f(path, value)
	})
}

// cell notes one value.
func (f *jsonFile) cell(t *jsonTable, path, value []byte, line int64) error {
	at, ok := t.index[string(path)]
	if !ok {
		path := string(path)
		if f.labels += int64(len(path)); len(t.columns) == f.opts.Limits.Columns || len(path) > f.opts.Limits.Label || f.labels > jsonLabels {
			return &Refusal{Code: "too-large", Stage: "structure", Line: line}
		}
		at = len(t.columns)
		t.index[path] = at
		c := jsonColumn{path: path, label: labelOf(path)}
		if t.rows == 1 && at < keyColumns && path != "" && (path == idPath || strings.IndexByte(path, 0) < 0) {
			c.unique, c.distinct = true, make(map[uint64]bool)
		}
		t.columns = append(t.columns, c)
	}
	c := &t.columns[at]
	t.keep(c, value)
	if value[0] != '[' {
		c.text = c.text || string(value) != "null"
		return nil
	}
	// A list: of objects it may be a table of its own.
	inner := t.inside[string(path)]
	var fault error
	eachElement(value, func(e []byte) {
		if fault != nil {
			return
		}
		if inner == nil {
			if t.depth() == jsonLevels || len(t.inside) == jsonLists {
				c.text = true
				return
			}
			inner = newJSONTable(labelOf(string(path)))
			inner.parent, inner.path = t, string(path)
			t.inside[inner.path] = inner
			t.lists = append(t.lists, inner)
		}
		if e[0] != '{' {
			inner.mixed = true
		}
		if !inner.mixed {
			fault = f.learn(inner, e, line)
		}
	})
	return fault
}

func (t *jsonTable) depth() int {
	if t.parent == nil {
		return 1
	}
	return t.parent.depth() + 1
}

// labelOf is a path as people read it.
func labelOf(path string) string {
	if path == idPath {
		return "id"
	}
	return strings.ReplaceAll(path, "\x00", ".")
}

// keep looks whether a column can tell the records apart.
func (t *jsonTable) keep(c *jsonColumn, value []byte) {
	if !c.unique {
		return
	}
	h := maphash.Bytes(t.seed, value)
	if t.kept++; value[0] == '[' || value[0] == '{' || string(value) == "null" || string(value) == `""` || c.distinct[h] || t.rows != c.last+1 || t.kept > keyHashes {
		c.unique = false
		t.kept -= len(c.distinct)
		c.distinct = nil
		return
	}
	c.last = t.rows
	c.distinct[h] = true
}

func (t *jsonTable) forgetKeys() {
	for i := range t.columns {
		t.columns[i].unique, t.columns[i].distinct = false, nil
	}
	t.kept = 0
}

// settle decides, after all records were seen, which lists are tables, and
// what tells the records of their parents apart. It gives the table and those
// inside it.
func (t *jsonTable) settle(out []*jsonTable) []*jsonTable {
	out = append(out, t)
	var lists []*jsonTable
	for _, l := range t.lists {
		if l.mixed || len(l.columns) == 0 {
			t.columns[t.index[l.path]].text = true
			continue
		}
		lists = append(lists, l)
	}
	t.lists = lists
	if len(lists) > 0 {
		t.chooseKey()
	}
	t.forgetKeys()
	kept := t.columns[:0]
	key := t.key
	for i, c := range t.columns {
		if !c.text && t.isTable(c.path) {
			continue
		}
		if i == key {
			t.key = len(kept)
		}
		kept = append(kept, c)
	}
	t.columns = kept
	t.index = make(map[string]int, len(kept))
	for i, c := range kept {
		t.index[c.path] = i
	}
	if len(lists) > 0 && t.key < 0 {
		t.counted = true
	}
	for _, l := range lists {
		out = l.settle(out)
	}
	return out
}

func (t *jsonTable) isTable(path string) bool {
	for _, l := range t.lists {
		if l.path == path {
			return true
		}
	}
	return false
}

// chooseKey takes the first column that is there and different in every
// record, one that is called a code before others.
func (t *jsonTable) chooseKey() {
	best := 0
	for i, c := range t.columns {
		if !c.unique || c.last != t.rows {
			continue
		}
		rank := 1
		switch key := Key(c.label); {
		case key == "code" || key == "id" || key == "ma":
			rank = 3
		case strings.HasSuffix(key, "code") || strings.HasSuffix(key, "_id") || strings.HasPrefix(key, "ma_"):
			rank = 2
		}
		if rank > best {
			best, t.key = rank, i
		}
	}
}

// labels of the table's columns, in order: the parent's key first, a geometry
// and a number of the record last.
func (t *jsonTable) labels() []string {
	out := []string{}
	if t.parent != nil {
		out = append(out, "parent."+t.parent.keyLabel())
	}
	for _, c := range t.columns {
		out = append(out, c.label)
	}
	if t.geo && t.bounds.any {
		out = append(out, "geometry")
	}
	if t.counted {
		out = append(out, "row")
	}
	return out
}

func (t *jsonTable) keyLabel() string {
	if t.key < 0 {
		return "row"
	}
	return t.columns[t.key].label
}

func (t *jsonTable) report(tr *TableReport, keys []string) {
	if t.counted {
		tr.problem("row-number", seen{n: 1}, keys[len(keys)-1], "")
	}
	t.bounds.report(tr, keys)
	tr.problem("foreign-members", t.foreign.whole(), "", "")
}
