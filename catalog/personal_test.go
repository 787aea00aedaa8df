package catalog_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"

	"daylight/catalog"
	"daylight/datasets/samples"
	"daylight/privacy"
)

// Words are data too: a person in a title is as public as one in a row. All
// numbers here are invented.
func TestPersonalWords(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // kinds, or "" for none
	}{
		"a personal number":      {"Danh sách hộ nghèo, chủ hộ 001099012345", "cccd"},
		"in groups":              {"CCCD: 001 099 012 345", "cccd"},
		"a mobile":               {"Hỏi anh Nam, 0912 345 678", "phone_vn"},
		"a mobile from abroad":   {"Call +84 912 345 678", "phone_vn"},
		"a private mailbox":      {"Gửi về nguyenvana1990@gmail.com", "email"},
		"a private mailbox, org": {"Gửi về vanthu.xa@gmail.com", "email"},
		"a person's mail":        {"nguyen.van.a@congty.vn", "email"},
		"a card":                 {"thẻ 4111 1111 1111 1111", "card"},
		"two kinds":              {"0912345678, nguyenvana@yahoo.com", "email phone_vn"},
		"an office's mail":       {"vanthu@soyte.example và dulieu@thongke.gov.vn", ""},
		"a hotline":              {"Tổng đài 1900 9095, điện thoại 024 3823 4567", ""},
		"an act":                 {"Nghị quyết 202/2025/QH15, Luật số 91/2025/QH15, Nghị định 356/2025/NĐ-CP, Thông tư 86/2024/TT-BTC", ""},
		"years and days":         {"Giai đoạn 2021-2025, từ 01/01/2026 đến 31/12/2026, quý 3/2026", ""},
		"sums":                   {"Tổng dự toán 1.234.567.890.000 đồng (1234567890123 đồng), 12.345,6 tỷ", ""},
		"codes":                  {"Mã xã 00001, mã hồ sơ H01.02.03-260115-0001, ISBN 978-604-0-12345-6, mã số thuế 0100109106", ""},
		"coordinates":            {"Từ 21.028511, 105.804817 đến 10.762622, 106.660172", ""},
		"a whole act's address":  {"https://vanban.chinhphu.vn/?pageid=27160&docid=214590&classid=1", ""},
	} {
		var got []string
		for _, k := range privacy.PersonalWords(c.text, false) {
			got = append(got, string(k))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
	if got := privacy.PersonalWords("Phòng Kế hoạch, kehoach@yte.example", true); len(got) != 0 {
		t.Errorf("an office's address where it is reached: %v", got)
	}
	if got := privacy.PersonalWords("kehoach.xa@gmail.com", true); len(got) != 1 {
		t.Errorf("a private mailbox where an office is reached: %v", got)
	}
}

// Every text that becomes public is looked at, and the answer holds neither
// the number nor the words around it.
func TestNoPersonInWords(t *testing.T) {
	const number = "001099012345"
	secret := catalog.Text{"vi": "Bà con gọi " + number, "en": "x"}
	has := func(what, field string, problems []catalog.Problem) {
		t.Helper()
		found := false
		for _, p := range problems {
			found = found || p.Field == field && p.Code == "personal-data" && !p.Warning
			if b, _ := json.Marshal(p); strings.Contains(string(b), number) || strings.Contains(string(b), "Bà con") {
				t.Errorf("%s: the answer holds the words: %s", what, b)
			}
		}
		if !found {
			t.Errorf("%s: nothing against %s: %v", what, field, problems)
		}
	}
	d := dataset(1)
	d.Title, d.Description = secret, secret
	d.Keywords = map[string][]string{"vi": {"hộ nghèo", number}}
	d.Slug = "ho-ngheo-" + number
	for _, field := range []string{"title.vi", "description.vi", "keywords.vi", "slug"} {
		has("dataset", field, d.Check())
	}
	w := catalog.Withholding{Reason: secret, Law: secret, Article: number, Unit: secret, Appeal: secret}
	for _, field := range []string{"reason.vi", "law.vi", "article", "unit.vi", "appeal.vi"} {
		has("withholding", field, w.Check())
	}
	a := catalog.Agency{Name: secret, Description: secret, Contact: catalog.Contact{Name: secret}}
	for _, field := range []string{"name.vi", "description.vi", "contact.name.vi"} {
		has("agency", field, a.Check())
	}
	has("note", "note.vi", catalog.CheckNote(secret))
	if got := catalog.CheckNote(catalog.Text{"vi": "Bổ sung quý III năm 2026."}); len(got) > 0 {
		t.Errorf("a plain note: %v", got)
	}
}

// What the samples and the data at hand say of themselves is not mistaken.
func TestWordsOfSamplesPass(t *testing.T) {
	look := func(name string, folder fs.FS) {
		raw, err := fs.ReadFile(folder, "SOURCE.json")
		if err != nil {
			t.Fatal(err)
		}
		var all []map[string]any
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		n := 0
		var walk func(path string, v any)
		walk = func(path string, v any) {
			switch v := v.(type) {
			case string:
				n++
				contact := strings.Contains(path, "contact") || strings.Contains(path, "appeal")
				if strings.HasSuffix(path, ".sha256") || strings.HasSuffix(path, ".source") || strings.HasSuffix(path, ".sample") {
					return
				}
				if kinds := privacy.PersonalWords(v, contact); len(kinds) > 0 {
					t.Errorf("%s%s: %v", name, path, kinds)
				}
			case map[string]any:
				for k, x := range v {
					walk(path+"."+k, x)
				}
			case []any:
				for _, x := range v {
					walk(path, x)
				}
			}
		}
		for _, entry := range all {
			walk("", entry)
		}
		if n < 100 {
			t.Errorf("%s: only %d texts", name, n)
		}
	}
	look("samples", samples.Files)
	const shared = "../../shared/data/demo"
	if _, err := os.Stat(shared); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatal(err)
		}
		t.Log("SKIPPED: no " + shared)
		return
	}
	look("demo", os.DirFS(shared))
}
