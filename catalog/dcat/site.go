package dcat

import (
	"context"
	"fmt"
	"maps"
	"time"

	"daylight/catalog"
)

// A Site is the portal as its catalogue presents it.
type Site struct {
	BaseURL     string // public address without slash at the end: never from a request
	Title       catalog.Text
	Description catalog.Text
	Publisher   catalog.Agency // who runs the portal
	Issued      time.Time      // when the catalogue was first published
	Modified    time.Time      // the last change in it
	// Agencies are all that the datasets of a document may belong to. A document
	// that speaks of another is refused.
	Agencies map[catalog.AgencyID]catalog.Agency
}

// At is the site as the catalogue stands now: its agencies and the time of its
// last change. Issued is the first change where it was not given.
func (s Site) At(ctx context.Context, cat *catalog.Store) (Site, error) {
	list, err := cat.Agencies(ctx)
	if err != nil {
		return s, fmt.Errorf("read agencies: %w", err)
	}
	s.Agencies = maps.Clone(s.Agencies)
	if s.Agencies == nil {
		s.Agencies = map[catalog.AgencyID]catalog.Agency{}
	}
	for _, a := range list {
		s.Agencies[a.ID] = a.Agency
	}
	if _, at, err := cat.LastChange(ctx); err != nil {
		return s, fmt.Errorf("read last change: %w", err)
	} else if !at.IsZero() {
		s.Modified = at
	}
	if s.Issued.IsZero() {
		for c, err := range cat.Changes(ctx, 0) {
			if err != nil {
				return s, fmt.Errorf("read first change: %w", err)
			}
			s.Issued = c.At
			break
		}
	}
	if s.Modified.IsZero() {
		s.Modified = s.Issued
	}
	return s, nil
}
