package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"daylight/catalog"
	"daylight/catalog/accounts"
	"daylight/datasets/samples"
)

type demoCommand struct {
	Data   string `help:"Data folder; an existing one is continued." default:"demo-data" type:"path"`
	Listen string `help:"Address to listen on." default:"127.0.0.1:8080"`
	From   string `help:"Folder with files of your own and a SOURCE.json that describes them, instead of the samples." type:"existingdir"`
}

func (d *demoCommand) Run(ctx context.Context, con *console) error {
	l, err := listen(d.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	var folder fs.FS = samples.Files
	if d.From != "" {
		folder = os.DirFS(d.From)
	}
	files, err := readSources(folder)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(con.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := openPortal(ctx, d.Data, log)
	if err != nil {
		return err
	}
	serve := &serveCommand{Listen: d.Listen}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	loaded := make(chan error, 1)
	go func() {
		err := p.sampleCommunes(ctx)
		if err == nil {
			err = load(ctx, p, folder, files, con)
		}
		if err == nil {
			err = invite(ctx, p, serve.address(l), con.out)
		}
		if err != nil {
			stop()
		}
		loaded <- err
	}()
	err = serve.serve(ctx, p, l, log, true)
	stop()
	if failed := <-loaded; failed != nil && !errors.Is(failed, context.Canceled) {
		err = errors.Join(failed, err)
	}
	return errors.Join(err, p.close())
}

// demoReviewer is who may decide over the samples that wait.
const demoReviewer = "reviewer"

// invite says where the portal is, and gives the visitor a token, new at each
// start and good for a day, to see an agency's side with.
func invite(ctx context.Context, p *portal, address string, w io.Writer) error {
	if _, err := p.accounts.AddUser(ctx, accounts.System, demoReviewer, "", accounts.Administrator); err != nil && !errors.Is(err, accounts.ErrExists) {
		return err
	}
	token, err := p.accounts.NewToken(ctx, accounts.System, demoReviewer, time.Now().AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Agencies review what waits at %s/agency with the token %s\nDaylight is at %s – press Ctrl-C to stop.\n", address, token, address)
	return nil
}

// outcome is what became of one file.
type outcome struct {
	file   string
	upload catalog.Upload
}

// load sends files through the inbox, one after the other, as agencies would,
// and waits for what becomes of each.
func load(ctx context.Context, p *portal, folder fs.FS, files []sourceFile, con *console) error {
	tick, end := con.progress("Sending agencies' files", len(files))
	var sent []outcome
	withheld := 0
	last := map[string]string{} // the latest upload of each dataset
	for _, f := range files {
		if f.Withheld != nil {
			if err := withhold(ctx, p, f); err != nil {
				return fmt.Errorf("%s: %w", f.Slug, err)
			}
			withheld++
			tick()
			continue
		}
		// What is said of a dataset becomes public with its next release: a file
		// waits until the one before it has come through.
		if before := last[f.slug()]; before != "" {
			if _, err := settled(ctx, p, before); err != nil {
				return err
			}
		}
		u, err := send(ctx, p, folder, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.File, err)
		}
		sent = append(sent, outcome{f.File, u})
		last[f.slug()] = u.ID
	}
	for i := range sent {
		u, err := settled(ctx, p, sent[i].upload.ID)
		if err != nil {
			return err
		}
		sent[i].upload = u
		tick()
	}
	end()
	tell(con.out, sent)
	if withheld > 0 {
		fmt.Fprintf(con.out, "%d withheld, with the reason in the register.\n", withheld)
	}
	return nil
}

// describe puts an agency and a dataset as SOURCE.json has them.
func describe(ctx context.Context, p *portal, f sourceFile) (catalog.Dataset, error) {
	agency, problems, err := p.inbox.PutAgency(ctx, "demo", f.agency())
	if err == nil && catalog.Refused(problems) {
		err = refusedMetadata(problems)
	}
	if err != nil {
		return catalog.Dataset{}, err
	}
	d, problems, err := p.inbox.PutDataset(ctx, "demo", f.dataset(agency.ID))
	if err == nil && catalog.Refused(problems) {
		err = refusedMetadata(problems)
	}
	return d, err
}

// withhold puts a dataset into the register of what is withheld.
func withhold(ctx context.Context, p *portal, f sourceFile) error {
	d, err := describe(ctx, p, f)
	if err != nil {
		return err
	}
	_, problems, err := p.inbox.Withhold(ctx, "demo", d.ID, *f.Withheld)
	if errors.Is(err, catalog.ErrPublished) {
		return nil // it was opened since
	}
	if err == nil && catalog.Refused(problems) {
		err = refusedMetadata(problems)
	}
	return err
}

// send describes a dataset and hands its file in. A file that was sent before
// is the same upload.
func send(ctx context.Context, p *portal, folder fs.FS, f sourceFile) (catalog.Upload, error) {
	d, err := describe(ctx, p, f)
	if err != nil {
		return catalog.Upload{}, err
	}
	content, err := fs.ReadFile(folder, f.File)
	if err != nil {
		return catalog.Upload{}, err
	}
	plan := planOf(folder, f.File)
	u, err := p.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "demo", FileName: f.File,
		IdempotencyKey: onceKey(d.Slug, content, plan), TotalBytes: int64(len(content)), Locale: f.Locale, Plan: plan, Note: catalog.Text(f.Note)})
	if err != nil || u.State != catalog.StateReceiving {
		return u, err
	}
	return p.inbox.Append(ctx, u.ID, 0, bytes.NewReader(content))
}

// refusedMetadata says which fields stand against a dataset.
func refusedMetadata(problems []catalog.Problem) error {
	for _, p := range problems {
		if !p.Warning {
			return fmt.Errorf("SOURCE.json: %s: %s", p.Field, p.Detail)
		}
	}
	return nil
}

// settled waits until an upload is published, refused, or waits for a person.
func settled(ctx context.Context, p *portal, id string) (catalog.Upload, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		u, err := p.inbox.State(ctx, id)
		if err != nil {
			return u, err
		}
		switch u.State {
		case catalog.StatePublished, catalog.StateRefused, catalog.StateWaiting:
			return u, nil
		}
		select {
		case <-ctx.Done():
			return u, ctx.Err()
		case <-tick.C:
		}
	}
}

// tell lists what became of the files, with the reason where one stopped.
func tell(w io.Writer, all []outcome) {
	var published int
	for _, o := range all {
		if o.upload.State == catalog.StatePublished {
			published++
		}
	}
	fmt.Fprintf(w, "%d of %d files published.\n", published, len(all))
	for _, o := range all {
		if o.upload.State == catalog.StatePublished {
			continue
		}
		fmt.Fprintf(w, "  %s: %s\n", o.file, o.upload.State)
		for i, p := range o.upload.Problems {
			if i == 3 {
				fmt.Fprintf(w, "    and %d more\n", len(o.upload.Problems)-i)
				break
			}
			where := ""
			if p.Column != "" {
				where = "column " + p.Column + ": "
			}
			fmt.Fprintf(w, "    %s%s\n", where, p.Detail)
		}
	}
}
