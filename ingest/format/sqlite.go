package format

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/mattn/go-sqlite3"
)

// sqliteFormat reads databases of SQLite, and GeoPackages, which are such: each
// real table is a table. Views, virtual tables and triggers are programs of the
// file, and none of them runs.
var sqliteFormat = Format{
	Name:  "sqlite",
	Sniff: func(_ string, head []byte) bool { return len(head) >= 100 && bytes.HasPrefix(head, []byte(sqliteMark)) },
	Open:  openSQLite,
}

const sqliteMark = "SQLite format 3\x00"

// A Database is SQLite's library over nothing. A process that gives up opening
// files has it made before, when no foreign byte has been read, and it reads a
// file later through the same descriptor.
type Database struct {
	conn *sqlite3.SQLiteConn
	fd   int
	file *os.File
}

// OpenDatabase makes one for the file that Open will be given, whose bytes it
// does not touch; nil: it cannot. Nobody else may open files meanwhile.
func OpenDatabase(file *os.File) *Database {
	// The library opens it under the lowest number that is free.
	var null, st syscall.Stat_t
	probe, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil || syscall.Fstat(probe, &null) != nil {
		return nil
	}
	syscall.Close(probe)
	conn, err := openConn("file:" + os.DevNull + "?mode=ro")
	if err != nil {
		return nil
	}
	if syscall.Fstat(probe, &st) != nil || st.Dev != null.Dev || st.Ino != null.Ino {
		conn.Close()
		return nil
	}
	return &Database{conn, probe, file}
}

func openConn(dsn string) (*sqlite3.SQLiteConn, error) {
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	return c.(*sqlite3.SQLiteConn), nil
}

// sqliteMemory is the largest database that is held in memory: one in a packed
// file behind other content.
const sqliteMemory = 64 << 20

// connect gives a connection that reads r. A database that is kept with its
// last changes in a file of their own (wal) is read as if it were not, from a
// copy that says so, since there is no such file to look for.
func connect(ctx context.Context, r io.ReaderAt, size int64, wal bool, o Options) (*sqlite3.SQLiteConn, error) {
	if o.Database == nil {
		return inMemory(ctx, r, size, wal)
	}
	f, off := o.Database.file, int64(0)
	scratch, _ := o.Scratch.(*os.File)
	if o.unpacker != nil {
		f, off = scratch, 1
		if laid, ok := r.(*io.SectionReader); ok {
			_, off, _ = laid.Outer()
		}
	}
	switch {
	case f == nil || off != 0:
		return inMemory(ctx, r, size, wal)
	case !wal:
	case o.unpacker != nil: // it was unpacked there: the copy is ours already
		if _, err := scratch.WriteAt([]byte{1, 1}, 18); err != nil {
			return nil, errScratch
		}
	case scratch != nil:
		head := make([]byte, 20)
		if _, err := r.ReadAt(head, 0); err != nil {
			return nil, err
		}
		head[18], head[19] = 1, 1
		rest := &sectionReader{ctx: ctx, r: r, at: 20, end: size}
		if _, err := newUnpacker(o, size).lay(ctx, io.MultiReader(bytes.NewReader(head), rest)); err != nil {
			return nil, err
		}
		f = scratch
	default:
		return inMemory(ctx, r, size, wal)
	}
	if err := syscall.Dup3(int(f.Fd()), o.Database.fd, syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	return o.Database.conn, nil
}

func inMemory(ctx context.Context, r io.ReaderAt, size int64, wal bool) (*sqlite3.SQLiteConn, error) {
	if size > sqliteMemory {
		return nil, &Refusal{Code: "sqlite-memory", Stage: "sniff"}
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(&sectionReader{ctx: ctx, r: r, end: size}, b); err != nil {
		return nil, err
	}
	if wal {
		b[18], b[19] = 1, 1
	}
	conn, err := openConn(":memory:")
	if err != nil {
		return nil, err
	}
	return conn, conn.Deserialize(b, "main")
}

// sqliteFile is one reading of one database.
type sqliteFile struct {
	conn *sqlite3.SQLiteConn
	size int64
	opts Options
}

func badSQLite(error) error { return &Refusal{Code: "sqlite", Stage: "structure"} }

func openSQLite(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	sum, err := sumOf(ctx, r, size, o.Progress)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 100)
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, err
	}
	wal := head[18] == 2 || head[19] == 2
	conn, err := connect(ctx, r, size, wal, o)
	if err != nil {
		return nil, err
	}
	s := &sqliteFile{conn, size, o}
	if err := s.confine(); err != nil {
		return nil, badSQLite(err)
	}
	tables, skipped, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	file := &File{Report: Report{SHA256: sum, Encoding: []string{"", "utf-8", "utf-16le", "utf-16be"}[head[59]&3], Questions: []Question{}}}
	if file.Report.Encoding == "" {
		file.Report.Encoding = "utf-8"
	}
	geo, err := s.geoPackage(ctx, tables)
	if err != nil {
		return nil, err
	}
	if geo != nil {
		file.Report.Format = "geopackage"
		tables, skipped = geo.tables, geo.skipped
	}
	for _, t := range tables {
		if err := s.table(ctx, file, t); err != nil {
			return nil, err
		}
	}
	if len(file.Tables) == 0 {
		return nil, &Refusal{Code: "no-table", Stage: "structure"}
	}
	distinctNames(file)
	first := &file.Report.Tables[0]
	first.problem("skipped-object", seen{n: skipped}, "", "table")
	if wal {
		first.problem("wal", seen{n: 1}, "", "")
	}
	return file, nil
}

// confine takes from the connection what reading tables has no use for.
func (s *sqliteFile) confine() error {
	for _, l := range []struct{ what, most int }{
		{sqlite3.SQLITE_LIMIT_LENGTH, int(min(s.opts.Limits.Record, 1<<30))},
		{sqlite3.SQLITE_LIMIT_SQL_LENGTH, 16 << 20},
		{sqlite3.SQLITE_LIMIT_ATTACHED, 0},
		{sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100},
		{sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 10},
		{sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0},
	} {
		s.conn.SetLimit(l.what, l.most)
	}
	for _, p := range []string{"trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY", "mmap_size=0", "cache_size=-8192", "query_only=ON"} {
		if _, err := s.conn.Exec("PRAGMA "+p, nil); err != nil {
			return err
		}
	}
	s.conn.RegisterAuthorizer(func(op int, a, b, _ string) int {
		switch op {
		case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ:
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_FUNCTION: // of generated columns, which are of this library alone
			if b != "load_extension" && b != "fts3_tokenizer" {
				return sqlite3.SQLITE_OK
			}
		case sqlite3.SQLITE_PRAGMA:
			if a == "table_xinfo" {
				return sqlite3.SQLITE_OK
			}
		}
		return sqlite3.SQLITE_DENY
	})
	return nil
}

// query gives each row of a statement to f.
func (s *sqliteFile) query(ctx context.Context, sql string, f func(row []driver.Value) error) error {
	rows, err := s.rows(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(row)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return s.fault(ctx, err)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

func (s *sqliteFile) rows(ctx context.Context, sql string) (driver.Rows, error) {
	rows, err := s.conn.QueryContext(ctx, sql, nil)
	if err != nil {
		return nil, s.fault(ctx, err)
	}
	return rows, nil
}

// fault says what an error of the library means; its text may quote the file.
func (s *sqliteFile) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrTooBig {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	return badSQLite(err)
}

// quoted is a name as SQL has it.
func quotedName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// shownName is a name that a file gives without saying in which encoding, as
// text.
func shownName(name string) string { return strings.ToValidUTF8(name, "\ufffd") }

// sqliteTable is one table that is read.
type sqliteTable struct {
	name    string
	columns []string
	// Of a GeoPackage:
	geometry int // place of the geometry among the columns; -1: none
	system   string
	binary   int64 // columns of bytes that are no text, which are left out
}

// tables are the real tables; skipped counts views, virtual tables and the
// tables in which those keep what is theirs.
func (s *sqliteFile) tables(ctx context.Context) (out []sqliteTable, skipped int64, err error) {
	var real, virtual []string
	err = s.query(ctx, "SELECT +type, +name, +rootpage FROM main.sqlite_schema", func(row []driver.Value) error {
		kind, _ := row[0].(string)
		name, _ := row[1].(string)
		root, _ := row[2].(int64)
		switch {
		case kind == "view":
			skipped++
		case kind != "table" || strings.HasPrefix(strings.ToLower(name), "sqlite_"):
		case root == 0:
			virtual = append(virtual, strings.ToLower(name)+"_")
			skipped++
		case name == "" || strings.IndexByte(name, 0) >= 0 || len(name) > s.opts.Limits.Label:
			return badSQLite(nil)
		default:
			real = append(real, name)
		}
		if len(real) > 10*s.opts.Limits.Sheets || len(virtual) > 10*s.opts.Limits.Sheets {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
		return nil
	})
	for _, name := range real {
		mine := true
		for _, v := range virtual {
			mine = mine && !strings.HasPrefix(strings.ToLower(name), v)
		}
		if mine {
			out = append(out, sqliteTable{name: name, geometry: -1})
		} else {
			skipped++
		}
	}
	return out, skipped, err
}

// describe learns the columns of a table, and leaves out those that hold bytes.
func (s *sqliteFile) describe(ctx context.Context, t *sqliteTable, geometry string) error {
	var all []string
	err := s.query(ctx, "PRAGMA main.table_xinfo("+quotedName(t.name)+")", func(row []driver.Value) error {
		name, _ := row[1].(string)
		if len(all) == s.opts.Limits.Columns || len(name) > s.opts.Limits.Label {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return badSQLite(nil)
	}
	holds := make([]bool, len(all)) // bytes
	var what []string
	for _, c := range all {
		what = append(what, "max(typeof("+quotedName(c)+")='blob')")
	}
	err = s.query(ctx, "SELECT "+strings.Join(what, ",")+" FROM main."+quotedName(t.name)+" NOT INDEXED", func(row []driver.Value) error {
		for i, v := range row {
			n, _ := v.(int64)
			holds[i] = n == 1
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, c := range all {
		if geometry != "" && strings.EqualFold(c, geometry) {
			continue
		}
		if holds[i] {
			text := true
			err := s.query(ctx, "SELECT +"+quotedName(c)+" FROM main."+quotedName(t.name)+" NOT INDEXED", func(row []driver.Value) error {
				b, ok := row[0].([]byte)
				text = text && !(ok && looksBinary(b))
				return nil
			})
			if err != nil {
				return err
			}
			if !text {
				t.binary++
				continue
			}
		}
		t.columns = append(t.columns, c)
	}
	if geometry != "" {
		t.geometry = len(t.columns)
		t.columns = append(t.columns, geometry)
	}
	return nil
}

func (t *sqliteTable) sql() string {
	// The plus keeps the driver from reading times into the declared types.
	var what []string
	for _, c := range t.columns {
		what = append(what, "+"+quotedName(c))
	}
	return "SELECT " + strings.Join(what, ",") + " FROM main." + quotedName(t.name) + " NOT INDEXED"
}

// table reads one table; without columns that are taken there is none.
func (s *sqliteFile) table(ctx context.Context, file *File, t sqliteTable) error {
	if len(file.Tables) == s.opts.Limits.Sheets {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	if t.columns == nil {
		if err := s.describe(ctx, &t, ""); err != nil {
			return err
		}
	}
	if len(t.columns) == 0 {
		return nil
	}
	f := newFinder(s.opts, &file.Report)
	f.name = shownName(t.name)
	for _, c := range t.columns {
		f.labels = append(f.labels, shownName(c))
	}
	if t.geometry >= 0 {
		f.crs = t.system
	}
	f.open = func(ctx context.Context, _ *layout) (records, error) {
		rows, err := s.rows(ctx, t.sql())
		if err != nil {
			return nil, err
		}
		return &sqliteRecords{s: s, t: &t, ctx: ctx, rows: rows, row: make([]driver.Value, len(t.columns)), left: 3*s.size + 1<<20}, nil
	}
	f.problems = func(tr *TableReport, src records, keys []string) {
		r := src.(*sqliteRecords)
		tr.problem("binary-column", seen{n: t.binary}, "", "text")
		tr.problem("bad-bytes", r.bad, "", "utf-8")
		if t.geometry >= 0 {
			f.system(r.shapes.box, keys[t.geometry])
			r.shapes.report(tr, f.crs, keys[t.geometry])
		}
	}
	made, err := f.find(ctx)
	if err != nil {
		return err
	}
	file.Tables = append(file.Tables, made)
	return nil
}

// sqliteRecords gives the rows of a table.
type sqliteRecords struct {
	record
	s    *sqliteFile
	t    *sqliteTable
	ctx  context.Context
	rows driver.Rows
	row  []driver.Value
	// A tree of pages that names the same page again and again gives rows
	// without end: what comes out may not be much more than the file.
	left   int64
	text   []byte
	spans  [][2]int
	bad    seen
	shapes shapeProblems
}

func (r *sqliteRecords) at() *record { return &r.record }

// leastRow is what a row takes in the file: its place, two lengths, a head.
const leastRow = 4

func (r *sqliteRecords) next() error {
	if r.rows == nil {
		return io.EOF
	}
	if err := r.rows.Next(r.row); err != nil {
		r.rows.Close()
		r.rows = nil
		if err == io.EOF {
			return err
		}
		return r.s.fault(r.ctx, err)
	}
	r.n++
	r.line = r.n
	r.text, r.spans, r.cells = r.text[:0], r.spans[:0], r.cells[:0]
	for i, v := range r.row {
		from := len(r.text)
		c := r.value(i, v)
		r.spans, r.cells = append(r.spans, [2]int{from, len(r.text)}), append(r.cells, c)
	}
	for i, s := range r.spans {
		r.cells[i].b = r.text[s[0]:s[1]:s[1]]
		if len(r.cells[i].b) > int(r.s.opts.Limits.Cell) {
			return &Refusal{Code: "too-large", Stage: "structure", Row: r.n, Line: r.n}
		}
	}
	r.start, r.end = r.end, r.end+int64(len(r.text))+1
	if r.left < 0 || r.n > r.s.size/leastRow {
		return badSQLite(nil)
	}
	return nil
}

// value adds the text of a value to r.text.
func (r *sqliteRecords) value(i int, v driver.Value) cell {
	if i == r.t.geometry {
		return r.geometry(v)
	}
	switch v := v.(type) {
	case int64:
		r.text = strconv.AppendInt(r.text, v, 10)
		return cell{as: asNumber}
	case float64:
		if math.IsInf(v, 0) {
			r.text = append(r.text, strconv.FormatFloat(v, 'g', -1, 64)...)
			return cell{as: asText}
		}
		r.text = appendExact(r.text, v)
		return cell{as: asNumber}
	case string:
		r.left -= int64(len(v))
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			r.bad.add(1, 0, r.n)
			v = strings.ReplaceAll(strings.ToValidUTF8(v, "\ufffd"), "\x00", "")
		}
		r.text = append(r.text, v...)
		return cell{as: asText, quoted: v == ""}
	case []byte:
		r.left -= int64(len(v))
		r.text = append(r.text, v...)
		return cell{as: asText, quoted: len(v) == 0}
	}
	return cell{}
}
