package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

func enqueue(t *testing.T, db *PrivateDB, subject string, at time.Time) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx *Tx) error { return Enqueue(t.Context(), tx, "publish", subject, at) }); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, db *PrivateDB, owner string, now time.Time) (Job, bool) {
	t.Helper()
	j, ok, err := db.Claim(t.Context(), Lane{}, owner, now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return j, ok
}

func finish(t *testing.T, db *PrivateDB, j Job) error {
	return db.InTx(t.Context(), func(tx *Tx) error { return db.Finish(t.Context(), tx, j) })
}

func TestJobs(t *testing.T) {
	ctx, db := t.Context(), privateDB(t)
	if _, ok := claim(t, db, "w", noon); ok {
		t.Error("a job out of nothing")
	}
	enqueue(t, db, "second", noon.Add(time.Second))
	enqueue(t, db, "first", noon)
	enqueue(t, db, "first", noon.Add(-time.Hour)) // waits already: left as it is
	a, ok := claim(t, db, "w", noon)
	if !ok || a.Subject != "first" || a.Kind != "publish" || a.Attempts != 1 {
		t.Fatalf("claimed %+v, %v", a, ok)
	}
	if _, ok := claim(t, db, "w", noon); ok {
		t.Error("a job before its time, or one that is leased")
	}
	b, ok := claim(t, db, "w", noon.Add(time.Second))
	if !ok || b.Subject != "second" {
		t.Fatalf("claimed %+v, %v", b, ok)
	}

	if err := db.Retry(ctx, a, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, ok := claim(t, db, "w", noon.Add(30*time.Second)); ok {
		t.Error("a retry before its time")
	}
	if err := db.Bury(ctx, b); err != nil {
		t.Fatal(err)
	}
	a, ok = claim(t, db, "w", noon.Add(2*time.Hour))
	if !ok || a.Subject != "first" || a.Attempts != 2 {
		t.Fatalf("claimed %+v, %v", a, ok)
	}
	if err := finish(t, db, a); err != nil {
		t.Fatal(err)
	}
	if j, ok := claim(t, db, "w", noon.Add(99*time.Hour)); ok {
		t.Errorf("claimed %+v after done and dead", j)
	}
	for _, s := range []string{"first", "second"} { // done and dead can be made ready anew
		enqueue(t, db, s, noon)
		if j, ok := claim(t, db, "w", noon); !ok || j.Subject != s || j.Attempts != 1 {
			t.Errorf("claimed %+v, %v", j, ok)
		}
	}
}

func TestLeaseRunsOut(t *testing.T) {
	ctx, db := t.Context(), privateDB(t)
	enqueue(t, db, "x", noon)
	old, _ := claim(t, db, "w", noon)
	if err := db.Extend(ctx, old, noon.Add(10*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, ok := claim(t, db, "w", noon.Add(9*time.Minute)); ok {
		t.Error("an extended lease was broken")
	}
	// The same name, as after a restart: the lease tells the two apart, not the name.
	now, ok := claim(t, db, "w", noon.Add(10*time.Minute))
	if !ok || now.ID != old.ID || now.Attempts != 2 {
		t.Fatalf("claimed %+v, %v", now, ok)
	}
	for what, err := range map[string]error{
		"extend": db.Extend(ctx, old, noon.Add(time.Hour)),
		"finish": finish(t, db, old),
		"retry":  db.Retry(ctx, old, noon),
		"bury":   db.Bury(ctx, old),
		"never":  db.Bury(ctx, Job{ID: old.ID}),
	} {
		if !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s by the old holder: %v", what, err)
		}
	}
	if err := finish(t, db, now); err != nil {
		t.Errorf("finish by the holder: %v", err)
	}
	if err := finish(t, db, now); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("finish twice: %v", err)
	}
	// Attempts begin anew, leases do not.
	enqueue(t, db, "x", noon)
	if j, _ := claim(t, db, "w", noon); j.Attempts != 1 || j.fence != 3 {
		t.Errorf("claimed %+v", j)
	}
	if err := finish(t, db, old); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("finish by the oldest holder: %v", err)
	}
}

func TestFinishIsOneWithItsWork(t *testing.T) {
	ctx, db := t.Context(), privateDB(t)
	enqueue(t, db, "x", noon)
	j, _ := claim(t, db, "w", noon)
	stop := errors.New("stop")
	err := db.InTx(ctx, func(tx *Tx) error {
		if err := db.Finish(ctx, tx, j); err != nil {
			return err
		}
		return stop
	})
	if err != stop {
		t.Fatal(err)
	}
	if again, ok := claim(t, db, "w", noon.Add(time.Hour)); !ok || again.ID != j.ID {
		t.Error("the job was done although its work was not")
	}
}

func TestNoTwoHoldOneJob(t *testing.T) {
	// Two handles of one file, as two processes have them.
	db := privateDB(t)
	other, err := OpenPrivateDB(t.Context(), "sqlite:"+db.private.path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	const jobs = 60
	for i := range jobs {
		enqueue(t, db, fmt.Sprint(i), noon)
	}
	var mu sync.Mutex // guards seen
	seen := map[string]int{}
	var wg sync.WaitGroup
	for i := range 6 {
		at := []*PrivateDB{db, other}[i%2]
		wg.Go(func() {
			for {
				j, ok := claim(t, at, fmt.Sprint("w", i), noon)
				if !ok {
					return
				}
				mu.Lock()
				seen[j.Subject]++
				mu.Unlock()
				if err := finish(t, at, j); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != jobs {
		t.Errorf("%d of %d jobs ran", len(seen), jobs)
	}
	for s, n := range seen {
		if n != 1 {
			t.Errorf("job %s ran %d times", s, n)
		}
	}
}

// TestLanes: a lane gives its own jobs only.
func TestLanes(t *testing.T) {
	ctx, db := t.Context(), privateDB(t)
	enqueue(t, db, "x", noon)
	if _, ok, err := db.Claim(ctx, Lane{Kind: "fetch"}, "w", noon, time.Minute); ok || err != nil {
		t.Errorf("a job of another kind: %v, %v", ok, err)
	}
	if _, ok, err := db.Claim(ctx, Lane{Kind: "publish", Others: true}, "w", noon, time.Minute); ok || err != nil {
		t.Errorf("a job of the kind that is left out: %v, %v", ok, err)
	}
	for _, lane := range []Lane{{Kind: "publish"}, {Kind: "fetch", Others: true}} {
		j, ok, err := db.Claim(ctx, lane, "w", noon, time.Minute)
		if !ok || err != nil {
			t.Fatalf("%+v: %v, %v", lane, ok, err)
		}
		if err := db.Retry(ctx, j, noon); err != nil {
			t.Fatal(err)
		}
	}
}
