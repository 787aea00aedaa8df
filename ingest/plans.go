package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"daylight/catalog"
	"daylight/ingest/tableschema"
	"daylight/privacy"
)

// deciding is what decides over one file: parsed plans, or, where nobody has
// decided, what privacy.Auto proposes and needs no judgement.
type deciding struct {
	version int // of the stored plan; 0: none is stored
	text    string
	plans   []privacy.Plan // nil: auto
	review  *review        // in which a person approved it; nil: none
	// attached are the dataset's own schemas, by table: for plans without one.
	attached map[string]json.RawMessage
}

// decidingText reads a plan's text.
func decidingText(version int, text string) (deciding, error) {
	d := deciding{version: version, text: text}
	if text == autoPlan {
		return d, nil
	}
	var err error
	if d.plans, err = privacy.ParsePlans([]byte(text)); err != nil {
		return deciding{}, err
	}
	return d, nil
}

// deciding finds what decides over an upload: its plan, and the schemas that
// are attached to its dataset.
func (in *Inbox) deciding(ctx context.Context, u *upload) (deciding, error) {
	d, err := in.planOf(ctx, u)
	if err != nil {
		return deciding{}, err
	}
	d.attached, err = in.Attached(ctx, u.Dataset)
	return d, err
}

// planOf finds the plan of an upload: the one that was approved for it, else
// the one that came with it, else the dataset's newest, else auto.
func (in *Inbox) planOf(ctx context.Context, u *upload) (deciding, error) {
	if r, err := in.reviewOf(ctx, u.ID); err != nil || r.approved() {
		if err != nil {
			return deciding{}, err
		}
		d, err := decidingText(0, r.plan)
		d.review = r
		return d, err
	}
	p, err := in.drafts.Plan(ctx, u.Dataset, u.request.Plan)
	if errors.Is(err, catalog.ErrNotFound) && u.request.Plan == 0 {
		return decidingText(0, autoPlan)
	}
	if err != nil {
		return deciding{}, err
	}
	return decidingText(p.Version, p.YAML)
}

// basis tells whether two uploads of the same bytes must come to the same: the
// plan's text, the locale and the commune list a plan may use, hashed.
func (in *Inbox) basis(ctx context.Context, u *upload) (string, error) {
	text := autoPlan
	r, err := in.reviewOf(ctx, u.ID)
	if err != nil {
		return "", err
	}
	if r.approved() {
		text = r.plan
	} else if p, err := in.drafts.Plan(ctx, u.Dataset, u.request.Plan); err == nil {
		text = p.YAML
	} else if !errors.Is(err, catalog.ErrNotFound) || u.request.Plan != 0 {
		return "", err
	}
	attached, err := in.Attached(ctx, u.Dataset)
	if err != nil {
		return "", err
	}
	for _, table := range slices.Sorted(maps.Keys(attached)) {
		text += "\x00schema " + table + "\x00" + string(attached[table])
	}
	locale, err := in.locale(ctx, u)
	if err != nil {
		return "", err
	}
	if strings.Contains(text, unitsNow) || strings.Contains(text, unitsBefore) {
		// The same file over another commune list is another release.
		versions, err := in.catalog.CommuneVersions(ctx)
		if err != nil {
			return "", err
		}
		if len(versions) > 0 {
			text += fmt.Sprintf("\x00communes %d", versions[0].Version)
		}
	}
	return in.private.HMAC([]byte("basis\x00" + locale + "\x00" + text)), nil
}

// locale is how the file writes numbers and dates: as it came, else the
// dataset's.
func (in *Inbox) locale(ctx context.Context, u *upload) (string, error) {
	if u.request.Locale != "" {
		return u.request.Locale, nil
	}
	d, err := in.drafts.Dataset(ctx, string(u.Dataset))
	if err != nil {
		return "", err
	}
	return d.Locale, nil
}

// reading is the plan's "read" block: of several plans the first that has one,
// because they are about one file.
func (d deciding) reading() *privacy.Reading {
	var read *privacy.Reading
	for _, p := range d.plans {
		if p.Read != nil {
			read = p.Read
			break
		}
	}
	return d.answered(read)
}

// answered lets the schemas answer what a reading leaves open.
func (d deciding) answered(read *privacy.Reading) *privacy.Reading {
	own := map[string]bool{}
	answer := func(schema []byte) {
		if s, err := tableschema.Parse(schema); err == nil {
			read = s.Reading(read)
		}
	}
	for _, p := range d.plans {
		if p.Schema != "" {
			own[p.Table] = true
			answer([]byte(p.Schema))
		}
	}
	for _, table := range slices.Sorted(maps.Keys(d.attached)) {
		if !own[table] {
			answer(d.attached[table])
		}
	}
	return read
}

// schema is what a table is held to; "": nothing.
func (d deciding) schema(plan privacy.Plan, shown string) string {
	if plan.Schema != "" {
		return plan.Schema
	}
	return string(d.attached[shown])
}

// hash names the decision in the audit.
func (d deciding) hash() string { return hashOf(d.plans) }

func hashOf(plans []privacy.Plan) string {
	switch len(plans) {
	case 0:
		return ""
	case 1:
		return plans[0].Hash()
	}
	all := sha256.New()
	for _, p := range plans {
		all.Write([]byte(p.Hash()))
	}
	return hex.EncodeToString(all.Sum(nil))
}

// chosen is a table with the plan that decides over it.
type chosen struct {
	index  int // of the table in the file
	table  *privacy.Examined
	plan   privacy.Plan
	shown  string // how the table is called to its sender; "" where it is the only one
	linked bool   // by a key to a table that is about persons
	schema string // that it is held to; "": none
}

// over gives every table of the file its plan. What has none, and every plan
// without its table, is a problem: nothing is published then.
func (d deciding) over(c *Checked, now time.Time) ([]chosen, []privacy.Problem) {
	if d.plans == nil {
		return d.proposed(c, now)
	}
	var out []chosen
	var problems []privacy.Problem
	plans := slices.Clone(d.plans)
	for i, t := range c.Tables {
		at := slices.IndexFunc(plans, func(p privacy.Plan) bool { return means(p.Table, t.Name(), i) })
		if at < 0 && len(c.Tables) == 1 && len(plans) == 1 {
			at = 0 // one table, one plan: the name need not be known
		}
		if at < 0 && c.barren(i) {
			continue
		}
		if at < 0 {
			problems = append(problems, privacy.Problem{Err: privacy.ErrUndecided, Table: tableName(c, i), Code: "table-undecided",
				Detail: fmt.Sprintf("the plan does not say what to do with table %d of the file", i+1)})
			continue
		}
		plan := plans[at]
		if _, held := privacy.HeldLabel(plan.Table, now.Year()); held {
			plan.Table = numbered(i) // it would be the name of a public file
		}
		out = append(out, chosen{index: i, table: c.examined[i], plan: plan, shown: tableName(c, i), linked: c.linked(i, d.plans), schema: d.schema(plan, tableName(c, i))})
		plans = slices.Delete(plans, at, at+1)
	}
	for range plans {
		problems = append(problems, privacy.Problem{Err: privacy.ErrRefused, Code: "table-missing",
			Detail: "the plan names a table that is not in the file"})
	}
	return out, problems
}

// barren says whether table i holds no row while another table of the file
// does: the third sheet of a workbook with a note on it. There is nothing of it
// to publish, and nobody is asked about it; the report tells of it.
func (c *Checked) barren(i int) bool {
	return c.Report.Tables[i].DataRows == 0 && rowsOf(c) > 0
}

// means says whether a plan's word for a table is this one: its name, or its
// number as "table 2".
func means(word, name string, i int) bool {
	word = strings.TrimSpace(norm.NFC.String(word))
	return word != "" && word == name || word == numbered(i)
}

// linked says whether a key links table i to another one that is about
// persons, by what is in it or by its plan.
func (c *Checked) linked(i int, plans []privacy.Plan) bool {
	for k, t := range c.Tables {
		if k == i || c.groups[k] != c.groups[i] {
			continue
		}
		if c.Profiles[k].AboutPersons {
			return true
		}
		for _, p := range plans {
			if means(p.Table, t.Name(), k) && (p.Unit.PersonKey != "" || p.Unit.OneRowPerPerson || p.Model != nil) {
				return true
			}
		}
	}
	return false
}

func (d deciding) proposed(c *Checked, now time.Time) ([]chosen, []privacy.Problem) {
	var out []chosen
	var problems []privacy.Problem
	for i, t := range c.Tables {
		if c.barren(i) {
			continue
		}
		plan, open := privacy.Auto(c.Profiles[i], t.Schema(), now)
		plan.Table = t.Name()
		if len(c.Tables) > 1 {
			// A sheet's name may hold a name; where nobody has decided, tables
			// are told apart by number.
			plan.Table = numbered(i)
		}
		out = append(out, chosen{index: i, table: c.examined[i], plan: plan, shown: tableName(c, i), linked: c.linked(i, nil), schema: d.schema(plan, tableName(c, i))})
		problems = append(problems, of(tableName(c, i), open)...)
	}
	return out, problems
}

// of says which table the problems are about.
func of(table string, problems []privacy.Problem) []privacy.Problem {
	for i := range problems {
		problems[i].Table = table
	}
	return problems
}

// key is the primary key of the schema that the table is held to.
func (c chosen) key() []string {
	s, err := tableschema.Parse([]byte(c.schema))
	if err != nil {
		return nil // there is none
	}
	return s.Key(c.table.Schema())
}

// apply clears every table, or gives all that stands against it as
// *privacy.Problems. Where a person approved, only what they saw is cleared.
func apply(ctx context.Context, all []chosen, s privacy.Setting, r *review) ([]*privacy.Cleared, error) {
	var out []*privacy.Cleared
	var problems []privacy.Problem
	for i, c := range all {
		s.Agreed = r.agreed(i, len(all))
		s.Linked, s.Key = c.linked, c.key()
		cleared, err := c.plan.With(s).Apply(ctx, c.table)
		var p *privacy.Problems
		switch {
		case errors.As(err, &p):
			problems = append(problems, of(c.shown, p.List)...)
		case err != nil:
			return nil, fmt.Errorf("clear table %d: %w", i+1, err)
		default:
			out = append(out, cleared)
		}
	}
	if len(problems) > 0 {
		return nil, &privacy.Problems{List: problems}
	}
	return out, nil
}
