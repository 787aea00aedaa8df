package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"daylight/catalog/codes"
	"daylight/store"
)

// communeList is the name of the commune list in the database.
const communeList = "communes"

// A CommuneList is one version of the commune list, as an administrator loaded
// it. The zero CommuneList is what there is before one was.
type CommuneList struct {
	Version int // from 1
	Loaded  time.Time
	Source  string // who says so
	Stated  string // day of the source, ISO 8601
	SHA256  string // of the file, hex
	Lines   int
	Changes []codes.CommuneChange // nil where only the list was asked for
}

// Check says what keeps the list out.
func (l CommuneList) Check() error {
	if len(l.Changes) == 0 || l.SHA256 == "" || l.Loaded.IsZero() {
		return errors.New("commune list: lines, their hash and a time are needed")
	}
	if l.Source != tidy(l.Source) || l.Source == "" || len(l.Source) > 1000 || textFault(l.Source, false) != "" {
		return errors.New("commune list: say who states it, in one line of plain text")
	}
	if _, err := time.Parse(time.DateOnly, l.Stated); err != nil {
		return errors.New("commune list: the day of the source is written as 2025-07-01")
	}
	return nil
}

// PutCommunes makes l.Changes the list in force, as a new version, in one
// transaction. The list in force, loaded again, makes none: same is true then.
// The changes must come from codes.ReadCommunes.
func (s *Store) PutCommunes(ctx context.Context, l CommuneList) (version int, same bool, err error) {
	if err := l.Check(); err != nil {
		return 0, false, err
	}
	err = s.db.InTx(ctx, func(tx *store.Tx) error {
		var sum, source, stated string
		err := tx.QueryRow(ctx, `SELECT version, sha256, source, stated_on FROM code_lists WHERE list = $1 ORDER BY version DESC LIMIT 1`,
			communeList).Scan(&version, &sum, &source, &stated)
		if err != nil && !errors.Is(err, store.ErrNoRows) {
			return err
		}
		if same = sum == l.SHA256 && source == l.Source && stated == l.Stated; same {
			return nil
		}
		version++
		if _, err := tx.Exec(ctx, `INSERT INTO code_lists (list, version, loaded_at, source, stated_on, sha256, row_count) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			communeList, version, l.Loaded, l.Source, l.Stated, l.SHA256, len(l.Changes)); err != nil {
			return err
		}
		for i, c := range l.Changes {
			if _, err := tx.Exec(ctx, `INSERT INTO commune_changes (version, line, old_code, old_name, old_name_en, old_district_code, old_district_name,
					old_province_code, new_code, new_name, new_name_en, new_province_code, change, valid_from, legal_basis)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
				version, i+1, c.OldCode, c.OldName, c.OldNameEN, c.OldDistrictCode, c.OldDistrictName, c.OldProvinceCode,
				c.NewCode, c.NewName, c.NewNameEN, c.NewProvinceCode, c.Change, c.ValidFrom, c.LegalBasis); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, false, fmt.Errorf("put commune list: %w", err)
	}
	return version, same, nil
}

// CommuneVersions lists every version of the commune list, newest first,
// without its lines.
func (s *Store) CommuneVersions(ctx context.Context) ([]CommuneList, error) {
	rows, err := s.db.Query(ctx, `SELECT version, loaded_at, source, stated_on, sha256, row_count FROM code_lists WHERE list = $1 ORDER BY version DESC`, communeList)
	if err != nil {
		return nil, fmt.Errorf("list commune lists: %w", err)
	}
	defer rows.Close()
	var out []CommuneList
	for rows.Next() {
		var l CommuneList
		if err := rows.Scan(&l.Version, &l.Loaded, &l.Source, &l.Stated, &l.SHA256, &l.Lines); err != nil {
			return nil, fmt.Errorf("list commune lists: %w", err)
		}
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list commune lists: %w", err)
	}
	return out, nil
}

// Communes is the commune list in force with its lines; the zero list when
// none was loaded.
func (s *Store) Communes(ctx context.Context) (CommuneList, error) {
	versions, err := s.CommuneVersions(ctx)
	if err != nil || len(versions) == 0 {
		return CommuneList{}, err
	}
	l := versions[0]
	rows, err := s.db.Query(ctx, `SELECT old_code, old_name, old_name_en, old_district_code, old_district_name, old_province_code,
			new_code, new_name, new_name_en, new_province_code, change, valid_from, legal_basis
		FROM commune_changes WHERE version = $1 ORDER BY line`, l.Version)
	if err != nil {
		return CommuneList{}, fmt.Errorf("read commune list: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c codes.CommuneChange
		if err := rows.Scan(&c.OldCode, &c.OldName, &c.OldNameEN, &c.OldDistrictCode, &c.OldDistrictName, &c.OldProvinceCode,
			&c.NewCode, &c.NewName, &c.NewNameEN, &c.NewProvinceCode, &c.Change, &c.ValidFrom, &c.LegalBasis); err != nil {
			return CommuneList{}, fmt.Errorf("read commune list: %w", err)
		}
		l.Changes = append(l.Changes, c)
	}
	if err := rows.Err(); err != nil {
		return CommuneList{}, fmt.Errorf("read commune list: %w", err)
	}
	return l, nil
}
