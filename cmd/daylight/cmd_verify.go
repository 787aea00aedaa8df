package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/privacy"
)

type verifyCommand struct {
	Data    string `help:"Data folder; public/ is enough." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	Dataset string `arg:"" optional:"" help:"Slug of one dataset. Default: all."`
}

// Run reads every published file again with today's detectors. It needs
// nothing of the private side.
func (v *verifyCommand) Run(ctx context.Context, con *console) (err error) {
	p, err := openPublicFiles(ctx, v.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	check := verifier{library: p.library(), now: time.Now(), out: con.out}
	if v.Dataset != "" {
		d, err := p.catalog.Dataset(ctx, v.Dataset)
		if errors.Is(err, catalog.ErrNotFound) {
			return fmt.Errorf("there is no published dataset with this slug")
		}
		if err != nil {
			return err
		}
		if err := check.dataset(ctx, p.catalog, d); err != nil {
			return err
		}
	} else {
		for d, err := range p.catalog.All(ctx) {
			if err != nil {
				return err
			}
			if err := check.dataset(ctx, p.catalog, d); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(con.out, "%d files of %d releases read, %d cells scanned, %d findings.\n", check.files, check.releases, check.cells, check.findings)
	if check.findings > 0 {
		return &exitError{code: exitRefused}
	}
	return nil
}

type verifier struct {
	library         datasets.Library
	now             time.Time
	out             io.Writer
	files, releases int
	cells           int64
	findings        int
}

// dataset verifies every release that is still public.
func (v *verifier) dataset(ctx context.Context, cat *catalog.Store, d *catalog.Dataset) error {
	releases, err := cat.Releases(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, r := range releases {
		if r.Withdrawn != nil {
			continue
		}
		v.releases++
		whole, err := cat.Release(ctx, d.ID, r.N) // with the types of its columns
		if err != nil {
			return err
		}
		for _, f := range whole.Files {
			if err := v.file(ctx, d, *whole, f); err != nil {
				return fmt.Errorf("%s, version %d, %s: %w", d.Slug, r.N, f.Name, err)
			}
		}
	}
	return nil
}

func (v *verifier) file(ctx context.Context, d *catalog.Dataset, r catalog.Release, f catalog.File) error {
	file, err := v.library.File(ctx, f.Ref)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.Copy(h, file)
	if err != nil {
		return err
	}
	if fmt.Sprintf("%x", h.Sum(nil)) != f.Ref.String() || n != f.Bytes {
		v.found(d, r, f, "its bytes are not those that were published")
		return nil
	}
	format, ok := datasets.FormatOf(f.Format)
	if !ok {
		return fmt.Errorf("a format this program does not read")
	}
	table, err := format.Read(file, n)
	if err != nil {
		v.found(d, r, f, "it cannot be read back")
		return nil
	}
	shapes := map[string]string{}
	for _, t := range r.Tables {
		for _, c := range t.Columns {
			if t.Name == f.Table && c.Type == "geometry" {
				shapes[c.Key] = cmp.Or(c.CRS, privacy.CRS84)
			}
		}
	}
	profile, err := privacy.Rescan(ctx, privacy.WithGeometry(table, shapes), privacy.Setting{Now: v.now})
	if err != nil {
		return err
	}
	v.files++
	v.cells += profile.Rows * int64(len(profile.Columns))
	for _, x := range profile.Findings {
		if x.Decision == privacy.Block || x.Decision == privacy.Review && x.Rule == "sparse" {
			if column := profile.Columns[x.Column]; !allowed(r.Privacy, f.Table, column.Name, x) {
				v.found(d, r, f, fmt.Sprintf("column %d holds %s in %d cells", x.Column+1, x.Kind, max(x.Cells, x.Valid)))
			}
		}
	}
	return nil
}

// allowed: the plan let this kind stay, for a reason that was told; or a
// geometry, since the rows are statistics or its points were snapped.
func allowed(statements []privacy.Statement, table, column string, x privacy.Finding) bool {
	for _, st := range statements {
		if st.Table != table && len(statements) > 1 {
			continue
		}
		for _, c := range st.Columns {
			if c.Name != column {
				continue
			}
			if x.Rule == privacy.RuleGeometry {
				return !st.AboutPersons || strings.Contains(c.Treatment, "snap ")
			}
			if slices.Contains(c.Allow, x.Kind) {
				return true
			}
		}
	}
	return false
}

func (v *verifier) found(d *catalog.Dataset, r catalog.Release, f catalog.File, what string) {
	v.findings++
	fmt.Fprintf(v.out, "%s, version %d, %s: %s\n", d.Slug, r.N, f.Name, what)
}
