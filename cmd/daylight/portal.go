package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"daylight/api"
	"daylight/catalog"
	"daylight/catalog/accounts"
	"daylight/catalog/differences"
	"daylight/datasets"
	"daylight/ingest"
	"daylight/ingest/format"
	"daylight/search"
	"daylight/store"
)

// A portal is everything over one data folder, opened and locked.
type portal struct {
	public   store.Public
	private  store.Private
	publicDB *store.PublicDB
	workDB   *store.PrivateDB
	catalog  *catalog.Store
	drafts   *catalog.Drafts
	shelf    *datasets.Shelf
	index    *search.Index
	inbox    *ingest.Inbox
	accounts *accounts.Accounts
	changes  *differences.Maker // what differs between releases

	closers []func() error
}

// Where things stand in a data folder.
func publicDir(data string) string  { return filepath.Join(data, "public") }
func privateDir(data string) string { return filepath.Join(data, "private") }
func publicFile(data string) string {
	return "sqlite:" + filepath.Join(publicDir(data), "catalogue.db")
}
func privateFile(data string) string { return "sqlite:" + filepath.Join(privateDir(data), "work.db") }

// indexDir is the search index of the process that publishes. It is derived
// from public rows only, and can be deleted at any time.
func indexDir(data string) string { return filepath.Join(publicDir(data), "index") }

// openPortal opens a data folder for the one process that publishes: locks
// first, then databases, then what a crash left open is resolved.
func openPortal(ctx context.Context, data string, log *slog.Logger) (_ *portal, err error) {
	return openWithin(ctx, data, limits{}, log)
}

// limits of one file; zero fields take their default.
type limits struct {
	upload int64
	child  ingest.ChildLimits
	keep   time.Duration // of originals; 0: for good
}

func openWithin(ctx context.Context, data string, most limits, log *slog.Logger) (_ *portal, err error) {
	p := &portal{}
	defer func() {
		if err != nil {
			p.close()
			err = explain(err, data)
		}
	}()
	if err := own(data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	private, err := store.LockPrivate(privateDir(data))
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, private.Unlock)
	public, err := store.LockPublic(publicDir(data))
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, public.Unlock)
	if err := p.openStores(ctx, data, true); err != nil {
		return nil, err
	}
	if p.index, err = search.Open(indexDir(data), p.catalog, search.Options{Log: log}); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, p.index.Close)
	if _, err := p.private.Sweep(ctx); err != nil {
		return nil, err
	}
	if _, err := p.public.Sweep(ctx); err != nil {
		return nil, err
	}
	p.inbox = ingest.New(ingest.Options{Private: p.private, DB: p.workDB, Shelf: p.shelf, Catalog: p.catalog, Drafts: p.drafts, Public: p.public, Now: time.Now, Log: log,
		Limits: format.Limits{File: most.upload}, Child: most.child, Keep: most.keep})
	if err := p.inbox.Recover(ctx); err != nil {
		return nil, err
	}
	p.compare(p.shelf.Library(), log)
	return p, nil
}

// openStores opens places and databases, without locks: the commands that look
// at a data folder beside a running server need no more.
func (p *portal) openStores(ctx context.Context, data string, migrate bool) (err error) {
	if p.private, err = store.OpenPrivate(ctx, privateDir(data)); err != nil {
		return err
	}
	if p.public, err = store.OpenPublic(ctx, publicDir(data), false); err != nil {
		return err
	}
	if p.workDB, err = store.OpenPrivateDB(ctx, privateFile(data)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.workDB.Close)
	if p.publicDB, err = store.OpenPublicDB(ctx, publicFile(data), false); err != nil {
		return err
	}
	p.closers = append(p.closers, p.publicDB.Close)
	if migrate {
		if err := p.workDB.Migrate(ctx); err != nil {
			return err
		}
		if err := p.publicDB.Migrate(ctx); err != nil {
			return err
		}
	}
	p.catalog, p.drafts = catalog.NewStore(p.publicDB), catalog.NewDrafts(p.workDB)
	p.shelf = datasets.NewShelf(p.public, p.private.Staging())
	p.accounts = accounts.New(p.workDB, time.Now)
	return nil
}

// openBeside opens an existing data folder next to whoever serves it.
func openBeside(ctx context.Context, data string) (_ *portal, err error) {
	if err := own(data); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(privateDir(data), "work.db")); err != nil {
		return nil, noPortal(data)
	}
	p := &portal{}
	err = p.openStores(ctx, data, false)
	if err == nil {
		// Never migrated here: the server that is running may be of the version before.
		if err = p.workDB.Migrated(ctx); err == nil {
			err = p.publicDB.Migrated(ctx)
		}
	}
	if err != nil {
		p.close()
		return nil, explain(err, data)
	}
	return p, nil
}

func noPortal(data string) error {
	return fmt.Errorf("there is no portal in %s: make one with \"daylight serve --data %s\" or \"daylight demo\"", data, data)
}

// own refuses a folder that is not a data folder of its own: a backup, which
// is restored first, or one into which a backup is being restored.
func own(data string) error {
	if store.IsBackup(data) {
		return fmt.Errorf("%s is a backup: restore it with \"daylight restore --from %s --data …\", or serve what is public of it with --public", data, data)
	}
	return whole(data)
}

// whole refuses a folder into which a backup is being restored, or was not
// restored to the end.
func whole(data string) error {
	if _, err := os.Lstat(filepath.Join(data, store.RestoringMark)); err == nil {
		return fmt.Errorf("a backup is being restored into %s, or was not restored to the end: wait for it, or empty the folder and run \"daylight restore\" again", data)
	}
	return nil
}

// openPublicOnly opens a copy of public/ and nothing else: no lock, no key, no
// path of the private side. The index of this process stands apart.
func openPublicOnly(ctx context.Context, data, index string, log *slog.Logger) (_ *portal, err error) {
	var p *portal
	defer func() {
		if err != nil && p != nil {
			p.close()
		}
	}()
	if p, err = openPublicFiles(ctx, data); err != nil {
		return nil, err
	}
	if index == "" {
		if index, err = os.MkdirTemp("", "daylight-index-"); err != nil {
			return nil, err
		}
		p.closers = append(p.closers, func() error { return os.RemoveAll(index) })
	}
	if p.index, err = search.Open(index, p.catalog, search.Options{Log: log}); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, p.index.Close)
	p.compare(p.library(), log)
	return p, nil
}

func (p *portal) compare(l datasets.Library, log *slog.Logger) {
	p.changes = differences.New(p.catalog, l, differences.Options{Log: log})
	p.closers = append(p.closers, p.changes.Close)
}

// openPublicFiles opens what is public to read it, beside whoever serves it.
func openPublicFiles(ctx context.Context, data string) (_ *portal, err error) {
	if err := whole(data); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(publicDir(data), "catalogue.db")); err != nil {
		return nil, noPortal(data)
	}
	p := &portal{}
	if p.public, err = store.OpenPublic(ctx, publicDir(data), true); err != nil {
		return nil, explain(err, data)
	}
	if p.publicDB, err = store.OpenPublicDB(ctx, publicFile(data), true); err != nil {
		return nil, explain(err, data)
	}
	p.closers = append(p.closers, p.publicDB.Close)
	p.catalog = catalog.NewStore(p.publicDB)
	return p, nil
}

// close closes in the reverse order of opening.
func (p *portal) close() error {
	var all []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		all = append(all, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(all...)
}

// explain turns what stands against opening a folder into one sentence with
// what to do.
func explain(err error, data string) error {
	var held *store.Held
	switch {
	case errors.As(err, &held):
		return fmt.Errorf("%s is in use by another daylight process (%w): stop that one, or choose another --data", data, held)
	case errors.Is(err, store.ErrNewer):
		return fmt.Errorf("%s was written by a newer version of daylight (%w): run that version, or restore the backup made before the upgrade", data, err)
	case errors.Is(err, store.ErrOlder):
		return fmt.Errorf("%s was written by an older version of daylight (%w): start \"daylight serve\" of this version once, which brings it up to date, or use the version that wrote it", data, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, errReadOnly):
		return fmt.Errorf("%s cannot be written to: choose a folder of your own with --data", data)
	}
	return err
}

// listen takes the address, or says who has it.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		if errors.Is(err, errInUse) {
			return nil, fmt.Errorf("the address %s is taken by another program: choose another one with --listen", address)
		}
		return nil, fmt.Errorf("cannot listen on %s: choose another address with --listen (%w)", address, err)
	}
	return l, nil
}

// accountsDoor tells package api who holds a token; it knows nothing of roles
// and tables.
type accountsDoor struct{ accounts *accounts.Accounts }

func (d accountsDoor) Verify(ctx context.Context, token string) (api.Caller, error) {
	return caller(d.accounts.Verify(ctx, token))
}

func (d accountsDoor) Session(ctx context.Context, secret string) (api.Caller, error) {
	return caller(d.accounts.Session(ctx, secret))
}

func (d accountsDoor) BeginSession(ctx context.Context, token string) (string, error) {
	secret, err := d.accounts.NewSession(ctx, token)
	if errors.Is(err, accounts.ErrToken) {
		return "", api.ErrToken
	}
	return secret, err
}

func (d accountsDoor) EndSession(ctx context.Context, secret string) error {
	return d.accounts.EndSession(ctx, secret)
}

func caller(who accounts.Identity, err error) (api.Caller, error) {
	if errors.Is(err, accounts.ErrToken) {
		return api.Caller{}, api.ErrToken
	}
	if err != nil {
		return api.Caller{}, err
	}
	return api.Caller{User: who.User, Name: who.Name, Agency: catalog.AgencyID(who.Agency), Admin: who.Role == accounts.Administrator}, nil
}

// library reads what is on the shelf of a process without a private side.
func (p *portal) library() datasets.Library { return datasets.NewLibrary(p.public) }
