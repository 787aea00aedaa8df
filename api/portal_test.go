package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/api"
	"daylight/catalog"
	"daylight/catalog/accounts"
	"daylight/catalog/dcat"
	"daylight/datasets"
	"daylight/ingest"
	"daylight/search"
	"daylight/store"
)

func TestMain(m *testing.M) {
	ingest.Child() // the tests' own binary is the parse child
	m.Run()
}

// portal is a whole portal in a temporary folder: real databases, files,
// index, jobs and parse child; only the network is left out.
type portal struct {
	t       *testing.T
	app     *fiber.App
	reader  *fiber.App // the same catalogue, in a process that only reads
	inbox   *ingest.Inbox
	catalog *catalog.Store
	index   *search.Index
	public  *store.PublicDB
	work    *store.PrivateDB
	dir     string
	agency  map[string]catalog.AgencyID
	token   map[api.Who]string

	accounts *accounts.Accounts
	config   api.Config // of app
}

const base = "http://portal.test"

func newPortal(t *testing.T) *portal {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	p := &portal{t: t, dir: dir, agency: map[string]catalog.AgencyID{}, token: map[api.Who]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	private, err := store.OpenPrivate(ctx, filepath.Join(dir, "private"))
	must(err)
	public, err := store.OpenPublic(ctx, filepath.Join(dir, "public"), false)
	must(err)
	p.work, err = store.OpenPrivateDB(ctx, "sqlite:"+filepath.Join(dir, "private", "work.db"))
	must(err)
	t.Cleanup(func() { p.work.Close() })
	p.public, err = store.OpenPublicDB(ctx, "sqlite:"+filepath.Join(dir, "public", "catalogue.db"), false)
	must(err)
	t.Cleanup(func() { p.public.Close() })
	must(p.work.Migrate(ctx))
	must(p.public.Migrate(ctx))
	p.catalog = catalog.NewStore(p.public)
	shelf := datasets.NewShelf(public, private.Staging())
	p.index, err = search.Open(filepath.Join(dir, "index"), p.catalog, search.Options{})
	must(err)
	t.Cleanup(func() { p.index.Close() })
	p.inbox = ingest.New(ingest.Options{Private: private, DB: p.work, Shelf: shelf, Catalog: p.catalog, Drafts: catalog.NewDrafts(p.work), Now: time.Now})
	who := accounts.New(p.work, time.Now)
	p.accounts = who
	config := api.Config{
		Site: dcat.Site{BaseURL: base, Title: catalog.Text{"vi": "Cổng", "en": "Portal"}, Description: catalog.Text{"vi": "Cổng dữ liệu", "en": "Data portal"},
			Publisher: catalog.Agency{ID: "7d5a4c1e-0c1f-4b51-9a35-2f6f8d0e6a01", Slug: "portal", Kind: "NationalAuthority", Name: catalog.Text{"vi": "Cổng", "en": "Portal"},
				Contact: catalog.Contact{Name: catalog.Text{"vi": "Cổng", "en": "Portal"}, Email: "cong@portal.example"}}},
		Catalog: p.catalog, Library: shelf.Library(), Index: p.index, Intake: p.inbox, Accounts: door{who}, MaxUpload: 1 << 20,
		EventsFor: 100 * time.Millisecond,
	}
	p.config = config
	p.app, err = api.New(config)
	must(err)
	config.Intake, config.Accounts = nil, nil
	p.reader, err = api.New(config)
	must(err)

	work, stop := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- p.inbox.Work(work) }()
	go func() { done <- p.index.Follow(work) }()
	t.Cleanup(func() { stop(); <-done; <-done })

	for _, slug := range []string{"so-y-te", "so-giao-duc"} {
		a, problems, err := p.inbox.PutAgency(ctx, "test", catalog.Agency{Slug: slug, Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Sở " + slug, "en": "Department " + slug},
			Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "vp@" + slug + ".example"}})
		must(err)
		if catalog.Refused(problems) {
			t.Fatal(problems)
		}
		p.agency[slug] = a.ID
	}
	for w, u := range map[api.Who]struct {
		name, agency string
		role         accounts.Role
	}{
		api.Own:           {"own", string(p.agency["so-y-te"]), accounts.Publisher},
		api.Other:         {"other", string(p.agency["so-giao-duc"]), accounts.Publisher},
		api.Administrator: {"admin", "", accounts.Administrator},
	} {
		_, err := who.AddUser(ctx, accounts.System, u.name, u.agency, u.role)
		must(err)
		p.token[w], err = who.NewToken(ctx, accounts.System, u.name, time.Now().Add(time.Hour))
		must(err)
	}
	return p
}

type door struct{ accounts *accounts.Accounts }

func (d door) Verify(ctx context.Context, token string) (api.Caller, error) {
	return caller(d.accounts.Verify(ctx, token))
}

func (d door) Session(ctx context.Context, secret string) (api.Caller, error) {
	return caller(d.accounts.Session(ctx, secret))
}

func (d door) BeginSession(ctx context.Context, token string) (string, error) {
	secret, err := d.accounts.NewSession(ctx, token)
	if err != nil {
		return "", api.ErrToken
	}
	return secret, nil
}

func (d door) EndSession(ctx context.Context, secret string) error {
	return d.accounts.EndSession(ctx, secret)
}

func caller(who accounts.Identity, err error) (api.Caller, error) {
	if err != nil {
		return api.Caller{}, api.ErrToken
	}
	return api.Caller{User: who.User, Name: who.Name, Agency: catalog.AgencyID(who.Agency), Admin: who.Role == accounts.Administrator}, nil
}

// describe puts a draft of a dataset.
func (p *portal) describe(slug, agency string) catalog.Dataset {
	p.t.Helper()
	d, problems, err := p.inbox.PutDataset(p.t.Context(), "test", catalog.Dataset{Slug: slug, Agency: p.agency[agency],
		Title: catalog.Text{"vi": "Dân số theo xã " + slug, "en": "Population " + slug}, Description: catalog.Text{"vi": "Dân số từng xã.", "en": "Population of each commune."},
		Keywords: map[string][]string{"vi": {"dân số"}, "en": {"population"}}, Themes: []string{"SOCI"},
		Places: []string{"http://publications.europa.eu/resource/authority/country/VNM"}, Frequency: "ANNUAL", Licence: "CC-BY-4.0", Locale: "vi"})
	if err != nil {
		p.t.Fatal(err)
	}
	if catalog.Refused(problems) {
		p.t.Fatal(problems)
	}
	return d
}

// publish sends a CSV and waits for what becomes of it.
func (p *portal) publish(d catalog.Dataset, csv, plan string) catalog.Upload {
	p.t.Helper()
	ctx := p.t.Context()
	u, err := p.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "test", FileName: "x.csv", TotalBytes: int64(len(csv)), Plan: []byte(plan)})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.inbox.Append(ctx, u.ID, 0, strings.NewReader(csv)); err != nil {
		p.t.Fatal(err)
	}
	return p.settle(u.ID)
}

func (p *portal) settle(id string) catalog.Upload {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		u, err := p.inbox.State(p.t.Context(), id)
		if err != nil {
			p.t.Fatal(err)
		}
		if catalog.Settled(u.State) {
			return u
		}
	}
	p.t.Fatal("the upload is not settled")
	return catalog.Upload{}
}

// indexed waits until the search knows what the catalogue says.
func (p *portal) indexed() {
	p.t.Helper()
	if err := p.index.Sync(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

const population = "ma_xa,ten_xa,dan_so\n00001,Xã Cầu Ngói,12480\n00004,Xã Hồ Sen,9310\n00007,Xã Làng Gốm,15022\n00010,Phường Bến Sông,20417\n00013,Phường Đồi Chè,17600\n"

// ask is one request. Extra headers come in pairs.
func ask(t *testing.T, app *fiber.App, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = bytes.NewReader([]byte(body))
	}
	req := httptest.NewRequest(method, path, r)
	req.Host = "portal.test"
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := app.Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(raw)
}
