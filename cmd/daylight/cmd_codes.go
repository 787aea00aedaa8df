package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"daylight/catalog"
	"daylight/catalog/accounts"
	"daylight/catalog/codes"
	"daylight/store"
)

type codesCommands struct {
	Load codesLoad `cmd:"" help:"Load a commune list: what became of each commune in July 2025. Format: docs/operators.md."`
	List codesList `cmd:"" help:"List all code lists."`
	Show codesShow `cmd:"" help:"Show one list, or one code of it."`
}

type codesLoad struct {
	Data   string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	File   string `arg:"" help:"The list as CSV." type:"existingfile"`
	Source string `help:"Who states it: the resolution, or the office that published the list." required:""`
	Date   string `help:"Day of the source, as 2025-06-16." required:""`
	Check  bool   `help:"Only say what is wrong with the file."`
}

func (l *codesLoad) Run(ctx context.Context, con *console) (err error) {
	changes, sum, err := readCommunes(l.File, con)
	if err != nil {
		return err
	}
	if l.Check {
		fmt.Fprintf(con.out, "%d lines, nothing against them.\n", len(changes))
		return nil
	}
	p, err := openBeside(ctx, l.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	version, same, err := p.loadCommunes(ctx, changes, sum, l.Source, l.Date)
	if err != nil {
		return err
	}
	if same {
		fmt.Fprintf(con.out, "This list is in force already, as version %d.\n", version)
		return nil
	}
	fmt.Fprintf(con.out, "Version %d of the commune list is in force: %d lines. See /codes/communes.\n", version, len(changes))
	return nil
}

// readCommunes reads a list, or tells every problem on its line.
func readCommunes(file string, con *console) ([]codes.CommuneChange, string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	changes, problems := codes.ReadCommunes(bytes.NewReader(raw))
	if len(problems) > 0 {
		fmt.Fprintln(con.err, "Not loaded:")
		for i, p := range problems {
			if i == 50 {
				fmt.Fprintf(con.err, "  and %d more\n", len(problems)-i)
				break
			}
			fmt.Fprintf(con.err, "  %s\n", p)
		}
		return nil, "", &exitError{code: exitRefused}
	}
	sum := sha256.Sum256(raw)
	return changes, hex.EncodeToString(sum[:]), nil
}

// loadCommunes makes the list public. The audit says so first: what is in force
// is never there without a trace of who loaded it.
func (p *portal) loadCommunes(ctx context.Context, changes []codes.CommuneChange, sum, source, date string) (version int, same bool, err error) {
	now := time.Now()
	list := catalog.CommuneList{Loaded: now, Source: source, Stated: date, SHA256: sum, Changes: changes}
	if err := list.Check(); err != nil {
		return 0, false, err
	}
	detail, err := json.Marshal(map[string]any{"lines": len(changes), "sha256": sum})
	if err != nil {
		return 0, false, err
	}
	err = p.workDB.InTx(ctx, func(tx *store.Tx) error {
		return p.workDB.Audit(ctx, tx, store.AuditEntry{At: now, Actor: accounts.System, Action: "codes.load", Subject: "communes", Detail: detail})
	})
	if err != nil {
		return 0, false, err
	}
	return p.catalog.PutCommunes(ctx, list)
}

// sampleCommunes loads one former district as facts, where no list is in force.
func (p *portal) sampleCommunes(ctx context.Context) error {
	versions, err := p.catalog.CommuneVersions(ctx)
	if err != nil || len(versions) > 0 {
		return err
	}
	changes, problems := codes.ReadCommunes(bytes.NewReader(codes.SampleCommunes))
	if len(problems) > 0 {
		return fmt.Errorf("sample of communes: %s", problems[0])
	}
	sum := sha256.Sum256(codes.SampleCommunes)
	_, _, err = p.loadCommunes(ctx, changes, hex.EncodeToString(sum[:]), codes.SampleCommunesSource, codes.SampleCommunesDate)
	return err
}

type codesList struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
}

func (l *codesList) Run(ctx context.Context, con *console) (err error) {
	w := tabwriter.NewWriter(con.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "LIST\tENTRIES\tVERSION\tDATE\tSOURCE")
	for l := range codes.Lists.All() {
		fmt.Fprintf(w, "%s\t%d\t-\t%s\t%s\n", l.Code, l.Len(), l.Date, l.SourceEN)
	}
	p, err := openPublicFiles(ctx, l.Data)
	if err != nil {
		return errors.Join(w.Flush(), err)
	}
	defer func() { err = errors.Join(err, p.close()) }()
	versions, err := p.catalog.CommuneVersions(ctx)
	if err != nil {
		return err
	}
	for _, v := range versions {
		fmt.Fprintf(w, "communes\t%d\t%d\t%s\t%s\n", v.Lines, v.Version, v.Stated, v.Source)
	}
	if len(versions) == 0 {
		fmt.Fprintln(w, "communes\t0\t-\t-\tnot loaded: daylight codes load")
	}
	return w.Flush()
}

type codesShow struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	List string `arg:"" help:"The list, as \"daylight codes list\" names it."`
	Code string `arg:"" optional:"" help:"One code of it."`
}

func (s *codesShow) Run(ctx context.Context, con *console) (err error) {
	w := tabwriter.NewWriter(con.out, 0, 8, 2, ' ', 0)
	shown := 0
	if l, ok := codes.Lists.Get(s.List); ok {
		fmt.Fprintln(w, "CODE\tVIETNAMESE\tENGLISH\tIRI\tNOW")
		for _, e := range l.Entries() {
			if s.Code == "" || s.Code == e.Code {
				shown++
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.Code, e.VI, e.EN, e.IRI, e.Into)
			}
		}
	} else if s.List == "communes" {
		p, err := openPublicFiles(ctx, s.Data)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		list, err := p.catalog.Communes(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "OLD\tNAME\tDISTRICT\tNEW\tNAME\tPROVINCE\tCHANGE")
		for _, c := range list.Changes {
			if s.Code == "" || s.Code == c.OldCode || s.Code == c.NewCode {
				shown++
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.OldCode, c.OldName, c.OldDistrictName, c.NewCode, c.NewName, c.NewProvinceCode, c.Change)
			}
		}
	} else {
		return fmt.Errorf("there is no list of this name: see \"daylight codes list\"")
	}
	if shown == 0 {
		return fmt.Errorf("the list does not have this code, so nothing is known of it")
	}
	return w.Flush()
}
