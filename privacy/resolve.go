package privacy

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy/crs"
)

// fewestRows is the least number of rows of a table about persons that may
// leave without a guard, none of its columns narrowing a person down.
const fewestRows = 5

// resolved is a plan that has been held against one file and found whole.
type resolved struct {
	plan    Plan
	table   *source
	scans   []*columnScan // of the file's columns, as examined
	profile Profile
	columns []resolvedColumn // those that stay, in the file's order
	left    []LeftOut
	person  int  // the person key's column in the file, -1: each row a person
	persons bool // the table is about persons
	schema  *arrow.Schema
	guard   TableGuard // nil: none
}

// resolvedColumn is one column of the output.
type resolvedColumn struct {
	source int // in the file
	plan   ColumnPlan
	shown  string
	kinds  []Kind // found in the column
	field  arrow.Field
	steps  []ColumnFunc
}

// check is what can be said of a plan without a file.
func (p Plan) check(dry bool) *problems {
	var out problems
	s := p.setting
	if len(p.Columns) == 0 {
		out.undecided("", "plan-empty", "the plan decides no column")
		return &out
	}
	if !dry {
		if p.Decided.By == "" || p.Decided.At.IsZero() {
			out.undecided("", "plan-undecided", "nobody has decided this plan: decided: {by, at} is missing")
		}
		switch {
		case p.Expires.IsZero():
		case s.Now.IsZero():
			out.refused("", "plan-expired", "the plan expires, and today's date is not known here")
		case p.expired(s.Now):
			out.refused("", "plan-expired", "the plan has expired; it clears nothing until it is decided anew")
		}
		if p.Approve.TwoPerson && (s.Agreed == nil || !s.Agreed.Second) {
			out.undecided("", "two-person", "the plan wants two persons: one decides and another one approves, and neither sent the file")
		}
		if p.Audience == Shared {
			out.refused("", "not-available", "sharing under an agreement is not available in this version: what is cleared goes to the open shelf")
		}
	}
	if p.Audience != Open && p.Audience != Shared {
		out.refused("", "plan-audience", "audience must be open or shared")
	}
	if p.Unit.Aggregate && p.Unit.Reason == "" {
		out.undecided("", "unit-reason", "aggregate needs a reason")
	}
	if p.Unit.Aggregate && (p.Unit.PersonKey != "" || p.Unit.OneRowPerPerson) {
		out.refused("", "unit", "a table is either aggregate or counts persons, not both")
	}
	if m := p.Model; m != nil {
		if _, ok := guard(m.Kind); !ok {
			out.refused("", "not-available", "there is no guard of this kind in this version; known is full-domain")
		}
		if m.K < 2 || m.L < 0 || !(m.SuppressMax >= 0 && m.SuppressMax <= 1) {
			out.refused("", "model", "the model needs k of 2 or more, l of 0 or more and suppress_max between 0 and 1")
		}
	}
	grid := ""
	seen := map[string]bool{}
	for i, c := range p.Columns {
		key := plainName(c.Column)
		c.Column = p.shownColumn(i)
		if seen[key] {
			out.refused(c.Column, "column-twice", "the plan names this column twice")
		}
		seen[key] = true
		p.checkColumn(c, &out)
		for _, s := range c.Steps {
			if s.Do == "snap" && s.check() == nil {
				if g := snapGrid(s.Args).String(); grid != "" && g != grid {
					out.refused(c.Column, "snap-pair", "both coordinates must be snapped to the same grid")
				} else {
					grid = g
				}
			}
		}
	}
	return &out
}

// shownColumn is the plan's name of a column as it may be shown. A plan made
// from a file without a header line names columns by a row of data.
func (p Plan) shownColumn(i int) string {
	if _, held := HeldLabel(p.Columns[i].Column, yearOf(p.setting)); held {
		return fmt.Sprintf("column %d of the plan", i+1)
	}
	return p.Columns[i].Column
}

func (p Plan) checkColumn(c ColumnPlan, out *problems) {
	if len(c.Steps) == 0 {
		out.undecided(c.Column, "column-undecided", "the plan does not say what to do with this column")
	}
	place := 0
	for _, s := range c.Steps {
		t, ok := treatment(s.Do)
		if err := s.check(); err != nil {
			code := "treatment"
			if !ok {
				code = "treatment-unknown"
			}
			out.refused(c.Column, code, "%v", err)
			continue
		}
		if t.Private && p.Audience == Open {
			out.refused(c.Column, "open-"+t.Name, "%s leaves personal data, which an open release may not hold: drop the column", t.Name)
		}
		if len(c.Steps) > 1 && (t.Name == "keep" || t.Name == "drop") {
			out.refused(c.Column, "treatment-order", "%s stands alone", t.Name)
		}
		if t.Place < place {
			out.refused(c.Column, "treatment-order", "the order is: redact or blank, generalise or snap, top or bottom code, round")
		}
		place = t.Place
	}
	if len(c.Allow) > 0 && c.Reason == "" {
		out.undecided(c.Column, "allow-reason", "allow needs a reason")
	}
	for _, k := range c.Allow {
		if !spanKind(k) && !contextKinds[k] {
			out.refused(c.Column, "kind-unknown", "allow names a kind that nothing here finds: see the list of kinds")
		}
		if p.Audience == Open && neverOpen[k] {
			out.refused(c.Column, "allow-never", "no open release may hold %s, whatever the reason: drop or redact it", k)
		}
	}
}

// contextKinds are found by a column's name and its neighbours, not cell by cell.
var contextKinds = map[Kind]bool{
	"address": true, "birth_date": true, "sex": true, "age": true, "coordinates": true, "place": true, "trait": true, "date": true, "sensitive": true, "text": true,
}

// resolve examines the table, unless that was done, and holds the plan against it. With dry the
// plan need not be decided yet: a preview comes before the decision.
func (p Plan) resolve(ctx context.Context, t Table, dry bool) (*resolved, error) {
	p = p.clone() // what is checked here is what the gates go by, whatever becomes of the caller's
	if err := p.check(dry).err(); err != nil {
		return nil, err
	}
	seen, err := examinedFor(ctx, t, p.setting)
	if err != nil {
		return nil, fmt.Errorf("apply plan: %w", err)
	}
	schema, profile := seen.Schema(), seen.profile
	if len(profile.Columns) != schema.NumFields() {
		return nil, fmt.Errorf("apply plan: the examination saw %d columns of %d", len(profile.Columns), schema.NumFields())
	}
	r := &resolved{plan: p, table: seen.source, scans: seen.columns, profile: profile, person: -1}
	var out problems
	r.match(schema, &out)
	if len(out.list) > 0 {
		return nil, out.err() // which column is meant must be clear before the rest can be
	}
	r.about()
	r.decide(schema, &out)
	r.build(schema, &out)
	if len(out.list) == 0 && r.plan.Model != nil {
		r.guardOver(&out)
	}
	return r, out.err()
}

func shownName(p Profile, i int) string {
	if p.Columns[i].NameHeld {
		return fmt.Sprintf("column %d", i+1)
	}
	return p.Columns[i].Name
}

// match finds for each column of the file its decision, by key or by label.
func (r *resolved) match(schema *arrow.Schema, out *problems) {
	byKey := map[string]int{}
	for i, f := range schema.Fields() {
		k := plainName(f.Name)
		if _, twice := byKey[k]; twice || k == "" {
			out.refused(shownName(r.profile, i), "column-twice", "the file has two columns of this name, or one without a name")
		}
		byKey[k] = i
	}
	find := func(want string) []int {
		if i, ok := byKey[want]; ok { // a key is unique, a label need not be
			return []int{i}
		}
		var found []int
		for i, f := range schema.Fields() {
			if plainName(metaOf(f, MetaLabel)) == want {
				found = append(found, i)
			}
		}
		return found
	}
	decided := make([]*ColumnPlan, schema.NumFields())
	for i := range r.plan.Columns {
		c := &r.plan.Columns[i]
		at := find(plainName(c.Column))
		switch {
		case len(at) == 0 && !c.Optional:
			out.refused(r.plan.shownColumn(i), "column-missing", "the plan decides this column, but the file has none of this name: send it, or mark it optional")
		case len(at) > 1:
			out.refused(r.plan.shownColumn(i), "column-twice", "the file has %d columns of this name: name each by its key", len(at))
		case len(at) == 1 && decided[at[0]] != nil:
			out.refused(shownName(r.profile, at[0]), "column-twice", "the plan decides this column twice, by its key and by its label")
		case len(at) == 1:
			decided[at[0]] = c
		}
	}
	for i, c := range decided {
		if c == nil {
			out.undecided(shownName(r.profile, i), "column-undecided", "the file has a column the plan does not name: decide what to do with it")
			continue
		}
		r.columns = append(r.columns, resolvedColumn{source: i, plan: *c, shown: shownName(r.profile, i)})
	}
	if key := r.plan.Unit.PersonKey; key != "" {
		switch at := find(plainName(key)); len(at) {
		case 1:
			r.person = at[0]
		default:
			out.refused("", "person-key", "unit.person_key must name one column of the file")
		}
	}
}

// about: the plan can make a table one about persons, never the reverse,
// except that statistics, with a reason, are not persons.
func (r *resolved) about() {
	r.persons = r.profile.AboutPersons || r.plan.Unit.PersonKey != "" || r.plan.Unit.OneRowPerPerson
	for _, c := range r.columns {
		r.persons = r.persons || c.plan.Class == ClassQuasi || c.plan.Class == ClassDirect
	}
	if r.plan.Unit.Aggregate {
		r.persons = false
	}
}

// decide checks that every finding has a decision and the table its guard.
func (r *resolved) decide(schema *arrow.Schema, out *problems) {
	switch {
	case r.persons && r.plan.setting.Earlier:
		out.refused("", "second-release", "a second release of a table about persons needs composition, not available in this version")
	case r.plan.setting.EarlierPersons:
		p := AfterPersons()
		out.refused(p.Column, p.Code, "%s", p.Detail)
	}
	r.checkUnit(out)
	narrows, kept, snapped := false, 0, 0
	for i := range r.columns {
		c := &r.columns[i]
		r.checkType(c, schema.Field(c.source), out)
		for _, f := range r.profile.Of(c.source) {
			c.kinds = append(c.kinds, f.Kind)
		}
		if c.plan.drops() {
			continue
		}
		kept++
		shape := isGeometry(schema.Field(c.source))
		switch {
		case shape:
			r.decideGeometry(c, out)
		case c.plan.snaps():
			snapped++
		}
		if r.profile.Columns[c.source].NameHeld {
			out.undecided(c.shown, "header-held", "the header of this column looks like personal data, as in a file without a header line: say under read.header_rows where the header stands, or drop the column")
		}
		for _, f := range r.profile.Of(c.source) {
			r.decideFinding(c, f, out)
		}
		if c.plan.Class == ClassDirect && !r.hidesAll(c.plan) && len(c.plan.Allow) == 0 {
			out.undecided(c.shown, "direct-kept", "the plan calls this column direct and leaves it in: drop it, or call it text if it only holds such things among others")
		}
		if r.profile.Columns[c.source].Quasi && !shape && !r.plan.Unit.Aggregate && c.plan.Class != ClassQuasi && !r.reasoned(c.plan) {
			out.undecided(c.shown, "quasi-undeclared", "in a table about persons this column narrows a person down: give it class: quasi, so that the guard counts it, or drop it")
		}
		narrows = narrows || c.plan.Class == ClassQuasi || c.plan.Class == ClassSensitive || c.plan.Class == ClassText ||
			r.profile.Columns[c.source].Quasi
	}
	if snapped == 1 {
		out.refused("", "snap-pair", "snap hides nothing on one coordinate alone: snap both, or drop both")
	}
	if kept == 0 {
		out.refused("", "nothing-left", "the plan drops every column: there is nothing to publish")
	}
	if r.plan.Model == nil && r.persons {
		switch {
		case narrows || r.plan.Unit.PersonKey != "":
			out.undecided("", "no-guard", "a table about persons needs a guard: add a model, or unit: {aggregate: true, reason: …} if it holds statistics")
		case r.profile.Rows > 0 && r.profile.Rows < fewestRows:
			out.undecided("", "no-guard", "a table about fewer than %d persons needs a guard", fewestRows)
		}
	}
	if r.plan.Model != nil && r.plan.Unit.Aggregate {
		out.refused("", "unit", "a model counts persons, and the plan says that the table holds none: take out one of them")
	}
	if r.plan.Model != nil && r.person < 0 && !r.plan.Unit.OneRowPerPerson {
		out.undecided("", "person-unknown", "the guard counts persons, not rows: name unit.person_key, or say one_row_per_person: true")
	}
}

// reasoned: the agency has said, with a reason, that a column which narrows a
// person down is what must not be learnt, rather than how one finds a person.
func (r *resolved) reasoned(c ColumnPlan) bool {
	return c.Class == ClassSensitive && c.Reason != ""
}

// hidesAll: nothing of what stood in the column comes out. To redact or blank
// is not enough: that finds what validates, and leaves what was mistyped.
func (r *resolved) hidesAll(c ColumnPlan) bool {
	for _, s := range c.Steps {
		if t, _ := treatment(s.Do); t.Hides(s.Args, "", r.plan.setting) {
			return true
		}
	}
	return false
}

// answers tells whether a step is the decision over a finding. A column that
// is of a kind as a whole holds mistyped ones too, which no detector knows and
// which are as good as the right ones: only e-mails and addresses of machines,
// known by their form, can be taken out of it one by one.
func (r *resolved) answers(s Step, f Finding) bool {
	t, _ := treatment(s.Do)
	if !t.Hides(s.Args, f.Kind, r.plan.setting) {
		return false
	}
	whole := f.Decision == Block && f.Cells == 0
	return !whole || t.Hides(s.Args, "", r.plan.setting) || knownByForm[f.Kind]
}

var knownByForm = map[Kind]bool{"email": true, "url_user": true, "ip": true, "mac": true}

// checkUnit holds what the plan says of persons against numbers that belong to
// one person each.
func (r *resolved) checkUnit(out *problems) {
	for _, f := range r.profile.Findings {
		if !neverOpen[f.Kind] || f.Decision != Block || f.Cells > 0 {
			continue
		}
		switch {
		case r.plan.Unit.Aggregate:
			out.refused(shownName(r.profile, f.Column), "unit", "the plan says that the table holds statistics, but this column holds numbers of persons (%s)", f.Kind)
		case r.plan.Unit.OneRowPerPerson && r.person < 0 && f.Distinct < f.Rows:
			out.refused(shownName(r.profile, f.Column), "unit", "the plan says one row a person, but this column holds the same %s in several rows: name unit.person_key", f.Kind)
		}
	}
}

// checkType refuses types whose cells detectors cannot read, and a type that
// is not the one the plan was decided for.
func (r *resolved) checkType(c *resolvedColumn, f arrow.Field, out *problems) {
	name, ok := typeNames[f.Type.ID()]
	if !ok || (name == "geometry") != (crs.Valid(metaOf(f, MetaGeometry))) {
		out.refused(c.shown, "column-type", "a column of type %s cannot be examined", f.Type)
		return
	}
	if r.plan.Read == nil {
		return
	}
	read, ok := r.plan.Read.Columns[plainName(c.plan.Column)]
	if ok && read.Type != "" && read.Type != name && (read.OnError != "text" || name != "text") {
		out.refused(c.shown, "column-type", "the plan was decided for a column of type %s, and this one is %s", read.Type, name)
	}
}

// typeNames are the words of the plan for the types of ingest.
var typeNames = map[arrow.Type]string{
	arrow.STRING: "text", arrow.INT64: "integer", arrow.DECIMAL128: "decimal", arrow.FLOAT64: "float",
	arrow.BOOL: "boolean", arrow.DATE32: "date", arrow.TIMESTAMP: "timestamp", arrow.BINARY: "geometry",
}

func (r *resolved) decideFinding(c *resolvedColumn, f Finding, out *problems) {
	if f.Rule == RuleGeometry {
		return // decideGeometry has
	}
	if f.Decision == None || f.Decision == AllowPublic || c.plan.allows(f.Kind) {
		return
	}
	if f.Rule == ruleHeader {
		out.undecided(c.shown, "header-finding", "the header of this column itself holds %s: name the column anew, or drop it", f.Kind)
		return
	}
	for _, s := range c.plan.Steps {
		if r.answers(s, f) {
			return
		}
	}
	switch {
	case f.Rule == ruleSparse:
		out.undecided(c.shown, "cell-finding", "%d cells hold %s: redact this kind, blank where findings are, or drop the column", f.Cells, f.Kind)
	case f.Rule == ruleRange && !r.reviewed(c.plan, f):
		out.undecided(c.shown, "geometry-range", "%d geometries are not longitude and latitude, or lie beyond their coordinate system: mend them, or say as a reason why they are right, or drop the column", f.Cells)
	case f.Decision == Block:
		out.undecided(c.shown, "finding-undecided", "this column holds %s, which may not leave: drop it", f.Kind)
	case !r.reviewed(c.plan, f):
		out.undecided(c.shown, "finding-undecided", "this column may hold %s: give a reason for what the plan does with it, or drop it", f.Kind)
	}
}

// Rules by which Examine says where a finding stands.
const (
	ruleSparse = "sparse"
	ruleHeader = "header"
	ruleTwelve = "mst12" // twelve digits in a column of tax codes
)

// reviewed tells whether the plan answers a finding that a person must look at.
func (r *resolved) reviewed(c ColumnPlan, f Finding) bool {
	switch {
	case c.Reason != "":
		return true
	case f.Class == ClassQuasi: // the guard is the answer, or the word that there are no persons
		return c.Class == ClassQuasi && r.plan.Model != nil || r.plan.Unit.Aggregate
	case f.Class == ClassText: // the agency saw that it is free text, and has it searched
		for _, s := range c.Steps {
			if s.Do == "redact" || s.Do == "blank" {
				return c.Class == ClassText
			}
		}
	}
	return false
}

// build fixes each column's treatments and the output schema.
func (r *resolved) build(schema *arrow.Schema, out *problems) {
	stay := r.columns[:0]
	var fields []arrow.Field
	for _, c := range r.columns {
		if c.plan.drops() {
			r.left = append(r.left, LeftOut{Name: c.shown, Label: shownLabel(r.profile, c.source), Reason: leftReason(c.plan, r.profile.Of(c.source))})
			continue
		}
		c.field = publicField(schema.Field(c.source))
		for _, s := range c.plan.Steps {
			t, _ := treatment(s.Do)
			if isGeometry(c.field) && !onGeometry[s.Do] {
				out.refused(c.shown, "treatment", "%s does not work on a geometry: keep, drop or snap it", s.Do)
				break
			}
			args := s.Args
			if s.Do == "blank" && args["kinds"] == nil {
				args = r.blankArgs(c)
			}
			f, do, err := t.New(c.field, args, r.plan.setting)
			if err != nil {
				out.refused(c.shown, "treatment", "%v", err)
				break
			}
			c.field, c.steps = f, append(c.steps, do)
		}
		fields = append(fields, c.field)
		stay = append(stay, c)
	}
	r.columns = stay
	r.schema = arrow.NewSchema(fields, nil)
}

// publicField carries over of a field's metadata only what is meant for readers.
func publicField(f arrow.Field) arrow.Field {
	meta := map[string]string{}
	for _, k := range []string{MetaLabel, MetaUnit, MetaGeometry} {
		v := metaOf(f, k)
		if _, held := HeldLabel(v, 0); v != "" && !held {
			meta[k] = v
		}
	}
	return arrow.Field{Name: f.Name, Type: f.Type, Nullable: true, Metadata: arrow.MetadataFrom(meta)}
}

// blankArgs names what is to be blanked where the plan leaves it to what was
// found: every kind that can stand in a cell and is not public or allowed.
func (r *resolved) blankArgs(c resolvedColumn) Args {
	var kinds []string
	var spared []Kind
	twelve := false
	for _, f := range r.profile.Of(c.source) {
		switch {
		case !spanKind(f.Kind):
		case c.plan.allows(f.Kind) || f.Decision == AllowPublic:
			if f.Class == ClassPublic {
				spared = append(spared, f.Kind)
			}
		default:
			kinds = append(kinds, string(f.Kind))
			twelve = twelve || f.Rule == ruleTwelve
		}
	}
	return Args{"where": "findings", "kinds": kinds, blankSpares: spared, blankTwelve: twelve}
}

func shownLabel(p Profile, i int) string {
	if p.Columns[i].NameHeld {
		return ""
	}
	return p.Columns[i].Label
}

// leftReason is the kind of reason for which a column is left out.
func leftReason(c ColumnPlan, found []Finding) string {
	if w := classWord(c.Class); w != "" {
		return w
	}
	for _, f := range found {
		if f.Decision == Block && f.Class == ClassDirect {
			return "direct"
		}
	}
	return "not-published"
}

// guardOver makes the guard over the treated columns.
func (r *resolved) guardOver(out *problems) {
	var roles Roles
	for i, c := range r.columns {
		switch c.plan.Class {
		case ClassQuasi:
			roles.Quasi = append(roles.Quasi, i)
		case ClassSensitive:
			roles.Sensitive = append(roles.Sensitive, i)
		}
	}
	g, _ := guard(r.plan.Model.Kind)
	made, err := g.New(r.schema, roles, *r.plan.Model)
	if err != nil {
		out.refused("", "model", "%v", err)
		return
	}
	r.guard = made
}

// levels says in words how coarse each quasi-identifier is.
func (r *resolved) levels() []Level {
	var out []Level
	for _, c := range r.columns {
		if c.plan.Class == ClassQuasi {
			l := metaOf(c.field, MetaLevel)
			if l == "" {
				l = strings.TrimPrefix(stepsText(c.plan.Steps), "keep")
			}
			if l == "" {
				l = "as it is"
			}
			out = append(out, Level{Column: c.shown, Level: l})
		}
	}
	return out
}

func stepsText(steps []Step) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.String())
	}
	return strings.Join(words, ", then ")
}
