package api

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/templates"
)

// reviewPage shows how an upload stands, and while it waits, what there is to
// decide.
func (s *server) reviewPage(c *fiber.Ctx) (any, error) {
	r, err := s.Intake.Review(c.UserContext(), uploadOf(c).ID)
	if err != nil {
		return nil, err
	}
	return s.review(c, r, formOf(r, s.basePlans(r)), nil)
}

// basePlans are the plans that the form starts from: the decided ones, else the
// proposed ones; nil where none can be made yet.
func (s *server) basePlans(r catalog.Review) []privacy.Plan {
	text := r.Plan
	if text == "" {
		text = r.Proposal
	}
	plans, err := privacy.ParsePlans([]byte(text))
	if err != nil {
		return nil
	}
	return plans
}

// reviewAction does what a form of the page asks for, and leads back to it.
func (s *server) reviewAction(c *fiber.Ctx) error {
	ctx, by, id := c.UserContext(), callerOf(c).User, uploadOf(c).ID
	v, err := s.form(c)
	if err != nil {
		return err
	}
	r, err := s.Intake.Review(ctx, id)
	if err != nil {
		return err
	}
	form := formOf(r, s.basePlans(r))
	var slips []slip
	schemaAt := 0
	switch v.Get("action") {
	case "answer":
		answers := map[string]string{}
		for i := range r.Questions {
			if a := v.Get(fmt.Sprintf("q%d", i)); a != "" {
				answers[fmt.Sprint(i)] = a
			}
		}
		err = s.Intake.Answer(ctx, by, id, answers)
	case "reread":
		var read *privacy.Reading
		if read, err = takenReading(r, v); err == nil {
			err = s.Intake.Reread(ctx, by, id, read)
		}
	case "decide":
		form = readForm(r, v)
		var plans []privacy.Plan
		if plans, slips = form.plans(r, s.basePlans(r)); len(slips) > 0 {
			break
		}
		var text []byte
		if text, err = privacy.MarshalPlans(plans); err == nil {
			err = s.Intake.Decide(ctx, by, id, text)
		}
	case "schema", "schema-text", "schema-none":
		schemaAt, err = s.attachSchema(c, r, v)
	case "cancel":
		err = s.Intake.Cancel(ctx, by, id)
	case "schedule":
		at, ok := typedTime(v.Get("not_before"))
		if !ok {
			err = catalog.ErrPlan
			break
		}
		err = s.Intake.Schedule(ctx, by, id, at)
	case "note":
		err = s.Intake.SetNote(ctx, by, id, noteOf(v))
	case "try":
		err = s.Intake.Rehearse(ctx, id)
	case "approve":
		err = s.Intake.Approve(ctx, by, id, catalog.ApprovedReview{PlanHash: v.Get("plan_hash"), Input: v.Get("input"), Preview: v.Get("preview")})
	case "refuse":
		err = s.Intake.SendBack(ctx, by, id, v.Get("reason"))
	default:
		return failure(fiber.StatusBadRequest, "bad-body")
	}
	status, word := fiber.StatusUnprocessableEntity, ""
	var note *catalog.ErrMetadata
	var schema *catalog.ErrSchema
	switch {
	case err == nil && len(slips) == 0:
		return c.Redirect(link(language(c), "/agency/uploads/"+id), fiber.StatusSeeOther)
	case err == nil:
		word = "slips"
	case errors.Is(err, catalog.ErrPlan), errors.As(err, &note):
		word = v.Get("action")
	case errors.As(err, &schema):
		word = "schema"
	case errors.Is(err, catalog.ErrPerson):
		status, word = fiber.StatusForbidden, "person"
	case errors.Is(err, catalog.ErrStale), errors.Is(err, catalog.ErrState):
		status, word = fiber.StatusConflict, "stale"
		if r, err = s.Intake.Review(ctx, id); err != nil { // as it stands now
			return err
		}
	default:
		return err
	}
	p, err := s.review(c, r, form, slips)
	if err != nil {
		return err
	}
	if schema != nil && schemaAt < len(p.Schemas) {
		p.Schemas[schemaAt] = typedSchema(p.Schemas[schemaAt], v, schema)
	}
	p.Refusal, p.NoteVI, p.NoteEN = word, v.Get("note.vi"), v.Get("note.en")
	return s.show(c, status, p)
}

// review fills the page.
func (s *server) review(c *fiber.Ctx, r catalog.Review, form reviewForm, slips []slip) (templates.ReviewPage, error) {
	lang, who, u := language(c), callerOf(c), r.Upload
	at := "/agency/uploads/" + u.ID
	d, err := s.Intake.Draft(c.UserContext(), string(u.Dataset))
	if err != nil {
		return templates.ReviewPage{}, err
	}
	p := templates.ReviewPage{Site: s.site(c, templates.NavWork), Work: s.work(c), Post: link(lang, at), Dataset: templates.Link{Text: text(d.Title, lang)},
		FileName: r.FileName, Sent: u.Created, Bytes: u.Bytes, SHA256: u.SHA256, Mine: who.User == r.SentBy, State: u.State, Progress: progressOf(u.Progress),
		Expires: form.Expires, Two: form.Two, PlanHash: r.PlanHash, Input: r.Input, Digest: r.Preview, MayNot: mayNot(r, who), Step: stepOf(r)}
	p.NotBefore, p.KeptUntil, p.Destroyed = shownTime(u.NotBefore), uploadOf(c).KeptUntil, uploadOf(c).Destroyed
	p.Versions = link(lang, "/agency/datasets/"+d.Slug)
	if !catalog.Settled(u.State) {
		p.Events = link(lang, at+"/events")
		// The one page with a script of its own: it listens to the events.
		c.Set("Content-Security-Policy", policy+"; script-src 'self'; connect-src 'self'")
	}
	if _, err := s.Catalog.Dataset(c.UserContext(), d.Slug); err == nil {
		p.Dataset.URL = link(lang, "/datasets/"+d.Slug)
	}
	if u.State == catalog.StatePublished && u.Release > 0 {
		p.Result = templates.Link{Text: templates.T(s.pages.Say(lang, "version.n", u.Release)), URL: link(lang, "/datasets/"+d.Slug+"/v/"+itoa(u.Release))}
	}
	for _, x := range u.Problems {
		p.Broken = p.Broken || x.Code == "schema-breach"
		p.NoteWanted = p.NoteWanted || x.Code == "note-wanted"
		p.Problems = append(p.Problems, templates.ReviewProblem{Code: x.Code, Table: x.Sheet, Column: x.Column, Detail: x.Detail, Row: x.Row})
	}
	for _, x := range r.Noticed {
		p.Noticed = append(p.Noticed, templates.ReviewNoticed{Code: x.Code, Table: x.Table, Column: x.Column, Wanted: x.Wanted, Count: x.Count, Row: x.Row, Line: x.Line})
	}
	if len(p.Noticed) > 0 || len(u.Problems) > 0 && u.State == catalog.StateRefused {
		p.CSV = link(lang, at+"/problems.csv")
	}
	if u.State != catalog.StateWaiting {
		return p, nil
	}
	for i, q := range r.Questions {
		p.Questions = append(p.Questions, templates.ReviewQuestion{N: i, Code: q.Code, Table: q.Table, Column: q.Column, Choices: q.Choices})
	}
	p.Decidable, p.Read = s.basePlans(r) != nil, readingForm(r)
	for i := range r.Tables {
		p.Tables = append(p.Tables, reviewTable(r.Tables[i], i, form.Tables[i], slips))
	}
	if len(r.Questions) == 0 { // before, columns may be understood otherwise
		for i, t := range r.Tables {
			p.Schemas = append(p.Schemas, schemaView(i, t))
		}
		p.Lists = schemaLists()
	}
	for _, x := range slips {
		p.Slips = append(p.Slips, templates.ReviewSlip{ID: x.Field, Code: x.Code, Name: columnNamed(r, x.Field)})
	}
	all, err := s.Intake.Preview(c.UserContext(), u.ID)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		p.Lost = r.Preview != ""
	case err != nil:
		return p, err
	}
	for _, x := range all {
		p.Panes = append(p.Panes, pane(x))
	}
	return p, nil
}

// stepOf is where an upload stands on its way: received, understood, decided,
// tried, approved, published.
func stepOf(r catalog.Review) int {
	switch {
	case r.Upload.State == catalog.StatePublished:
		return 6
	case r.ApprovedBy != "":
		return 5
	case r.Preview != "":
		return 4
	case r.Upload.State == catalog.StateWaiting && len(r.Questions) == 0:
		return 3
	case r.Upload.State == catalog.StateWaiting:
		return 2
	}
	return 1
}

func reviewTable(t catalog.ReviewTable, i int, f tableForm, slips []slip) templates.ReviewTable {
	out := templates.ReviewTable{N: i, Name: t.Name, Rows: t.Rows, AboutPersons: t.AboutPersons, Unit: f.Unit, Key: f.Key, Reason: f.Reason, K: f.K, Percent: f.Percent, Breaks: f.Breaks,
		Units: []string{"key", "rows", "statistics", "none"}}
	if t.AboutPersons {
		out.Units = out.Units[:3]
	}
	for j, c := range t.Columns {
		out.Keys = append(out.Keys, c.Key)
		id := fmt.Sprintf("t%dc%d", i, j)
		base, _, _ := strings.Cut(c.Type, "(")
		col := templates.ReviewColumn{ID: id, Key: c.Key, Label: c.Label, Type: base, Format: c.Format, Empty: c.Empty, Why: string(c.Why),
			Do: f.Columns[j].Do, N: f.Columns[j].N, Class: f.Columns[j].Class, Text: f.Columns[j].Reason, Classes: []string{"", "direct", "quasi", "sensitive", "text", "public"}}
		fmt.Sscanf(c.Evidence, "%d of %d", &col.Fit, &col.Of) // as the reader of formats writes it; else it is not told
		cells, weight := false, 0
		for _, x := range c.Findings {
			if x.Kind == "phone_intl" && slices.ContainsFunc(c.Findings, func(y catalog.ReviewFinding) bool {
				return y.Kind == "phone_vn" && y.Cells == x.Cells && y.First == x.First
			}) {
				continue // the same telephones, read in two ways
			}
			col.Findings = append(col.Findings, templates.ReviewFinding{Kind: string(x.Kind), Rows: x.Rows, Cells: x.Cells, First: x.First})
			cells = cells || x.Cells > 0
			for w, word := range weights {
				if x.Decision == word && w > weight {
					weight = w
				}
			}
		}
		col.Weight = weights[weight]
		col.Deeds = deedsFor(c, cells)
		if col.Do == "plan" {
			col.Deeds = append(col.Deeds, "plan")
		}
		if col.Do == "" {
			col.Deeds = append([]string{""}, col.Deeds...)
		}
		for _, d := range col.Deeds {
			col.Number = col.Number || deedArgs[d] != ""
		}
		for _, x := range slips {
			if strings.HasPrefix(x.Field, id+".") {
				col.Wrong = x.Code
			}
		}
		out.Columns = append(out.Columns, col)
	}
	return out
}

var weights = []string{"none", "public", "review", "block"}

func columnNamed(r catalog.Review, field string) string {
	var i, j int
	if n, _ := fmt.Sscanf(field, "t%dc%d", &i, &j); n == 2 && i < len(r.Tables) && j < len(r.Tables[i].Columns) {
		return r.Tables[i].Columns[j].Label
	}
	return ""
}

// paneRows are shown on the page; the API gives more.
const paneRows = 8

func pane(p catalog.ReviewPreview) templates.ReviewPane {
	report := p.Report()
	out := templates.ReviewPane{Name: p.Table, Sent: p.Sent(), Columns: p.Columns(), Rows: report.RowsOut, Suppressed: report.RowsSuppressed, Removed: report.RowsRemoved,
		ColumnsDropped: len(report.LeftOut)}
	grouped := map[string]bool{}
	if m := report.Model; m != nil {
		out.Model, out.K, out.Classes, out.Share = true, m.K, m.Classes, m.Suppressed
		if report.Risk != nil && report.Risk.Maximum > 0 {
			out.SmallestOneIn = int64(math.Round(1 / report.Risk.Maximum))
		}
		for _, q := range m.Quasi {
			grouped[q] = true
		}
	}
	for _, row := range p.Before() {
		out.Before = append(out.Before, paneRow(row, nil, nil))
	}
	for _, row := range p.Rows()[:min(paneRows, len(p.Rows()))] {
		out.After = append(out.After, paneRow(row, out.Columns, grouped))
	}
	return out
}

func paneRow(row []privacy.PreviewCell, columns []string, grouped map[string]bool) []templates.Cell {
	out := make([]templates.Cell, len(row))
	for i, c := range row {
		out[i] = templates.Cell{Text: c.Text, Null: c.Null}
		if columns != nil && grouped[columns[i]] && c.Text == privacy.Suppressed {
			out[i] = templates.Cell{Suppressed: true}
		}
	}
	return out
}
