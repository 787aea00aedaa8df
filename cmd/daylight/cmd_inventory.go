package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"daylight/catalog/inventory"
)

type inventoryCommands struct {
	Export  inventoryExport  `cmd:"" help:"Fetch your agency's datasets as a table, drafts included."`
	Preview inventoryPreview `cmd:"" help:"Say what a table would change, and change nothing."`
	Apply   inventoryApply   `cmd:"" help:"Apply a table, all of it or nothing, as its preview showed it."`
}

// portalAddress is where the commands speak to.
type portalAddress struct {
	Server string `help:"Address of the portal." default:"http://127.0.0.1:8080" env:"DAYLIGHT_SERVER"`
}

func (p portalAddress) client() (*client, error) {
	token := os.Getenv("DAYLIGHT_TOKEN")
	if token == "" {
		return nil, fmt.Errorf("no token: set DAYLIGHT_TOKEN to a token of your agency")
	}
	server, err := url.Parse(strings.TrimRight(p.Server, "/"))
	if err != nil || server.Host == "" {
		return nil, fmt.Errorf("--server must be an address such as https://data.example.gov.vn")
	}
	return &client{base: server, token: token}, nil
}

type inventoryExport struct {
	portalAddress
	Out   string `help:"File to write; default: standard output." type:"path"`
	Excel bool   `help:"For Excel: with a mark that it reads as UTF-8, and so that it calculates no cell."`
}

func (e *inventoryExport) Run(ctx context.Context, con *console) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	path := "/api/v1/inventory.csv"
	if e.Excel {
		path += "?bom=1&excel=1"
	}
	res, err := c.ask(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		return refusal(res.StatusCode, raw)
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("the portal's answer was cut: %w", err)
	}
	if e.Out == "" {
		_, err = con.out.Write(raw)
		return err
	}
	return os.WriteFile(e.Out, raw, 0o644)
}

type inventoryPreview struct {
	portalAddress
	File string `arg:"" help:"The table: CSV." type:"existingfile"`
}

func (p *inventoryPreview) Run(ctx context.Context, con *console) error {
	found, _, err := sendInventory(ctx, p.portalAddress, p.File, "")
	if err != nil {
		return err
	}
	tellInventory(con.out, found)
	if found.Problems > 0 {
		return &exitError{code: exitRefused}
	}
	if found.Changed+found.New > 0 {
		fmt.Fprintf(con.out, "\nTo apply it: daylight inventory apply %q --digest %s\n", p.File, found.Digest)
	}
	return nil
}

type inventoryApply struct {
	portalAddress
	File   string `arg:"" help:"The table: CSV." type:"existingfile"`
	Digest string `help:"What the preview of this table said at its end." required:""`
}

func (a *inventoryApply) Run(ctx context.Context, con *console) error {
	found, status, err := sendInventory(ctx, a.portalAddress, a.File, a.Digest)
	if err != nil {
		return err
	}
	switch {
	case found.Applied:
		fmt.Fprintf(con.out, "Applied: %d changed, %d new, %d changed in public.\n", found.Changed, found.New, found.Public)
		return nil
	case status == http.StatusConflict:
		tellInventory(con.out, found)
		fmt.Fprintf(con.err, "Not applied: this is not the difference of that digest. Look at it, then apply it with --digest %s\n", found.Digest)
	default:
		tellInventory(con.out, found)
		fmt.Fprintln(con.err, "Not applied: put the problems right first.")
	}
	return &exitError{code: exitRefused}
}

// sendInventory sends a table; also an answer of 409 or 422 may be a preview.
func sendInventory(ctx context.Context, at portalAddress, file, digest string) (inventory.Preview, int, error) {
	var p inventory.Preview
	c, err := at.client()
	if err != nil {
		return p, 0, err
	}
	table, err := os.ReadFile(file)
	if err != nil {
		return p, 0, err
	}
	path := "/api/v1/inventory"
	if digest != "" {
		path += "?apply=" + url.QueryEscape(digest)
	}
	res, err := c.ask(ctx, http.MethodPost, path, "text/csv", bytes.NewReader(table))
	if err != nil {
		return p, 0, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return p, 0, fmt.Errorf("the portal's answer was cut: %w", err)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") || res.StatusCode >= 400 && res.StatusCode != http.StatusConflict && res.StatusCode != http.StatusUnprocessableEntity {
		return p, res.StatusCode, refusal(res.StatusCode, raw)
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, res.StatusCode, fmt.Errorf("the portal's answer is not JSON: is --server right?")
	}
	return p, res.StatusCode, nil
}

// tellInventory writes a difference for people, field by field.
func tellInventory(w io.Writer, p inventory.Preview) {
	fmt.Fprintf(w, "%d rows: %d unchanged, %d changed, %d new, %d with problems.\n", p.Total, p.Unchanged, p.Changed, p.New, p.Problems)
	for _, r := range p.Rows {
		public := ""
		if r.Public {
			public = ", public at once"
		}
		fmt.Fprintf(w, "row %d, %s: %s%s\n", r.Row, r.Slug, r.What, public)
		for _, q := range r.Problems {
			kind := "  ! "
			if q.Warning {
				kind = "  ~ "
			}
			fmt.Fprintf(w, "%s%s: %s\n", kind, q.Field, q.EN)
		}
		for _, c := range r.Changes {
			fmt.Fprintf(w, "  %s: %q -> %q\n", c.Field, c.Before, c.After)
		}
	}
}
