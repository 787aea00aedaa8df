package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
)

func testWithholding() catalog.Withholding {
	return catalog.Withholding{Access: "NON_PUBLIC", Reason: catalog.Text{"vi": "Có thể nhận ra người bệnh.", "en": "Patients could be recognised."},
		Law: catalog.Text{"vi": "Luật 91/2025/QH15", "en": "Law 91/2025/QH15"}, Article: "Điều 14", Unit: catalog.Text{"vi": "Phòng Nghiệp vụ", "en": "Office"},
		Decided: "2026-11-20", Review: "2027-11-20", Appeal: catalog.Text{"vi": "Văn phòng Sở", "en": "The office"}}
}

func (o *office) changes(t *testing.T) (out []string) {
	t.Helper()
	for c, err := range o.catalog.Changes(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Dataset != "" {
			out = append(out, c.Kind)
		}
	}
	return out
}

// nothingOpen: I6, no intent is left open, and the audit chain is whole.
func (o *office) nothingOpen(t *testing.T) {
	t.Helper()
	open, err := o.inbox.drafts.OpenIntents(t.Context())
	if err != nil || len(open) > 0 {
		t.Errorf("I6: %d intents are open, %v", len(open), err)
	}
	if _, err := o.db.VerifyAudit(t.Context()); err != nil {
		t.Errorf("I5: %v", err)
	}
}

// A dataset is withheld, said otherwise, and opened by its first release.
func TestWithholdingFromFirstToLast(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	d, err := o.describe("khai-sinh-2026")
	if err != nil {
		t.Fatal(err)
	}
	w, problems, err := o.inbox.Withhold(ctx, "test", d.ID, testWithholding())
	if err != nil || catalog.Refused(problems) {
		t.Fatal(err, problems)
	}
	live, err := o.catalog.Dataset(ctx, d.Slug)
	if err != nil || live.Release != nil || live.Withheld == nil || live.Withheld.ID != w.ID || !live.Withheld.Since.Equal(testDay) {
		t.Fatalf("%+v, %v", live, err)
	}
	if counts, _ := o.catalog.Counts(ctx); counts.Withheld != 1 || counts.Datasets != 0 {
		t.Errorf("%+v", counts)
	}
	later := testWithholding()
	later.Review = "2028-01-01"
	if again, _, err := o.inbox.Withhold(ctx, "test", d.ID, later); err != nil || again.ID != w.ID {
		t.Errorf("changed: %v, %v", again, err)
	}
	if _, _, err := o.inbox.Withhold(ctx, "test", d.ID, later); err != nil {
		t.Error(err)
	}
	if got := o.changes(t); !slices.Equal(got, []string{"withheld", "withheld"}) {
		t.Errorf("changes %v", got)
	}
	future := testWithholding()
	future.Decided = "2026-11-21"
	if _, problems, err := o.inbox.Withhold(ctx, "test", d.ID, future); err != nil || !slices.ContainsFunc(problems, func(p catalog.Problem) bool { return p.Field == "decided" && p.Code == "in-future" }) {
		t.Errorf("decided tomorrow: %v, %v", problems, err)
	}
	for at, overdue := range map[string]int{"2028-01-01": 0, "2028-01-02": 1} {
		if c, err := o.catalog.RegisterCounts(ctx, "", at); err != nil || c.Standing != 1 || c.Overdue != overdue {
			t.Errorf("on %s: %+v, %v", at, c, err)
		}
	}
	u := o.publish(t, newUpload(d, sample(t, "khai-sinh-minh-hoa-2026.csv.plan.yaml")), sample(t, "khai-sinh-minh-hoa-2026.csv"))
	if u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	live, err = o.catalog.Dataset(ctx, d.Slug)
	if err != nil || live.Release == nil || live.Withheld != nil {
		t.Fatalf("%+v, %v", live, err)
	}
	ended, err := o.catalog.Withholding(ctx, w.ID)
	if err != nil || ended.Ended.IsZero() || ended.Overdue(testDay.AddDate(9, 0, 0)) {
		t.Errorf("%+v, %v", ended, err)
	}
	if got := o.changes(t); !slices.Equal(got, []string{"withheld", "withheld", "opened", "published"}) {
		t.Errorf("changes %v", got)
	}
	if c, err := o.catalog.RegisterCounts(ctx, "", "2030-01-01"); err != nil || c.Standing != 0 || c.Overdue != 0 || c.Ended != 1 || c.Parts != 1 || c.Columns == 0 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, _, err := o.inbox.Withhold(ctx, "test", d.ID, testWithholding()); !errors.Is(err, catalog.ErrPublished) {
		t.Errorf("withheld after publication: %v", err)
	}
	o.nothingOpen(t)
}

// What is said of a withheld dataset follows its draft.
func TestReviseWithheld(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("khai-sinh-2026")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.inbox.Withhold(t.Context(), "test", d.ID, testWithholding()); err != nil {
		t.Fatal(err)
	}
	d.Title["en"] = "Births"
	if _, _, err := o.inbox.PutDataset(t.Context(), "test", d); err != nil {
		t.Fatal(err)
	}
	for want := 1; want >= 0; want-- {
		if n, err := o.inbox.Revise(t.Context(), "test", d.ID); n != want || err != nil {
			t.Errorf("revised %d, %v", n, err)
		}
	}
	if live, err := o.catalog.Dataset(t.Context(), d.Slug); err != nil || live.Title["en"] != "Births" || live.Withheld == nil {
		t.Errorf("%+v, %v", live, err)
	}
	other, err := o.describe("ban-nhap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.inbox.Revise(t.Context(), "test", d.ID, other.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a draft was revised: %v", err)
	}
	o.nothingOpen(t)
}

// A table changes all of what it says or nothing, and only against the state
// that was looked at.
func TestInventoryIsAppliedWhole(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	d, err := o.describe("khai-sinh-2026")
	if err != nil {
		t.Fatal(err)
	}
	if u := o.publish(t, newUpload(d, sample(t, "khai-sinh-minh-hoa-2026.csv.plan.yaml")), sample(t, "khai-sinh-minh-hoa-2026.csv")); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	draft, err := o.describe("ban-nhap")
	if err != nil {
		t.Fatal(err)
	}
	stranger, problems, err := o.inbox.PutAgency(ctx, "test", catalog.Agency{Slug: "so-khac", Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Sở khác", "en": "Other"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "lienhe@sokhac.example"}})
	if err != nil || catalog.Refused(problems) {
		t.Fatal(err, problems)
	}
	table := fmt.Sprintf("id;slug;title_en;keywords_en\r\n%s;;Births, said better;births | quarters\r\n;ban-nhap;A draft, said better;draft\r\n", d.ID)
	p, err := o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(table), "")
	if err != nil || p.Changed != 2 || p.Public != 1 || p.Problems != 0 || p.Applied {
		t.Fatalf("%+v, %v", p, err)
	}
	title := func(slug string) string {
		t.Helper()
		live, err := o.catalog.Dataset(ctx, slug)
		if err != nil {
			return ""
		}
		return live.Title["en"]
	}
	if title("khai-sinh-2026") == "Births, said better" {
		t.Error("a preview changed something")
	}
	// another agency meets strangers' datasets as if there were none
	if q, err := o.inbox.Inventory(ctx, "test", stranger.ID, []byte(table), p.Digest); err != nil || q.Problems != 2 || q.Applied || strings.Contains(fmt.Sprint(q), "Dataset khai-sinh") {
		t.Errorf("a stranger: %+v, %v", q, err)
	}
	// somebody else changes the draft meanwhile
	draft.Description["en"] = "Since then."
	if _, _, err := o.inbox.PutDataset(ctx, "test", draft); err != nil {
		t.Fatal(err)
	}
	stale, err := o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(table), p.Digest)
	if err != nil || !stale.Stale || stale.Applied || stale.Digest == p.Digest || title("khai-sinh-2026") == "Births, said better" {
		t.Fatalf("stale: %+v, %v", stale, err)
	}
	// one bad row keeps all of it back
	bad := table + ";khong-co;x;y\r\n"
	if q, err := o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(bad), stale.Digest); err != nil || q.Problems != 1 || q.Applied || title("khai-sinh-2026") == "Births, said better" {
		t.Errorf("a bad row: %+v, %v", q, err)
	}
	before := o.changes(t)
	done, err := o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(table), stale.Digest)
	if err != nil || !done.Applied || title("khai-sinh-2026") != "Births, said better" || title("ban-nhap") != "" {
		t.Fatalf("applied: %+v, %v", done, err)
	}
	if got, err := o.inbox.Draft(ctx, "ban-nhap"); err != nil || got.Title["en"] != "A draft, said better" || got.Description["en"] != "Since then." {
		t.Errorf("the draft: %+v, %v", got, err)
	}
	if got, err := o.inbox.Draft(ctx, "khai-sinh-2026"); err != nil || got.Title["en"] != "Births, said better" {
		t.Errorf("the draft of a public one: %+v, %v", got, err)
	}
	if got := o.changes(t)[len(before):]; !slices.Equal(got, []string{"revised"}) {
		t.Errorf("changes %v", got)
	}
	// the answer was lost, so it is sent again
	again, err := o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(table), stale.Digest)
	if err != nil || !again.Applied || again.Changed != 0 || len(o.changes(t)) != len(before)+1 {
		t.Errorf("again: %+v, %v", again, err)
	}
	live, err := o.catalog.Dataset(ctx, "khai-sinh-2026")
	if err != nil || live.Release.N != 1 {
		t.Errorf("%+v, %v", live, err)
	}
	o.nothingOpen(t)
}

// New rows, and what cannot be one.
func TestInventoryMakesDrafts(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	if _, err := o.describe("da-co"); err != nil {
		t.Fatal(err)
	}
	head := "slug,organization,title_vi,title_en,description_vi,description_en,keywords_vi,keywords_en,themes,places,frequency,licence\n"
	row := func(slug, org string) string {
		return slug + "," + org + ",Số hộ nghèo,Poor households,Mô tả.,Described.,hộ nghèo,poverty,SOCI,http://publications.europa.eu/resource/authority/country/VNM,ANNUAL,CC-BY-4.0\n"
	}
	table := []byte(head + row("", "so-tu-phap") + row("ho-ngheo-2", ""))
	p, err := o.inbox.Inventory(ctx, "test", o.agency.ID, table, "")
	if err != nil || p.New != 2 || p.Problems != 0 || p.Public != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if q, err := o.inbox.Inventory(ctx, "test", o.agency.ID, table, p.Digest); err != nil || !q.Applied {
		t.Fatalf("%+v, %v", q, err)
	}
	for _, slug := range []string{"so-ho-ngheo", "ho-ngheo-2"} {
		if d, err := o.inbox.Draft(ctx, slug); err != nil || d.Agency != o.agency.ID || d.ID == "" {
			t.Errorf("%s: %+v, %v", slug, d, err)
		}
	}
	if got := o.changes(t); len(got) != 0 {
		t.Errorf("drafts are public: %v", got)
	}
	for name, c := range map[string]struct {
		table  string
		agency catalog.AgencyID
		code   string
	}{
		"another agency's name":   {head + row("moi", "so-khac"), o.agency.ID, "organization-fixed"},
		"an administrator, whose": {head + row("moi", ""), "", "missing"},
		"an id of nobody":         {"id,locale\n0b7a6a2e-2222-4a4a-8b8b-000000000009,vi\n", o.agency.ID, "unknown-id"},
		"a slug as id":            {"id,locale\nda-co,vi\n", o.agency.ID, "unknown-id"},
	} {
		q, err := o.inbox.Inventory(ctx, "test", c.agency, []byte(c.table), "")
		if err != nil || q.Problems != 1 || q.Rows[0].Problems[0].Code != c.code {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
	var slugs []string
	for d, err := range o.inbox.DraftInventory(ctx, o.agency.ID) {
		if err != nil {
			t.Fatal(err)
		}
		slugs = append(slugs, d.Slug)
	}
	if slices.Sort(slugs); !slices.Equal(slugs, []string{"da-co", "ho-ngheo-2", "so-ho-ngheo"}) {
		t.Errorf("%v", slugs)
	}
	o.nothingOpen(t)
}

// Five thousand rows are looked at and applied in time for a person who waits.
func TestInventoryOfManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: five thousand rows take their time")
	}
	o := newOffice(t)
	var b strings.Builder
	b.WriteString("slug,title_vi,title_en,description_vi,description_en,keywords_vi,themes,places,frequency,licence\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "bo-%d,Bộ %d,Set %d,Mô tả.,Described.,thử,SOCI,http://publications.europa.eu/resource/authority/country/VNM,ANNUAL,CC-BY-4.0\n", i, i, i)
	}
	start := time.Now()
	p, err := o.inbox.Inventory(t.Context(), "test", o.agency.ID, []byte(b.String()), "")
	if err != nil || p.New != 2000 {
		t.Fatalf("%d new, %v", p.New, err)
	}
	if q, err := o.inbox.Inventory(t.Context(), "test", o.agency.ID, []byte(b.String()), p.Digest); err != nil || !q.Applied {
		t.Fatal(err)
	}
	t.Logf("2,000 rows looked at twice and applied in %s", time.Since(start).Round(time.Millisecond))
}
