package ingest

import (
	"context"
	"time"

	"daylight/catalog"
	"daylight/privacy"
)

// setting is what plans of this portal are applied in, in jobs and previews
// alike: the time, whether there is a release already and one about persons,
// and the hierarchies by name, with the commune list that is in force now. The
// list is read when a plan asks for a hierarchy, once for all its columns.
func (in *Inbox) setting(ctx context.Context, id catalog.DatasetID, now time.Time) (privacy.Setting, error) {
	earlier, err := in.hasRelease(ctx, id)
	if err != nil {
		return privacy.Setting{}, err
	}
	persons, err := in.catalog.HasPersons(ctx, id)
	if err != nil {
		return privacy.Setting{}, err
	}
	var find func(string) (privacy.Hierarchy, error)
	return privacy.Setting{Now: now, Earlier: earlier, EarlierPersons: persons, Hierarchies: func(name string) (privacy.Hierarchy, error) {
		if find == nil {
			list, err := in.catalog.Communes(ctx)
			if err != nil {
				return nil, err
			}
			find = Hierarchies(list.Changes)
		}
		return find(name)
	}}, nil
}
