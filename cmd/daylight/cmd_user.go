package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"daylight/catalog"
	"daylight/catalog/accounts"
)

type userCommands struct {
	Add     userAdd     `cmd:"" help:"Add a user of an agency, or an administrator."`
	List    userList    `cmd:"" help:"List users."`
	Disable userDisable `cmd:"" help:"Disable a user; all tokens of it end."`
}

type userAdd struct {
	Data   string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	Name   string `arg:"" help:"Name, unique: a-z, digits and . _ @ -"`
	Agency string `help:"Slug of the agency that the user publishes for." xor:"role" required:""`
	Admin  bool   `help:"An administrator of the portal, of no agency." xor:"role" required:""`
}

func (u *userAdd) Run(ctx context.Context, con *console) (err error) {
	p, err := openBeside(ctx, u.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	role, agency := accounts.Administrator, ""
	if !u.Admin {
		a, err := p.catalog.Agency(ctx, u.Agency)
		if errors.Is(err, catalog.ErrNotFound) {
			return fmt.Errorf("there is no agency with this slug: see /organizations, or add it with POST /api/v1/organizations")
		}
		if err != nil {
			return err
		}
		role, agency = accounts.Publisher, string(a.ID)
	}
	if _, err := p.accounts.AddUser(ctx, accounts.System, u.Name, agency, role); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "Added %s, %s. Give it a token with: daylight token new %s\n", u.Name, role, u.Name)
	return nil
}

type userList struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
}

func (u *userList) Run(ctx context.Context, con *console) (err error) {
	p, err := openBeside(ctx, u.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	users, err := p.accounts.Users(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(con.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tAGENCY\tSINCE\tSTATE")
	for _, one := range users {
		agency, state := "-", "active"
		if one.Agency != "" {
			if a, err := p.catalog.Agency(ctx, one.Agency); err == nil {
				agency = a.Slug
			}
		}
		if !one.Disabled.IsZero() {
			state = "disabled " + one.Disabled.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", one.Name, one.Role, agency, one.Created.Format(time.DateOnly), state)
	}
	return w.Flush()
}

type userDisable struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	Name string `arg:"" help:"Name of the user."`
}

func (u *userDisable) Run(ctx context.Context, con *console) (err error) {
	p, err := openBeside(ctx, u.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.accounts.Disable(ctx, accounts.System, u.Name); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "Disabled %s.\n", u.Name)
	return nil
}

type tokenCommands struct {
	New    tokenNew    `cmd:"" help:"Make a token. It is shown once."`
	List   tokenList   `cmd:"" help:"List a user's tokens."`
	Revoke tokenRevoke `cmd:"" help:"End a token."`
}

type tokenNew struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	User string `arg:"" help:"Name of the user."`
	Days int    `help:"Days until it expires." default:"90"`
}

func (t *tokenNew) Run(ctx context.Context, con *console) (err error) {
	p, err := openBeside(ctx, t.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	expires := time.Now().AddDate(0, 0, t.Days)
	text, err := p.accounts.NewToken(ctx, accounts.System, t.User, expires)
	if err != nil {
		return err
	}
	fmt.Fprintln(con.out, text)
	fmt.Fprintf(con.err, "Keep it: it is not shown again. It ends on %s.\n", expires.Format(time.DateOnly))
	return nil
}

type tokenList struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	User string `arg:"" help:"Name of the user."`
}

func (t *tokenList) Run(ctx context.Context, con *console) (err error) {
	p, err := openBeside(ctx, t.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	tokens, err := p.accounts.Tokens(ctx, t.User)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(con.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TOKEN\tSINCE\tEXPIRES\tSTATE")
	for _, one := range tokens {
		state := "active"
		switch {
		case !one.Revoked.IsZero():
			state = "revoked " + one.Revoked.Format(time.DateOnly)
		case time.Now().After(one.Expires):
			state = "expired"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", one.Prefix, one.Created.Format(time.DateOnly), one.Expires.Format(time.DateOnly), state)
	}
	return w.Flush()
}

type tokenRevoke struct {
	Data   string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	Prefix string `arg:"" help:"The token's beginning, as \"token list\" shows it."`
}

func (t *tokenRevoke) Run(ctx context.Context, con *console) (err error) {
	p, err := openBeside(ctx, t.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.accounts.Revoke(ctx, accounts.System, t.Prefix); err != nil {
		return err
	}
	fmt.Fprintln(con.out, "Revoked.")
	return nil
}
