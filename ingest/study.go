package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/store"
)

// study is the job of an upload under review: it reads the file as it was
// answered, carries the decided plan out on trial, and keeps what a person is
// told. It never publishes, and never refuses: what stands against the plan is
// told, and the upload waits on.
func (in *Inbox) study(ctx context.Context, u *upload, r *review, t *tracker) (*verdict, error) {
	v, err := in.rehearse(ctx, u, r, t)
	if err != nil {
		if v = refusal(err); v == nil {
			return nil, err
		}
	}
	v.state = catalog.StateWaiting
	return v, nil
}

func (in *Inbox) rehearse(ctx context.Context, u *upload, r *review, t *tracker) (*verdict, error) {
	before, err := in.deciding(ctx, u)
	if err != nil {
		return nil, err
	}
	decide := deciding{text: autoPlan}
	if r.plan != "" {
		if decide, err = decidingText(0, r.plan); err != nil {
			return nil, err
		}
	}
	decide.attached = before.attached
	c, reading, err := in.checkKeeping(ctx, u, decide.answered(r.read()), t)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if r.plan == "" {
		if c.drift, err = in.drifted(ctx, u, c, c.before, reading, before.plans, false); err != nil {
			return nil, err
		}
	}
	t.over(catalog.StageClear)
	now := in.now()
	problems := c.Open(reading)
	for _, d := range c.drift {
		problems = append(problems, d.problem())
	}
	tables, open := decide.over(c, now)
	broken, err := c.breaches(ctx, tables, codeLists{in.catalog, in.shelf.Library()})
	if err != nil {
		return nil, err
	}
	if err := in.keepReport(ctx, u, c); err != nil { // with all that was noticed
		return nil, err
	}
	problems = append(append(problems, open...), broken...)
	digest := ""
	switch {
	case r.plan == "" && len(problems) == 0:
		problems = []privacy.Problem{{Err: privacy.ErrUndecided, Code: "plan-wanted", Detail: "nobody has decided a plan for this file"}}
	case r.plan != "" && len(problems) == 0:
		s, err := in.setting(ctx, u.Dataset, now)
		if err != nil {
			return nil, err
		}
		if digest, problems, err = in.try(ctx, u, tables, s); err != nil {
			return nil, err
		}
	}
	if err := in.keepFacts(ctx, u, c, r.read(), before, digest); err != nil {
		return nil, err
	}
	return stopped(problems), nil
}

// try applies every plan to its whole table, keeps the first rows in memory,
// and gives the digests.
func (in *Inbox) try(ctx context.Context, u *upload, tables []chosen, s privacy.Setting) (string, []privacy.Problem, error) {
	var all []catalog.ReviewPreview
	var problems []privacy.Problem
	for i, c := range tables {
		rows := min(previewRows, 1+previewCells/max(1, c.table.Schema().NumFields()))
		s.Linked = c.linked
		p, err := c.plan.With(s).Preview(ctx, c.table, 0, rows)
		var stop *privacy.Problems
		switch {
		case errors.As(err, &stop):
			problems = append(problems, of(c.shown, stop.List)...)
		case err != nil:
			return "", nil, fmt.Errorf("try table %d: %w", i+1, err)
		default:
			all = append(all, catalog.ReviewPreview{Table: c.plan.Table, Preview: p})
		}
	}
	if len(problems) > 0 {
		return "", problems, nil
	}
	in.previews.put(u.ID, all)
	return digestsOf(all), []privacy.Problem{{Err: privacy.ErrUndecided, Code: "approval-wanted",
		Detail: "the plan is decided and can be carried out: a person must approve what the public will see"}}, nil
}

// digestsOf are the digests of all tables, in order.
func digestsOf(all []catalog.ReviewPreview) string {
	var out []string
	for _, p := range all {
		out = append(out, p.Digest())
	}
	return strings.Join(out, ".")
}

// agreed is what was approved of table i of n; a number of tables that was not
// approved is agreed to nothing.
func (r *review) agreed(i, n int) *privacy.Agreed {
	if !r.approved() {
		return nil
	}
	digests := strings.Split(r.digest, ".")
	if len(digests) != n {
		return &privacy.Agreed{}
	}
	return &privacy.Agreed{Digest: digests[i], Second: r.twoPersons && r.approvedBy != r.decidedBy}
}

// keepFacts stores what a person is told of an upload that waits. An approval
// that did not come true is void; a digest is kept of the plan that stands.
// before is what stopped at the file.
func (in *Inbox) keepFacts(ctx context.Context, u *upload, c *Checked, reading *privacy.Reading, before deciding, digest string) error {
	f, err := factsOf(ctx, c, reading, before)
	if err != nil {
		return err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO reviews (upload_id, plan, plan_hash, input_hmac, two_person, decided_by, decided_at, digest, approved_by, facts)
			VALUES ($1, '', '', $2, 0, '', '', '', '', $3)
			ON CONFLICT (upload_id) DO UPDATE SET facts = excluded.facts, digest = $4, approved_by = '', approved_at = NULL`,
			u.ID, u.hmac, string(text), digest)
		return err
	})
}

// suggestMost is how many cells are read for a suggested schema, which nobody
// has asked for.
const suggestMost = 50_000_000

// factsOf gathers what was understood, found and proposed. What a plan has
// decided before is not asked again: only what is new in the file is.
func factsOf(ctx context.Context, c *Checked, reading *privacy.Reading, before deciding) (facts, error) {
	f := facts{Tables: []catalog.ReviewTable{}, Questions: questions(c, reading)}
	var plans []privacy.Plan
	held := false
	for i, t := range c.Tables {
		if c.barren(i) {
			continue
		}
		r, p := c.Report.Tables[i], c.Profiles[i]
		plan, why := privacy.Propose(p, t.Schema(), c.now)
		for _, was := range before.plans {
			if means(was.Table, t.Name(), i) || len(c.Tables) == 1 && len(before.plans) == 1 {
				plan = c.before.keyed(was, tableName(c, i), len(c.Tables)).Extended(plan, t.Schema(), why)
			}
		}
		if plan.Table, plan.Read = tableName(c, i), nil; len(plans) == 0 {
			plan.Read = reading // about the whole file
		}
		plans = append(plans, plan)
		out := catalog.ReviewTable{Name: plan.Table, Rows: r.DataRows, AboutPersons: p.AboutPersons, Columns: []catalog.ReviewColumn{}}
		for j, field := range r.Fields {
			col := catalog.ReviewColumn{Key: field.Key, Label: field.Label, Type: field.Type, Format: field.Format, Evidence: field.Evidence, Empty: field.Empty, Why: why[j].Why}
			held = held || p.Columns[j].NameHeld
			for _, x := range p.Of(j) {
				if x.Decision == privacy.None {
					continue
				}
				col.Findings = append(col.Findings, catalog.ReviewFinding{Kind: x.Kind, Class: privacy.ClassWord(x.Class), Decision: decisionWords[x.Decision],
					Rule: x.Rule, Rows: x.Rows, Cells: x.Cells, First: x.First})
			}
			out.Columns = append(out.Columns, col)
		}
		if schema := before.schema(plan, plan.Table); schema != "" {
			out.Schema = json.RawMessage(schema)
		} else if !held && r.DataRows*int64(len(r.Fields)) <= suggestMost {
			s, err := c.SuggestSchema(ctx, i)
			if err != nil {
				return facts{}, err
			}
			if out.Suggested, err = json.Marshal(s); err != nil {
				return facts{}, err
			}
		}
		f.Tables = append(f.Tables, out)
	}
	if held {
		// A plan names columns, and the name of such a column is a row of data.
		return f, nil
	}
	text, err := privacy.MarshalPlans(plans)
	f.Proposal = string(text)
	return f, err
}

// tableName is what a plan and its sender call a table: "" where there is one,
// and a number where it has no name, or one that looks like personal data.
func tableName(c *Checked, i int) string {
	if len(c.Tables) == 1 {
		return ""
	}
	name := c.Tables[i].Name()
	if _, held := privacy.HeldLabel(name, c.now.Year()); held || name == "" || !utf8.ValidString(name) {
		return numbered(i)
	}
	return name
}

// numbered is how a table is called by its place in the file.
func numbered(i int) string { return fmt.Sprintf("table %d", i+1) }

// Limits of a preview in memory: the rows of one upload, and its cells.
const (
	previewRows  = 100
	previewCells = 20_000
	previewsKept = 32
)

// previews are what the last dry runs showed. They hold treated rows and masked
// ones, and are gone when the process ends.
type previews struct {
	mu    sync.Mutex
	all   map[string][]catalog.ReviewPreview // by upload; guarded by mu
	order []string                           // oldest first; guarded by mu
}

func (p *previews) put(id string, all []catalog.ReviewPreview) {
	p.drop(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string][]catalog.ReviewPreview{}
	}
	p.all[id] = all
	if p.order = append(p.order, id); len(p.order) > previewsKept {
		delete(p.all, p.order[0])
		p.order = p.order[1:]
	}
}

func (p *previews) drop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, id)
	p.order = slices.DeleteFunc(p.order, func(x string) bool { return x == id })
}

func (p *previews) get(id string) []catalog.ReviewPreview {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[id]
}
