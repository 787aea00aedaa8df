package privacy

import (
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// AutoDecider is who decided an automatic plan.
const AutoDecider = "auto"

// Auto proposes the plan that needs nobody's judgement: columns without a
// finding are kept, columns with personal data are dropped. Where judgement is
// needed it gives Problems that name the column, and nothing may be published
// on the plan: a doubtful finding, single cells with personal data, or a table
// about persons in which columns remain that narrow one down.
func Auto(p Profile, schema *arrow.Schema, now time.Time) (Plan, []Problem) {
	plan := Plan{Audience: Open, Decided: Decided{By: AutoDecider, At: now}}
	var out problems
	var quasi []string
	kept := 0
	for i, f := range schema.Fields() {
		c := ColumnPlan{Column: f.Name, Steps: []Step{{Do: "keep"}}}
		shown := shownName(p, i)
		switch worst := worstOf(p.Of(i)); {
		case p.Columns[i].NameHeld:
			out.undecided(shown, "header-held", "the header of this column looks like personal data, as in a file without a header line: say in a plan where the header stands")
		case worst == nil || worst.Decision == None || worst.Decision == AllowPublic:
			kept++
			if p.Columns[i].Quasi {
				quasi = append(quasi, shown)
			}
		case worst.Decision == Block && worst.Rule != ruleSparse && worst.Rule != ruleHeader:
			c.Class, c.Steps = worst.Class, []Step{{Do: "drop"}}
		case worst.Rule == ruleRange:
			out.undecided(shown, "geometry-range", "%d geometries are not longitude and latitude, or lie beyond their coordinate system: mend them, or say in a plan why they are right", worst.Cells)
		case worst.Rule == ruleSparse:
			out.undecided(shown, "cell-finding", "%d cells hold %s: say in a plan whether to redact them or to drop the column", worst.Cells, worst.Kind)
		case worst.Class == ClassQuasi && p.AboutPersons:
			kept++
			quasi = append(quasi, shown)
		default:
			out.undecided(shown, "finding-undecided", "this column may hold %s: say in a plan what to do with it", worst.Kind)
		}
		plan.Columns = append(plan.Columns, c)
	}
	if p.AboutPersons {
		for _, name := range quasi {
			out.undecided(name, "no-guard", "in a table about persons this column narrows a person down: a plan must say how coarse it is published, and how large groups must be")
		}
	}
	if kept == 0 && len(out.list) == 0 {
		out.undecided("", "nothing-left", "every column holds personal data: a plan must say what may be published")
	}
	return plan, out.list
}

// worstOf is the finding that decides: the strictest, sparse ones last.
func worstOf(all []Finding) *Finding {
	var worst *Finding
	for i := range all {
		if worst == nil || all[i].Decision > worst.Decision {
			worst = &all[i]
		}
	}
	return worst
}
