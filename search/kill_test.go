package search

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// TestMain is also the process that gets killed: it builds and follows an index
// until then.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DAYLIGHT_TEST_INDEX"); dir != "" {
		err := killed(dir, os.Getenv("DAYLIGHT_TEST_DB"))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func killed(dir, db string) error {
	ctx := context.Background()
	public, err := store.OpenPublicDB(ctx, "sqlite:"+db, true)
	if err != nil {
		return err
	}
	x, err := Open(dir, catalog.NewStore(public), Options{})
	if err != nil {
		return err
	}
	fmt.Println("open")
	for {
		for range 20 {
			if err := x.Sync(ctx); err != nil {
				return err
			}
			time.Sleep(2 * time.Millisecond)
		}
		if err := x.Rebuild(ctx); err != nil {
			return err
		}
	}
}

// Killed at any moment, the index is in step after the next Sync.
func TestKill(t *testing.T) {
	p := library(t)
	for i := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "DAYLIGHT_TEST_INDEX="+p.dir, "DAYLIGHT_TEST_DB="+p.path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 8)); err != nil {
			t.Fatalf("the other process did not come up: %v", err)
		}
		p.publish(fmt.Sprintf("moi-%d", i), catalog.Dataset{Title: catalog.Text{"vi": fmt.Sprintf("Dân số qqq %d", i)}}, "Số")
		time.Sleep(time.Duration(i*i) * 2 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()

		x, err := Open(p.dir, p.catalogue, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := x.Check(t.Context()); err != nil {
			t.Errorf("kill %d: %v", i, err)
		}
		if page := p.find(x, catalog.Query{Words: "dân số qqq"}); page.Stale || page.Total != i+1 {
			t.Errorf("kill %d: stale %v, %d hits", i, page.Stale, page.Total)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
