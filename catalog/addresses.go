package catalog

import (
	"context"
	"fmt"
	"time"
)

// An Address is what a list of pages says of one: what names it in its path,
// and when it last changed.
type Address struct {
	Name     string
	Modified time.Time
}

// Addresses gives the slugs of public datasets in the order of ids, so that a
// dataset that comes moves others by one place at most.
func (s *Store) Addresses(ctx context.Context, from, n int) ([]Address, error) {
	return s.addresses(ctx, `SELECT slug, modified_at FROM datasets ORDER BY id LIMIT $1 OFFSET $2`, n, from)
}

// RegisterAddresses gives the ids of the entries of the register of what is
// withheld, ended ones too: their pages stay.
func (s *Store) RegisterAddresses(ctx context.Context, from, n int) ([]Address, error) {
	return s.addresses(ctx, `SELECT id, modified_at FROM withholdings ORDER BY id LIMIT $1 OFFSET $2`, n, from)
}

func (s *Store) addresses(ctx context.Context, query string, args ...any) ([]Address, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	defer rows.Close()
	var out []Address
	for rows.Next() {
		var a Address
		if err := rows.Scan(&a.Name, &a.Modified); err != nil {
			return nil, fmt.Errorf("list addresses: %w", err)
		}
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return out, nil
}

// CountAddresses counts what Addresses and RegisterAddresses list.
func (s *Store) CountAddresses(ctx context.Context) (datasets, register int, err error) {
	err = s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM datasets), (SELECT count(*) FROM withholdings)`).Scan(&datasets, &register)
	if err != nil {
		return 0, 0, fmt.Errorf("count addresses: %w", err)
	}
	return datasets, register, nil
}
