package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"daylight/api"
	"daylight/catalog"
)

// Every route, asked by everyone, in every state its object can be in: the
// answer is what the matrix says. A route without a case here fails.
func TestMatrix(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatalf("the sample is %s: %v", u.State, u.Problems)
	}
	p.publish(d, strings.ReplaceAll(population, "9310", "9313"), "auto") // what differs needs two
	draft := p.describe("ban-nhap", "so-y-te")
	withdrawn := p.describe("da-rut", "so-y-te")
	p.publish(withdrawn, strings.ReplaceAll(population, "9310", "9311"), "auto")
	p.withdraw(withdrawn.ID)
	held := p.withhold("chua-mo", "so-y-te")
	p.indexed()
	live, err := p.catalog.Dataset(t.Context(), "dan-so")
	if err != nil {
		t.Fatal(err)
	}
	uploads := map[api.State]string{api.Absent: "11111111-2222-4333-8444-555555555555"}
	for _, state := range []string{"receiving", "received", "working", "waiting", "scheduled", "published", "refused"} {
		u, err := p.inbox.Begin(t.Context(), catalog.NewUpload{Dataset: draft.ID, Agency: draft.Agency, By: "test", FileName: "x.csv", TotalBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		p.setState(u.ID, state)
		uploads[api.State(state)] = u.ID
	}

	slug := map[api.State]string{api.Published: "dan-so", api.Withdrawn: "da-rut", api.Withheld: "chua-mo", api.Unpublished: "ban-nhap", api.Absent: "khong-co"}
	fill := func(path string, s api.State) string {
		if s == api.Always {
			slug[s] = "dan-so"
		}
		id := string(live.ID)
		switch s {
		case api.Unpublished:
			id = string(draft.ID)
		case api.Withheld:
			id = string(held.Dataset)
		}
		if path == "/withheld/:id" {
			id = held.ID
		}
		if strings.HasPrefix(path, "/organizations/") {
			return "/organizations/so-y-te"
		}
		if strings.HasPrefix(path, "/organization/") {
			id = string(live.Agency)
		}
		path = strings.NewReplacer("/codes/:list.:syntax", "/codes/themes.csv", ":list", "licences", ":code", "CC-BY-4.0").Replace(path)
		r := strings.NewReplacer(":slug", slug[s], ":hash/:name", "0000/x.css", ":name", "not-found", ":n", "1", ":file", "data.csv", ":format", "csv", ":form", "bibtex", ":ref", "dan-so@1", ":syntax", "ttl", ":org", "so-y-te", ":theme", "SOCI", ":tag", "population", ":sitemap", "pages-1", ":id", id,
			":rid", live.Release.Files[0].ResourceID, ":upload", uploads[s])
		path = r.Replace(path)
		if path == "/api/v1/uploads" {
			path += "?dataset=" + slug[s]
		}
		return path
	}
	for _, route := range api.Routes {
		for state, rule := range route.Rules {
			for _, who := range api.Everyone {
				name := fmt.Sprintf("%s %s/%s/%s", route.Method, route.Path, state, who)
				t.Run(name, func(t *testing.T) {
					path := fill(route.Path, state)
					if route.Method == http.MethodGet && strings.HasPrefix(path, "/api/v1/uploads?") {
						path = "/api/v1/uploads"
					}
					var headers []string
					if token := p.token[who]; token != "" {
						headers = append(headers, "Authorization", "Bearer "+token)
					}
					if strings.HasPrefix(route.Path, "/api/v1/tus") {
						headers = append(headers, "Tus-Resumable", "1.0.0", "Upload-Length", "9", "Upload-Metadata", "dataset "+base64.StdEncoding.EncodeToString([]byte(slug[state])))
					}
					body := ""
					if route.Session {
						headers, body = p.browser(who, route.Method)
					}
					res, _ := ask(t, p.app, route.Method, path, body, headers...)
					want := map[api.Verdict]int{api.SignIn: 401, api.Refuse: 403, api.Hide: 404, api.Expired: 410, api.Blocked: 451}[rule.For(who)]
					switch {
					case want != 0 && res.StatusCode != want:
						t.Errorf("%s: %d, the matrix says %d", path, res.StatusCode, want)
					case want == 0 && (res.StatusCode == 401 || res.StatusCode == 403 || res.StatusCode >= 500):
						t.Errorf("%s: %d, the matrix lets in", path, res.StatusCode)
					case want == 0 && res.StatusCode == 404 && route.Path != "/static/:hash/:name":
						t.Errorf("%s: 404, the matrix lets in", path)
					}
				})
			}
		}
	}
}

// The application has no address that the table does not have.
func TestNoRouteBesideTheTable(t *testing.T) {
	p := newPortal(t)
	known := map[string]bool{}
	for _, r := range api.Routes {
		for _, prefix := range []string{"", "/en"} {
			known[r.Method+" "+prefix+r.Path] = true
			known["HEAD "+prefix+r.Path] = true
		}
		if len(r.Rules) == 0 {
			t.Errorf("%s %s has no rule", r.Method, r.Path)
		}
	}
	for _, r := range p.app.GetRoutes(true) {
		if !known[r.Method+" "+r.Path] {
			t.Errorf("%s %s is not in the table", r.Method, r.Path)
		}
	}
}

// A process that only reads has no door for agencies.
func TestReaderHasNoDoor(t *testing.T) {
	p := newPortal(t)
	for _, r := range api.Routes {
		if !r.Agencies {
			continue
		}
		path := strings.NewReplacer(":slug", "dan-so", ":upload", "11111111-2222-4333-8444-555555555555").Replace(r.Path)
		res, _ := ask(t, p.reader, r.Method, path, "", "Authorization", "Bearer "+p.token[api.Own])
		if res.StatusCode != fiber.StatusNotFound && res.StatusCode != fiber.StatusMethodNotAllowed && res.StatusCode != fiber.StatusUnauthorized {
			t.Errorf("%s %s: %d", r.Method, path, res.StatusCode)
		}
	}
}
