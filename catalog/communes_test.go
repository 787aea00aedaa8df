package catalog_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// A commune list is versioned: the newest is in force, the older ones are
// remembered, and the same one again changes nothing.
func TestCommuneList(t *testing.T) {
	s := newBench(t).store
	if l, err := s.Communes(t.Context()); err != nil || l.Version != 0 || l.Changes != nil {
		t.Fatalf("before one is loaded: %+v, %v", l, err)
	}
	changes, problems := codes.ReadCommunes(bytes.NewReader(codes.SampleCommunes))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	first := catalog.CommuneList{Loaded: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Source: "Nghị quyết 1654/NQ-UBTVQH15", Stated: "2025-06-16", SHA256: "aa", Changes: changes}
	for i, want := range []struct {
		version int
		same    bool
	}{{1, false}, {1, true}} {
		version, same, err := s.PutCommunes(t.Context(), first)
		if err != nil || version != want.version || same != want.same {
			t.Errorf("time %d: version %d, same %v, %v", i+1, version, same, err)
		}
	}
	second := first
	second.SHA256, second.Changes = "bb", changes[:3]
	if version, same, err := s.PutCommunes(t.Context(), second); err != nil || version != 2 || same {
		t.Errorf("another list: version %d, same %v, %v", version, same, err)
	}
	got, err := s.Communes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second.Version, second.Lines = 2, 3
	if d := cmp.Diff(second, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	versions, err := s.CommuneVersions(t.Context())
	if err != nil || len(versions) != 2 || versions[0].Version != 2 || versions[1].Lines != 9 {
		t.Errorf("%+v, %v", versions, err)
	}
	for _, bad := range []catalog.CommuneList{{}, {Loaded: first.Loaded, SHA256: "cc", Changes: changes, Stated: "2025-07-01"},
		{Loaded: first.Loaded, SHA256: "cc", Changes: changes, Source: "x", Stated: "1/7/2025"}} {
		if _, _, err := s.PutCommunes(t.Context(), bad); err == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
}
