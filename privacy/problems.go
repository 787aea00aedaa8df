package privacy

import (
	"fmt"
	"strings"
)

// Problems is the error of a plan that is not carried out: everything that was
// found wrong, not only the first. errors.Is tells ErrUndecided from
// ErrRefused. Its Error names codes and rows only: column names go to the
// agency's page, which reads List, never to a log.
type Problems struct {
	List []Problem
}

func (p *Problems) Error() string {
	var b strings.Builder
	b.WriteString("privacy: not cleared")
	sep := ": "
	for i := 0; i < len(p.List); {
		n := 1
		for i+n < len(p.List) && p.List[i+n].Code == p.List[i].Code {
			n++
		}
		b.WriteString(sep)
		b.WriteString(p.List[i].Code)
		switch {
		case n > 1:
			fmt.Fprintf(&b, " (%d)", n)
		case p.List[i].Row > 0:
			fmt.Fprintf(&b, " (row %d)", p.List[i].Row)
		}
		sep, i = ", ", i+n
	}
	return b.String()
}

// Unwrap gives ErrUndecided and ErrRefused, as far as the list holds them.
func (p *Problems) Unwrap() []error {
	var out []error
	for _, want := range []error{ErrUndecided, ErrRefused} {
		for _, q := range p.List {
			if q.Err == want {
				out = append(out, want)
				break
			}
		}
	}
	return out
}

// problems gathers; err is nil as long as nothing was found.
type problems struct{ list []Problem }

func (p *problems) undecided(column, code, format string, args ...any) {
	p.list = append(p.list, Problem{Err: ErrUndecided, Column: column, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func (p *problems) refused(column, code, format string, args ...any) {
	p.list = append(p.list, Problem{Err: ErrRefused, Column: column, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &Problems{List: p.list}
}

// AfterPersons is what stands against any further release of a dataset of which
// one is about persons: see Setting.EarlierPersons.
func AfterPersons() Problem {
	return Problem{Err: ErrRefused, Code: "second-release",
		Detail: "a release of this dataset is about persons: until what two versions show together can be checked, it takes no further one"}
}
