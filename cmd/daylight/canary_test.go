package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	bleve "github.com/blevesearch/bleve/v2"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/gofiber/fiber/v2"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/unicode/norm"

	"daylight/api"
	"daylight/catalog"
	"daylight/datasets"
	"daylight/privacy"
)

// Canaries: one value for each class of what must not leave, planted where the
// plan says that it is taken out. All persons and numbers are invented.
var canaries = map[string]string{
	"personal number":  "025226731945",
	"second number":    "001191448207",
	"name":             "Nguyễn Thị Canaryqx",
	"telephone":        "0987654013",
	"e-mail":           "canaryqx.rieng@hopthu.example",
	"telephone, notes": "0912345986",
	"number, notes":    "025193556127",
	"e-mail, notes":    "ghichu.canaryqx@hopthu.example",
	"largest":          "987654321987",
	"smallest":         "-87654321098",
	"rare category":    "Bệnh hiếm Zanthoquyx",
	"long word":        "qz" + strings.Repeat("xvkwj", 40),
	"header":           "Cột Riêng Headerqzx",
	"file name":        "tep-cua-filenameqzx",
	"rejected cell":    "31/02/2026-rejectedqzx",
	"in a date":        "khong-phai-ngay-dateqzx",
	"description":      "Bản nháp bí mật draftqzx",

	// In workbooks, JSON and maps: canary_formats_test.go.
	"sheet name":        "Trang Sheetnameqzx",
	"hidden sheet":      "Trang ẩn Hiddensheetqzx",
	"hidden cell":       "Nội dung ẩn hiddencellqzx",
	"hidden column":     "Cột khuất hiddencolumnqzx",
	"hidden row":        "Dòng khuất hiddenrowqzx",
	"dropped cell":      "Ô bị bỏ droppedcellqzx",
	"comment":           "Lời bàn commentqzx",
	"comment author":    "Người bàn commentauthorqzx",
	"document author":   "Người soạn documentauthorqzx",
	"document title":    "Tựa đề documenttitleqzx",
	"defined name":      "Vungten_definednameqzx",
	"formula":           "Công thức formulaqzx",
	"JSON key":          "Khoá Jsonkeyqzx",
	"JSON value":        "Giá trị jsonvalueqzx",
	"JSON inner key":    "Khoá trong Innerkeyqzx",
	"JSON inner value":  "Giá trị trong innervalueqzx",
	"JSON member":       "Phần ngoài memberqzx",
	"JSON member value": "Lời ngoài membervalueqzx",
	"GeoJSON property":  "Thuộc tính Propertyqzx",
	"GeoJSON value":     "Giá trị propertyvalueqzx",
	"GeoJSON foreign":   "Phần lạ foreignqzx",
	"geometry foreign":  "Hình lạ geometryforeignqzx",
	"archive folder":    "Thư mục archivefolderqzx",
	"archive table":     "Tệp Archivetableqzx",
	"archive other":     "Tệp khác archiveotherqzx",
	"archive document":  "Nội dung archivedocumentqzx",
	"archive comment":   "Lời bàn archivecommentqzx",
}

// inPrivateDatabase may stand in the private database: labels of what was
// sent, and what an agency says before it publishes. Nothing of a cell may.
var inPrivateDatabase = map[string]bool{"file name": true, "description": true, "header": true,
	"sheet name": true, "archive table": true, "JSON key": true, "JSON inner key": true, "GeoJSON property": true}

// canaryFile holds every canary of a cell in a register of persons.
func canaryFile() string {
	var b strings.Builder
	b.WriteString("so_dinh_danh,ho_ten,dien_thoai,email,ngay_sinh,gioi_tinh,xa,ghi_chu,so_tien,benh,ma_dai," + canaries["header"] + ",ngay_hen\n")
	row := func(i int, id, name, phone, mail, note, money, illness, long, date string) {
		sex := []string{"Nam", "Nữ"}[i%2]
		fmt.Fprintf(&b, "%s,%s,%s,%s,%02d/0%d/2026,%s,Xã Hồ Sen,%s,%s,%s,%s,x%d,%s\n", id, name, phone, mail, 13+i%15, 1+i%6, sex, note, money, illness, long, i, date)
	}
	for i := range 60 {
		row(i, fmt.Sprintf("025226%06d", 100000+i*7), "Trần Văn "+string(rune('A'+i%26))+"nh", fmt.Sprintf("09123%05d", i*37), fmt.Sprintf("hop.thu%d@vidu.example", i),
			"", fmt.Sprint(1000+i), "Sốt", "ngan", "")
	}
	row(60, canaries["personal number"], canaries["name"], canaries["telephone"], canaries["e-mail"], "Gọi "+canaries["telephone, notes"]+" giúp", canaries["largest"], canaries["rare category"], canaries["long word"], canaries["rejected cell"])
	row(61, canaries["second number"], "Lê Thị B", "0987000111", "b@vidu.example", "Số "+canaries["number, notes"]+" thư "+canaries["e-mail, notes"], canaries["smallest"], "Sốt", "ngan", canaries["in a date"])
	return b.String()
}

const canaryPlan = `plan: v1
dataset: canary
audience: open
unit: {person_key: so_dinh_danh}
columns:
  so_dinh_danh: {class: direct, do: drop}
  ho_ten: {class: direct, do: drop}
  dien_thoai: {class: direct, do: drop}
  email: {class: direct, do: drop}
  ngay_sinh: {class: quasi, do: generalise, to: year}
  gioi_tinh: {class: quasi, do: keep}
  xa: {class: quasi, do: keep}
  ghi_chu: {class: text, do: redact, kinds: [cccd, phone_vn, email, name_vn], reason: "ghi chú"}
  so_tien: {do: drop}
  benh: {class: sensitive, do: drop}
  ma_dai: {do: drop}
  "Cột Riêng Headerqzx": {do: drop}
  ngay_hen: {do: drop}
model: {kind: full-domain, k: 5, suppress_max: 0.2}
decided: {by: "Cán bộ thử nghiệm", at: 2026-10-01}
`

// TestCanary sends the file through the real portal and then looks for every
// canary, in every form, in every byte that is public or logged.
func TestCanary(t *testing.T) {
	ctx, data := t.Context(), t.TempDir()
	var logs lockedBuffer
	p, err := openPortal(ctx, data, slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	work, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- together(work, p, workSettings{}, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	closed := false
	finish := func() {
		if !closed {
			closed = true
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if err := p.close(); err != nil {
				t.Error(err)
			}
		}
	}
	defer finish()

	public := plant(t, p, "canary", canaryFile(), canaryPlan)
	if public.State != catalog.StatePublished {
		t.Fatalf("the canary file is %s: %+v", public.State, public.Problems)
	}
	// The same persons where the plan must stop them, and a file that no reader reads.
	if u := plant(t, p, "canary-auto", canaryFile(), "auto"); u.State != catalog.StateWaiting {
		t.Fatalf("without a plan the canary file is %s", u.State)
	}
	if u := plant(t, p, "canary-junk", "\x00\x01\x02"+canaryFile()+"\x00\xff\xfe\x00", "auto"); u.State == catalog.StatePublished {
		t.Fatal("junk was published")
	}
	others := plantFormats(t, p)
	plantVersions(t, p)
	if err := p.index.Sync(ctx); err != nil {
		t.Fatal(err)
	}

	app, err := api.New(api.Config{Site: site("http://portal.test"), Catalog: p.catalog, Library: p.library(), Index: p.index, Intake: p.inbox,
		Accounts: accountsDoor{p.accounts}, Now: time.Now, Log: slog.New(slog.NewJSONHandler(&logs, nil))})
	if err != nil {
		t.Fatal(err)
	}
	hunt := newHunt(t)

	// The hunt finds each canary where it must be: in the private original.
	t.Run("the hunt finds what is there", func(t *testing.T) {
		raw, err := readOriginal(ctx, p, public.ID)
		if err != nil {
			t.Fatal(err)
		}
		found := hunt.in(raw)
		for name := range canaries {
			if name != "file name" && name != "description" && inFormat[name] == "" && !slices.Contains(found, name) {
				t.Errorf("%s is not found in the original", name)
			}
		}
		foundInFormats(t, p, hunt, others)
		for name, value := range canaries {
			for _, form := range forms(value) {
				if !slices.Contains(hunt.in(append([]byte("....."), form...)), name) {
					t.Errorf("%s is not found in the form %q", name, form)
				}
			}
		}
		packed, _ := zstd.NewWriter(nil)
		if got := hunt.in(append([]byte("PAR1"), packed.EncodeAll([]byte(canaryFile()), nil)...)); len(got) < 10 {
			t.Errorf("only %d canaries are found behind zstd", len(got))
		}
	})

	t.Run("what an agency is shown", func(t *testing.T) { huntReviews(t, app, p, hunt) })
	t.Run("every public URL", func(t *testing.T) { huntRoutes(t, app, p, hunt) })
	t.Run("index", func(t *testing.T) { huntIndex(t, data, hunt) })
	t.Run("private database", func(t *testing.T) {
		copied := filepath.Join(t.TempDir(), "work.db")
		if err := p.workDB.VacuumInto(ctx, copied); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(copied)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range hunt.in(raw) {
			if !inPrivateDatabase[name] {
				t.Errorf("%s stands in the private database", name)
			}
		}
	})
	finish() // so that everything is on disk
	t.Run("every public byte", func(t *testing.T) { huntFiles(t, publicDir(data), hunt, nil) })
	t.Run("private database on disk", func(t *testing.T) {
		huntFiles(t, privateDir(data), hunt, func(name string) bool { return inPrivateDatabase[name] })
	})
	t.Run("logs", func(t *testing.T) {
		if logs.Len() == 0 {
			t.Fatal("there are no logs to look at")
		}
		for _, name := range hunt.in(logs.Bytes()) {
			t.Errorf("%s stands in the log", name)
		}
	})
}

// plantVersions publishes two releases of one dataset, of which a column that
// differs is left out.
func plantVersions(t *testing.T, p *portal) {
	t.Helper()
	const plan = "plan: v1\naudience: open\ncolumns:\n  phuong: {class: public, do: keep}\n  bo: {class: public, do: drop}\n  so: {class: public, do: keep}\ndecided: {by: thử, at: 2026-01-15}\n"
	for i, rows := range []string{"Phường Bến Sông,%s,5\nXã Hồ Sen,x,7\n", "Phường Bến Sông,%s,6\nXã Hồ Sen,y,7\n"} {
		u := plant(t, p, "canary-versions", "phuong,bo,so\n"+fmt.Sprintf(rows, canaries["dropped cell"]), plan)
		if u.Release != i+1 {
			t.Fatalf("version %d is %s: %+v", i+1, u.State, u.Problems)
		}
	}
}

// plant describes a dataset and sends a file for it.
func plant(t *testing.T, p *portal, slug, csv, plan string) catalog.Upload {
	t.Helper()
	ctx := t.Context()
	agency, problems, err := p.inbox.PutAgency(ctx, "test", catalog.Agency{Slug: "co-quan-thu", Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Cơ quan thử", "en": "Test agency"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "vanphong@coquan.example"}})
	if err != nil || catalog.Refused(problems) {
		t.Fatal(err, problems)
	}
	d := catalog.Dataset{Slug: slug, Agency: agency.ID, Title: catalog.Text{"vi": "Sổ thử " + slug}, Description: catalog.Text{"vi": "Sổ để thử bộ lọc."},
		Keywords: map[string][]string{"vi": {"thử"}}, Themes: []string{"SOCI"}, Places: []string{"http://publications.europa.eu/resource/authority/country/VNM"},
		Frequency: "ANNUAL", Licence: "CC-BY-4.0", Locale: "vi", Synthetic: true}
	if slug == "canary-auto" || slug == "canary-junk" { // never published, so what is said of it stays private
		d.Description = catalog.Text{"vi": canaries["description"]}
	}
	d, problems, err = p.inbox.PutDataset(ctx, "test", d)
	if err != nil || catalog.Refused(problems) {
		t.Fatal(err, problems)
	}
	u, err := p.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: agency.ID, By: "test", FileName: canaries["file name"] + ".csv", TotalBytes: int64(len(csv)), Locale: "vi", Plan: []byte(strings.ReplaceAll(plan, "dataset: canary", "dataset: "+slug))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.inbox.Append(ctx, u.ID, 0, strings.NewReader(csv)); err != nil {
		t.Fatal(err)
	}
	if u, err = settled(ctx, p, u.ID); err != nil {
		t.Fatal(err)
	}
	return u
}

func readOriginal(ctx context.Context, p *portal, id string) ([]byte, error) {
	var wrapped []byte
	if err := p.workDB.QueryRow(ctx, `SELECT wrapped_key FROM uploads WHERE id = $1`, id).Scan(&wrapped); err != nil {
		return nil, err
	}
	r, err := p.private.Unseal(ctx, id, wrapped)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// forms are the ways a value can be written down.
func forms(value string) [][]byte {
	text := []string{value, norm.NFD.String(value), strings.ToUpper(value), strings.ToLower(value), bare(value), strings.ToLower(bare(value)), strings.ToUpper(bare(value))}
	if strings.Trim(value, "0123456789") == "" && len(value) > 8 {
		text = append(text, value[:4]+" "+value[4:7]+" "+value[7:], value[:4]+"."+value[4:7]+"."+value[7:], strings.TrimLeft(value, "0"))
	}
	var out [][]byte
	for _, s := range text {
		quoted, _ := json.Marshal(s)
		ascii := strings.Trim(fmt.Sprintf("%+q", s), `"`)
		for _, w := range []string{s, url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s), strings.Trim(string(quoted), `"`), ascii, hex.EncodeToString([]byte(s)), reversed(s)} {
			out = append(out, []byte(w))
		}
		for shift := range 3 { // base64 by the place in its group of three
			coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), s...))
			if from, to := (shift*4+2)/3, len(coded)-4; to-from > 8 {
				out = append(out, []byte(coded[from:to]))
			}
		}
		wide := utf16.Encode([]rune(s))
		var little []byte
		for _, u := range wide {
			little = append(little, byte(u), byte(u>>8))
		}
		out = append(out, little)
	}
	return out
}

// bare is the text without diacritics.
func bare(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.NewReplacer("đ", "d", "Đ", "D").Replace(s)) {
		if r < 0x300 || r > 0x36F {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// hunt looks for all forms of all canaries at once, also behind zstd.
type hunt struct {
	trie  *ahocorasick.Trie
	names []string
	zstd  *zstd.Decoder
}

func newHunt(t *testing.T) *hunt {
	h := &hunt{}
	build := ahocorasick.NewTrieBuilder()
	seen := map[string]bool{}
	for name, value := range canaries {
		for _, form := range forms(value) {
			if k := string(form); !seen[k] {
				seen[k] = true
				build.AddPattern(form)
				h.names = append(h.names, name)
			}
		}
	}
	h.trie = build.Build()
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(1<<28))
	if err != nil {
		t.Fatal(err)
	}
	h.zstd = d
	return h
}

// in names the canaries that stand in raw.
func (h *hunt) in(raw []byte) []string {
	found := map[string]bool{}
	h.look(raw, found, 0)
	var out []string
	for name := range found {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (h *hunt) look(raw []byte, found map[string]bool, depth int) {
	for _, m := range h.trie.Match(raw) {
		found[h.names[m.Pattern()]] = true
	}
	if depth == 3 {
		return
	}
	for rest := raw; ; { // zstd frames wherever they begin, as in Parquet pages
		at := bytes.Index(rest, []byte{0x28, 0xB5, 0x2F, 0xFD})
		if at < 0 {
			return
		}
		rest = rest[at:]
		if err := h.zstd.Reset(bytes.NewReader(rest)); err == nil {
			plain, _ := io.ReadAll(io.LimitReader(h.zstd, 64<<20)) // what came before an error counts
			if len(plain) > 0 {
				h.look(plain, found, depth+1)
			}
		}
		rest = rest[4:]
	}
}

// huntRoutes asks every address of the table, in both languages, as everyone
// may, with harmless and with hostile parameters.
func huntRoutes(t *testing.T, app *fiber.App, p *portal, h *hunt) {
	var paths []string
	for slug, of := range map[string]string{"canary": "canary", "canary-auto": "canary", "canary-book": "canary-book", "canary-json": "canary-json", "canary-map": "canary-map", "canary-versions": "canary-versions"} {
		d, err := p.catalog.Dataset(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range api.Routes {
			if r.Method != fiber.MethodGet || r.Agencies {
				continue
			}
			for _, f := range d.Release.Files {
				id := string(d.ID)
				if strings.HasPrefix(r.Path, "/organization/") {
					id = string(d.Agency)
				}
				path := strings.NewReplacer(":org", "co-quan-thu", ":theme", "SOCI", ":tag", url.PathEscape("thử"), ":sitemap", "datasets-1", ":list.:syntax", "themes.csv", ":list", "themes", ":code", "HEAL", ":slug", slug, ":hash/:name", "x/daylight.css", ":name", "not-found", ":n", "1", ":file", f.Name, ":format", f.Format, ":id", id,
					":rid", f.ResourceID).Replace(r.Path)
				if strings.HasPrefix(path, "/organizations/") {
					path = "/organizations/co-quan-thu"
				}
				for _, syntax := range []string{"ttl", "jsonld", "rdf", "nt"} {
					path := strings.ReplaceAll(path, ":syntax", syntax)
					paths = append(paths, path, "/en"+path)
				}
			}
		}
	}
	for _, value := range canaries { // searching for it must not show that it is there
		q := url.QueryEscape(value)
		paths = append(paths, "/api/v1/search?q="+q, "/datasets?q="+q+"&theme="+q, "/api/v1/datasets?after="+q, "/datasets/"+url.PathEscape(value),
			"/datasets/canary/diff?from="+q, "/datasets/canary/diff.csv?table="+q, "/api/v1/datasets/canary-book/diff?to="+q)
	}
	for _, format := range []string{"csv", "json", "jsonl"} {
		paths = append(paths, "/datasets/canary-versions/diff."+format+"?from=1&to=2&table=data")
	}
	slices.Sort(paths)
	asked, differ := 0, 0
	for _, path := range slices.Compact(paths) {
		for _, method := range []string{"GET", "HEAD"} {
			req := httptest.NewRequest(method, path, nil)
			req.Host = "portal.test"
			req.Header.Set("Accept", "text/html,*/*")
			res, err := app.Test(req, -1)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			var head bytes.Buffer
			res.Header.Write(&head)
			asked++
			if res.StatusCode >= 500 {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
			if strings.Contains(path, "/canary-versions/diff.") && bytes.Contains(body, []byte("Phường Bến Sông")) {
				differ++
			}
			found := h.in(append(head.Bytes(), body...))
			// A page repeats the words of the search in its own field and links.
			if u, _ := url.Parse(path); u != nil && u.RawQuery != "" {
				if value := u.Query().Get("q"); value != "" && strings.HasPrefix(path, "/datasets") {
					found = slices.DeleteFunc(found, func(name string) bool { return canaries[name] == value })
				}
				if strings.HasPrefix(path, "/api/v1/search") && !bytes.Contains(body, []byte(`"total":0`)) {
					var answer struct{ Results []struct{ Slug string } }
					json.Unmarshal(body, &answer)
					for _, r := range answer.Results {
						if r.Slug != "canary" {
							t.Errorf("a search shows %s", r.Slug)
						}
					}
				}
			}
			if len(found) > 0 {
				t.Errorf("%s %s holds %v", method, path, found)
			}
		}
	}
	if differ != 3 {
		t.Errorf("what differs between versions was seen %d times", differ)
	}
	if asked < 100 {
		t.Errorf("only %d requests", asked)
	}
}

// huntFiles reads every byte below a folder, and every cell of what is a
// published file.
func huntFiles(t *testing.T, root string, h *hunt, may func(string) bool) {
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		rel, _ := filepath.Rel(root, path)
		for _, name := range h.in(append(raw, rel...)) {
			if may == nil || !may(name) {
				t.Errorf("%s holds %s", rel, name)
			}
		}
		for _, f := range datasets.Formats {
			table, err := f.Read(bytes.NewReader(raw), int64(len(raw)))
			if err != nil {
				continue
			}
			for _, name := range h.in(cells(t, table)) {
				t.Errorf("%s, read as %s, holds %s", rel, f.Name, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("there is nothing to look at")
	}
}

// cells is every cell and label of a table as text.
func cells(t *testing.T, table privacy.Table) []byte {
	var out []byte
	out = append(out, table.Schema().String()...)
	rows, err := table.Rows(t.Context())
	if err != nil {
		return out
	}
	defer rows.Release()
	for rows.Next() {
		rec := rows.Record()
		for c := range int(rec.NumCols()) {
			for i := range int(rec.NumRows()) {
				out = append(privacy.AppendCell(out, rec.Column(c), i), '\n')
			}
		}
	}
	return out
}

// huntIndex opens a copy of the index and reads every term and stored value,
// which Bleve keeps compressed.
func huntIndex(t *testing.T, data string, h *hunt) {
	found := false
	err := filepath.WalkDir(indexDir(data), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "index_meta.json" {
			return err
		}
		copied := filepath.Join(t.TempDir(), "index")
		if err := os.CopyFS(copied, os.DirFS(filepath.Dir(path))); err != nil {
			return err
		}
		x, err := bleve.OpenUsing(copied, map[string]any{"read_only": true})
		if err != nil {
			return err
		}
		defer x.Close()
		advanced, err := x.Advanced()
		if err != nil {
			return err
		}
		reader, err := advanced.Reader()
		if err != nil {
			return err
		}
		defer reader.Close()
		var all bytes.Buffer
		fields, err := reader.Fields()
		if err != nil {
			return err
		}
		for _, field := range fields {
			all.WriteString(field + "\n")
			dict, err := reader.FieldDict(field)
			if err != nil {
				return err
			}
			for e, err := dict.Next(); e != nil && err == nil; e, err = dict.Next() {
				all.WriteString(e.Term + "\n")
				found = true
			}
			dict.Close()
		}
		ids, err := reader.DocIDReaderAll()
		if err != nil {
			return err
		}
		defer ids.Close()
		for id, err := ids.Next(); id != nil && err == nil; id, err = ids.Next() {
			name, err := reader.ExternalID(id)
			if err != nil {
				return err
			}
			doc, err := reader.Document(name)
			if err != nil || doc == nil {
				continue
			}
			doc.VisitFields(func(f index.Field) { all.Write(f.Value()); all.WriteByte('\n') })
		}
		for _, name := range h.in(all.Bytes()) {
			t.Errorf("the index holds %s", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		t.Error("the index holds no term to look at")
	}
}

// lockedBuffer is written to by many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Len()
}

func (l *lockedBuffer) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}
