package api

import (
	"github.com/gofiber/fiber/v2"
)

// Kind says how a route speaks: which form its errors take, and whether it has
// a language.
type Kind int

const (
	Page  Kind = iota // HTML in two languages; errors are pages
	Data              // files and metadata; errors by Accept
	API               // JSON; errors are problem+json; unknown parameters are refused
	Asset             // style sheets and icons
)

// A Route is one address, what it does, and who may: the authorisation matrix
// and the list of routes are the same table, so neither can miss the other.
type Route struct {
	Method string
	Path   string // fiber's pattern
	Kind   Kind
	Rules  Rules
	// Agencies: only in a process that takes files in.
	Agencies bool
	// Session: a page of an agency; who asks is told by the cookie, and by
	// nothing else. See session.go.
	Session bool
	// File: its form ends with a file, which is taken as it comes.
	File bool
	// Query names the parameters that the route knows.
	Query []string

	object func(*server, *fiber.Ctx) (object, error) // nil: state Always
	handle func(*server) fiber.Handler
}

const (
	get    = fiber.MethodGet
	post   = fiber.MethodPost
	put    = fiber.MethodPut
	head   = fiber.MethodHead
	patch  = fiber.MethodPatch
	remove = fiber.MethodDelete
)

var (
	public  = Rules{Always: open}
	dataset = Rules{Published: open, Withheld: open, Unpublished: hidden} // what is said of it; Release may be nil
	latest  = Rules{Published: open, Withheld: blocked, Unpublished: hidden}
	release = Rules{Published: open, Withheld: hidden, Withdrawn: expired, Unpublished: hidden}
	// The page of a withdrawn version stays: it says why, and what to use instead.
	version = Rules{Published: open, Withheld: hidden, Withdrawn: open, Unpublished: hidden}
)

// Routes are all addresses there are. What is not here answers 404.
var Routes = []Route{
	// Pages.
	{Method: get, Path: "/", Kind: Page, Rules: public, handle: page((*server).home)},
	{Method: get, Path: "/datasets", Kind: Page, Rules: public, Query: searchParameters, handle: page((*server).searchPage)},
	{Method: get, Path: "/datasets/:slug", Kind: Page, Rules: dataset, object: (*server).datasetObject, handle: page((*server).datasetPage)},
	{Method: get, Path: "/datasets/:slug/v/:n", Kind: Page, Rules: version, object: (*server).releaseObject, handle: page((*server).versionPage)},
	{Method: get, Path: "/datasets/:slug/diff", Kind: Page, Rules: release, Query: pairParameters, object: (*server).pairObject, handle: page((*server).differencePage)},
	{Method: get, Path: "/organizations", Kind: Page, Rules: public, handle: page((*server).agencies)},
	{Method: get, Path: "/organizations/:slug", Kind: Page, Rules: public, Query: []string{"page"}, handle: page((*server).agency)},
	{Method: get, Path: "/codes", Kind: Page, Rules: public, handle: page((*server).codesPage)},
	{Method: get, Path: "/codes.json", Kind: Data, Rules: public, handle: call((*server).codesFile)},
	{Method: get, Path: "/codes/:list/:code", Kind: Page, Rules: public, handle: page((*server).conceptPage)}, // before the next: codes have dots
	{Method: get, Path: "/codes/:list.:syntax", Kind: Data, Rules: public, handle: call((*server).codeListFile)},
	{Method: get, Path: "/codes/:list", Kind: Page, Rules: public, Query: []string{"q", "page"}, handle: page((*server).codeListPage)},
	{Method: get, Path: "/withheld", Kind: Page, Rules: public, Query: []string{"org", "page", "parts"}, handle: page((*server).withheldPage)},
	{Method: get, Path: "/withheld/:id", Kind: Page, Rules: public, handle: page((*server).withholdingPage)},
	{Method: get, Path: "/inventory", Kind: Page, Rules: public, handle: page((*server).inventoryPage)},
	{Method: get, Path: "/developers", Kind: Page, Rules: public, handle: page((*server).developers)},
	{Method: get, Path: "/about", Kind: Page, Rules: public, handle: page((*server).about)},
	{Method: get, Path: "/problems/:name", Kind: Page, Rules: public, handle: page((*server).problemPage)},

	{Method: get, Path: "/datasets/:slug/v/:n/cite/:form", Kind: Data, Rules: release, Query: []string{"lang"}, object: (*server).releaseObject, handle: call((*server).cite)},
	{Method: get, Path: "/cite/:ref", Kind: Data, Rules: public, handle: call((*server).short)},

	// Files: immutable addresses, and the two that lead to them.
	{Method: get, Path: "/datasets/:slug/v/:n/:file", Kind: Data, Rules: release, object: (*server).releaseObject, handle: call((*server).file)},
	{Method: get, Path: "/datasets/:slug/latest/:file", Kind: Data, Rules: latest, object: (*server).datasetObject, handle: call((*server).latest)},
	{Method: get, Path: "/datasets/:slug/download/:format", Kind: Data, Rules: latest, object: (*server).datasetObject, handle: call((*server).download)},
	{Method: get, Path: "/datasets/:slug/diff.:format", Kind: Data, Rules: release, Query: pairParameters, object: (*server).pairObject, handle: call((*server).differenceFile)},

	// The catalogue for machines.
	{Method: get, Path: "/catalog", Kind: Data, Rules: public, Query: catalogParameters, handle: call((*server).catalogue)},
	{Method: get, Path: "/catalog.:syntax", Kind: Data, Rules: public, Query: catalogParameters, handle: call((*server).catalogue)},
	{Method: get, Path: "/.well-known/void", Kind: Data, Rules: public, handle: call((*server).void)},
	{Method: get, Path: "/organization/:id/catalog", Kind: Data, Rules: public, Query: catalogParameters, handle: call((*server).agencyCatalogue)},
	{Method: get, Path: "/organization/:id/catalog.:syntax", Kind: Data, Rules: public, Query: catalogParameters, handle: call((*server).agencyCatalogue)},
	{Method: get, Path: "/dataset/:id/versions", Kind: Data, Rules: dataset, object: (*server).datasetObject, handle: call((*server).versions)},
	{Method: get, Path: "/dataset/:id/versions.:syntax", Kind: Data, Rules: dataset, object: (*server).datasetObject, handle: call((*server).versions)},
	{Method: get, Path: "/dataset/:id.:syntax", Kind: Data, Rules: dataset, object: (*server).datasetObject, handle: call((*server).description)},
	{Method: get, Path: "/dataset/:id", Kind: Data, Rules: dataset, object: (*server).datasetObject, handle: call((*server).description)},
	{Method: get, Path: "/dataset/:id/resource/:rid", Kind: Data, Rules: latest, object: (*server).datasetObject, handle: call((*server).resource)},
	{Method: get, Path: "/organization/:id", Kind: Data, Rules: public, handle: call((*server).organization)},
	{Method: get, Path: "/data.json", Kind: Data, Rules: public, handle: call((*server).dataJSON)},
	{Method: get, Path: "/data.jsonl", Kind: Data, Rules: public, handle: call((*server).dataLines)},
	{Method: get, Path: "/organization/:id/data.json", Kind: Data, Rules: public, handle: call((*server).agencyDataJSON)},

	// Feeds.
	{Method: get, Path: "/feeds/dataset.atom", Kind: Data, Rules: public, Query: []string{"before", "lang"}, handle: call((*server).changesFeed)},
	{Method: get, Path: "/feeds/organization/:org.atom", Kind: Data, Rules: public, Query: feedParameters, handle: call((*server).organizationFeed)},
	{Method: get, Path: "/feeds/group/:theme.atom", Kind: Data, Rules: public, Query: feedParameters, handle: call((*server).groupFeed)},
	{Method: get, Path: "/feeds/tag/:tag.atom", Kind: Data, Rules: public, Query: feedParameters, handle: call((*server).tagFeed)},
	{Method: get, Path: "/feeds/custom.atom", Kind: Data, Rules: public, Query: searchParameters, handle: call((*server).customFeed)},
	{Method: get, Path: "/datasets/:slug/versions.atom", Kind: Data, Rules: dataset, Query: feedParameters, object: (*server).datasetObject, handle: call((*server).versionsFeed)},

	// What search engines and browsers look for.
	{Method: get, Path: "/sitemap.xml", Kind: Data, Rules: public, handle: call((*server).sitemap)},
	{Method: get, Path: "/sitemap-:sitemap.xml", Kind: Data, Rules: public, handle: call((*server).sitemapFile)},
	{Method: get, Path: "/robots.txt", Kind: Data, Rules: public, handle: call((*server).robots)},
	{Method: get, Path: "/opensearch.xml", Kind: Data, Rules: public, Query: []string{"lang"}, handle: call((*server).openSearch)},

	// The register of what is withheld, for machines.
	{Method: get, Path: "/withheld.json", Kind: Data, Rules: public, Query: []string{"org"}, handle: call((*server).withheldJSON)},
	{Method: get, Path: "/withheld.atom", Kind: Data, Rules: public, Query: feedParameters, handle: call((*server).withheldFeed)},
	{Method: get, Path: "/withheld.csv", Kind: Data, Rules: public, Query: []string{"org", "bom", "excel"}, handle: call((*server).withheldCSV)},

	// The catalogue as a table.
	{Method: get, Path: "/inventory.csv", Kind: Data, Rules: public, Query: []string{"org", "bom", "excel"}, handle: call((*server).inventoryCSV)},
	{Method: get, Path: "/inventory.json", Kind: Data, Rules: public, Query: []string{"org"}, handle: call((*server).inventoryJSON)},

	// The JSON API.
	{Method: get, Path: "/api/v1/search", Kind: API, Rules: public, Query: searchParameters, handle: call((*server).searchJSON)},
	{Method: get, Path: "/api/v1/datasets", Kind: API, Rules: public, Query: []string{"after", "limit", "org", "lang"}, handle: call((*server).datasetsJSON)},
	{Method: get, Path: "/api/v1/datasets/:slug", Kind: API, Rules: dataset, Query: []string{"lang"}, object: (*server).datasetObject, handle: call((*server).datasetJSON)},
	{Method: get, Path: "/api/v1/datasets/:slug/versions", Kind: API, Rules: dataset, Query: []string{"lang"}, object: (*server).datasetObject, handle: call((*server).versionsJSON)},
	{Method: get, Path: "/api/v1/datasets/:slug/diff", Kind: API, Rules: release, Query: []string{"from", "to", "lang"}, object: (*server).pairObject, handle: call((*server).differenceJSON)},
	{Method: get, Path: "/api/v1/organizations", Kind: API, Rules: public, Query: []string{"lang"}, handle: call((*server).agenciesJSON)},
	{Method: get, Path: "/api/v1/changes", Kind: API, Rules: public, Query: []string{"after", "limit", "lang"}, handle: call((*server).changesJSON)},

	// Agencies, with a token.
	{Method: post, Path: "/api/v1/organizations", Kind: API, Agencies: true, Rules: Rules{Always: admins}, handle: call((*server).putAgency)},
	{Method: put, Path: "/api/v1/datasets/:slug", Kind: API, Agencies: true, Rules: Rules{Absent: members, Unpublished: owners, Published: owners},
		Query: []string{"org", "revise", "lang"}, object: (*server).draftObject, handle: call((*server).putDataset)},
	{Method: get, Path: "/api/v1/datasets/:slug/schemas", Kind: API, Agencies: true, Rules: ownRules, Query: []string{"lang"}, object: (*server).draftObject, handle: call((*server).schemas)},
	{Method: put, Path: "/api/v1/datasets/:slug/schemas", Kind: API, Agencies: true, Rules: ownRules, Query: []string{"lang"}, object: (*server).draftObject, handle: call((*server).putSchema)},
	{Method: put, Path: "/api/v1/datasets/:slug/versions/:n/withdrawal", Kind: API, Agencies: true, Rules: versionRules, Query: []string{"lang"}, object: (*server).draftObject, handle: call((*server).putWithdrawal)},
	{Method: remove, Path: "/api/v1/datasets/:slug/versions/:n/withdrawal", Kind: API, Agencies: true, Rules: versionRules, Query: []string{"lang"}, object: (*server).draftObject, handle: call((*server).deleteWithdrawal)},
	{Method: put, Path: "/api/v1/datasets/:slug/withholding", Kind: API, Agencies: true, Rules: Rules{Absent: {SignIn, Hide, Hide, Hide}, Unpublished: owners, Published: owners},
		Query: []string{"lang"}, object: (*server).draftObject, handle: call((*server).putWithholding)},
	{Method: get, Path: "/api/v1/inventory.csv", Kind: API, Agencies: true, Rules: Rules{Always: members}, Query: []string{"bom", "excel", "lang"}, handle: call((*server).draftInventory)},
	{Method: post, Path: "/api/v1/inventory", Kind: API, Agencies: true, Rules: Rules{Always: members}, Query: []string{"apply", "lang"}, handle: call((*server).takeInventory)},
	{Method: post, Path: "/api/v1/uploads", Kind: API, Agencies: true, Rules: Rules{Absent: {SignIn, Hide, Hide, Hide}, Unpublished: owners, Published: owners},
		Query: []string{"dataset", "filename", "locale", "lang"}, object: (*server).uploadTarget, handle: call((*server).beginUpload)},
	{Method: put, Path: "/api/v1/uploads/:upload/content", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).receive)},
	{Method: get, Path: "/api/v1/uploads/:upload", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).uploadState)},
	{Method: get, Path: "/api/v1/uploads/:upload/events", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).uploadEvents)},
	{Method: get, Path: "/api/v1/uploads/:upload/problems.csv", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).uploadProblems)},
	{Method: post, Path: "/api/v1/uploads/:upload/cancel", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).cancelUpload)},
	{Method: put, Path: "/api/v1/uploads/:upload/schedule", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).scheduleUpload)},
	{Method: get, Path: "/api/v1/jobs", Kind: API, Agencies: true, Rules: Rules{Always: admins}, Query: []string{"lang"}, handle: call((*server).deadJobs)},
	{Method: post, Path: "/api/v1/jobs/:job/retry", Kind: API, Agencies: true, Rules: Rules{Always: admins}, Query: []string{"lang"}, handle: call((*server).retryJob)},
	{Method: post, Path: "/agency/jobs", Kind: Page, Agencies: true, Session: true, Rules: Rules{Always: admins}, handle: call((*server).workRetryJob)},
	{Method: get, Path: "/api/v1/reviews/:upload", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).reviewJSON)},
	{Method: post, Path: "/api/v1/reviews/:upload/answers", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).answerReview)},
	{Method: put, Path: "/api/v1/reviews/:upload/plan", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).putReviewPlan)},
	{Method: get, Path: "/api/v1/reviews/:upload/preview", Kind: API, Agencies: true, Rules: uploads, Query: []string{"from", "n", "lang"}, object: (*server).uploadObject, handle: call((*server).reviewPreview)},
	{Method: post, Path: "/api/v1/reviews/:upload/preview", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).rehearseReview)},
	{Method: post, Path: "/api/v1/reviews/:upload/approve", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).approveReview)},
	{Method: post, Path: "/api/v1/reviews/:upload/refuse", Kind: API, Agencies: true, Rules: uploads, Query: []string{"lang"}, object: (*server).uploadObject, handle: call((*server).refuseReview)},
	{Method: post, Path: tusPath, Kind: API, Agencies: true, Rules: Rules{Absent: {SignIn, Hide, Hide, Hide}, Unpublished: owners, Published: owners}, object: (*server).tusTarget, handle: tus((*server).createTus)},
	{Method: head, Path: tusPath + "/:upload", Kind: API, Agencies: true, Rules: uploads, object: (*server).uploadObject, handle: tus((*server).headTus)},
	{Method: patch, Path: tusPath + "/:upload", Kind: API, Agencies: true, Rules: uploads, object: (*server).uploadObject, handle: tus((*server).patchTus)},
	{Method: remove, Path: tusPath + "/:upload", Kind: API, Agencies: true, Rules: uploads, object: (*server).uploadObject, handle: tus((*server).deleteTus)},
	{Method: get, Path: "/api/v1/uploads", Kind: API, Agencies: true, Rules: Rules{Always: members}, Query: []string{"state", "lang"}, handle: call((*server).uploadList)},

	// Agencies, in a browser.
	{Method: get, Path: "/agency", Kind: Page, Agencies: true, Session: true, Rules: Rules{Always: members}, handle: page((*server).workPage)},
	{Method: get, Path: "/agency/datasets/:slug", Kind: Page, Agencies: true, Session: true, Rules: ownRules, object: (*server).draftObject, handle: page((*server).workDataset)},
	{Method: post, Path: "/agency/datasets/:slug", Kind: Page, Agencies: true, Session: true, Rules: ownRules, object: (*server).draftObject, handle: call((*server).workVersion)},
	{Method: get, Path: "/agency/send", Kind: Page, Agencies: true, Session: true, Rules: Rules{Always: members}, Query: []string{"dataset"}, handle: page((*server).sendPage)},
	{Method: post, Path: "/agency/send", Kind: Page, Agencies: true, Session: true, File: true, Rules: Rules{Always: members}, handle: call((*server).takeFile)},
	{Method: get, Path: "/agency/uploads/:upload", Kind: Page, Agencies: true, Session: true, Rules: uploads, object: (*server).uploadObject, handle: page((*server).reviewPage)},
	{Method: post, Path: "/agency/uploads/:upload", Kind: Page, Agencies: true, Session: true, Rules: uploads, object: (*server).uploadObject, handle: call((*server).reviewAction)},
	{Method: get, Path: "/agency/uploads/:upload/events", Kind: Page, Agencies: true, Session: true, Rules: uploads, object: (*server).uploadObject, handle: call((*server).uploadEvents)},
	{Method: get, Path: "/agency/uploads/:upload/problems.csv", Kind: Page, Agencies: true, Session: true, Rules: uploads, object: (*server).uploadObject, handle: call((*server).uploadProblems)},
	{Method: get, Path: "/agency/inventory", Kind: Page, Agencies: true, Session: true, Rules: Rules{Always: members}, handle: page((*server).workInventory)},
	{Method: post, Path: "/agency/inventory", Kind: Page, Agencies: true, Session: true, Rules: Rules{Always: members}, handle: call((*server).workTakeInventory)},
	{Method: get, Path: "/agency/inventory.csv", Kind: Page, Agencies: true, Session: true, Rules: Rules{Always: members}, Query: []string{"bom", "excel"}, handle: call((*server).workInventoryCSV)},
	{Method: post, Path: "/agency/session", Kind: Page, Agencies: true, Session: true, Rules: public, handle: call((*server).beginSession)},
	{Method: post, Path: "/agency/session/end", Kind: Page, Agencies: true, Session: true, Rules: public, handle: call((*server).endSession)},

	// Assets and operations.
	{Method: get, Path: "/static/:hash/:name", Kind: Asset, Rules: public, handle: call((*server).asset)},
	{Method: get, Path: "/favicon.ico", Kind: Asset, Rules: public, handle: call((*server).favicon)},
	{Method: get, Path: "/healthz", Kind: API, Rules: public, handle: call((*server).health)},
	{Method: get, Path: "/readyz", Kind: API, Rules: public, handle: call((*server).ready)},
}

// uploads: an upload belongs to its agency in every state it can be in.
var uploads = Rules{
	"receiving": owners, "received": owners, "working": owners,
	"waiting": owners, "scheduled": owners, "published": owners, "refused": owners,
	Absent: {SignIn, Hide, Hide, Hide},
}

// versionRules: only what has versions can be taken back.
var versionRules = Rules{Absent: {SignIn, Hide, Hide, Hide}, Unpublished: {SignIn, Hide, Hide, Hide}, Published: owners}

// ownRules: a dataset in every state is its agency's business.
var ownRules = Rules{Absent: {SignIn, Hide, Hide, Hide}, Unpublished: owners, Published: owners}

var (
	searchParameters  = []string{"q", "org", "theme", "format", "place", "life_event", "licence", "frequency", "year", "sort", "page", "size", "lang"}
	pairParameters    = []string{"from", "to", "table", "lang"}
	feedParameters    = []string{"page", "lang"}
	catalogParameters = []string{"page", "page_size", "modified_since", "profiles"}
)

// call makes a handler of a method that writes its own answer.
func call(f func(*server, *fiber.Ctx) error) func(*server) fiber.Handler {
	return func(s *server) fiber.Handler { return func(c *fiber.Ctx) error { return f(s, c) } }
}

// page makes a handler of a method that fills the struct of a page.
func page(f func(*server, *fiber.Ctx) (any, error)) func(*server) fiber.Handler {
	return func(s *server) fiber.Handler {
		return func(c *fiber.Ctx) error {
			p, err := f(s, c)
			if err != nil || p == nil {
				return err
			}
			return s.show(c, fiber.StatusOK, p)
		}
	}
}
