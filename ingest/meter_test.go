package ingest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"daylight/catalog"
)

// clock is moved by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func handClock() *clock { return &clock{time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)} }

// One file of a million rows and ten columns, at a known speed: what is told is
// true all the way, and when it ends.
func TestMeter(t *testing.T) {
	const rows, cells, size = 1_000_000, 10_000_000, 100_000_000
	c := handClock()
	slow := &pace{own: map[string]float64{ // ten times the usual cost: 5 s, 6 s, 6 s
		catalog.StageExamine: 500, catalog.StageWrite: 600, catalog.StageCheck: 600, catalog.StageClear: 0}}
	m := newMeter(portalStages, slow, c.now)
	if m.Progress() != nil {
		t.Fatal("progress before the begin")
	}
	var seen []string
	var last catalog.Progress
	var told []struct {
		at   time.Time
		left int64
	}
	look := func() {
		t.Helper()
		p := m.Progress()
		if p == nil {
			t.Fatal("no progress")
		}
		if len(seen) == 0 || seen[len(seen)-1] != p.Stage {
			if p.StageNumber != len(seen)+1 {
				t.Errorf("%s is number %d of the stages %v", p.Stage, p.StageNumber, seen)
			}
			seen = append(seen, p.Stage)
		} else if p.DoneBytes < last.DoneBytes || p.Rows < last.Rows {
			t.Errorf("%s went back: %+v after %+v", p.Stage, *p, last)
		}
		if p.TotalBytes > 0 && p.DoneBytes > p.TotalBytes || p.TotalRows > 0 && p.Rows > p.TotalRows || p.Stages != len(portalStages) {
			t.Errorf("more than all: %+v", *p)
		}
		if p.Left != nil {
			if *p.Left < 1 {
				t.Errorf("%d seconds left", *p.Left)
			}
			told = append(told, struct {
				at   time.Time
				left int64
			}{c.at, *p.Left})
		}
		last = *p
	}
	// run goes through a stage in 100 steps.
	run := func(took time.Duration, step func(i int64)) {
		for i := int64(1); i <= 100; i++ {
			c.pass(took / 100)
			step(i)
			look()
		}
	}
	m.begin(catalog.StageReceive, size, 0)
	look()
	run(2*time.Second, func(i int64) { m.add(size/100, 0) })
	run(time.Second, func(i int64) { m.parsed("encoding", i*size/100, 0, size) })
	run(3*time.Second, func(i int64) { m.parsed("structure", i*size/100, i*rows/100, size) })
	if last.BytesPerSecond < 30_000_000 || last.BytesPerSecond > 36_000_000 || last.RowsPerSecond < 300_000 || last.RowsPerSecond > 360_000 {
		t.Errorf("33 MB/s and 333,333 rows/s are told as %d and %d", last.BytesPerSecond, last.RowsPerSecond)
	}
	if len(told) > 0 {
		t.Errorf("time left is told before anybody can know: %v", told[0])
	}
	m.tables(rows, cells)
	run(4*time.Second, func(i int64) { m.add(0, rows/100) })
	// It is a machine on which all takes twice as long as the pace says.
	m.over(catalog.StageExamine)
	run(10*time.Second, func(i int64) { m.add(0, rows/100) })
	m.over(catalog.StageClear)
	look()
	run(12*time.Second, func(i int64) { m.shelf(catalog.StageWrite, i*rows/100, 0) })
	m.shelf(catalog.StageCheck, 0, 3*size)
	run(12*time.Second, func(i int64) { m.shelf(catalog.StageCheck, i*3*size/100, 3*size) })
	m.shelf(catalog.StagePublish, rows, 0)
	look()
	end := c.at
	if !slices.Equal(seen, portalStages) {
		t.Errorf("stages %v", seen)
	}
	if len(told) < 300 {
		t.Fatalf("time left was told %d times", len(told))
	}
	for _, x := range told {
		really := end.Sub(x.at).Seconds()
		off := float64(x.left) / max(really, 1)
		// Before the first stage over cells has run, only the usual pace is known.
		least, most := .75, 1.35
		if really > 30 {
			least = .45
		}
		if really > 3 && (off < least || off > most) {
			t.Errorf("%d s left are told where %.0f are", x.left, really)
		}
	}
	// The next file is foretold by this one.
	if now, usual := slow.of(catalog.StageExamine, cells), 7500*time.Millisecond; now < usual-100*time.Millisecond || now > usual+100*time.Millisecond {
		t.Errorf("the pace is now %s, want half way to 10 s", now)
	}
}

// A packed file has one stage more, and what is read of what came out of it has
// no length that its sender could know.
func TestMeterPacked(t *testing.T) {
	c := handClock()
	m := newMeter(portalStages, nil, c.now)
	m.parsed("unpack", 500, 0, 1000)
	if p := m.Progress(); p.Stage != catalog.StageUnpack || p.StageNumber != 2 || p.Stages != len(portalStages)+1 || p.DoneBytes != 500 || p.TotalBytes != 1000 {
		t.Errorf("unpacking: %+v", p)
	}
	m.parsed("structure", 0, 70_000, 1000)
	p := m.Progress()
	if p.Stage != catalog.StageRead || p.StageNumber != 4 || p.Rows != 70_000 || p.TotalBytes != 0 || p.Left != nil {
		t.Errorf("reading what was unpacked: %+v", p)
	}
	if _, known := p.Share(); known {
		t.Error("the share of an unknown whole is told")
	}
	m.parsed("unpack", 600, 0, 1000) // a second member: time does not run back
	if p := m.Progress(); p.Stage != catalog.StageRead || len(m.stages) != len(portalStages)+1 {
		t.Errorf("back to %s", p.Stage)
	}
	if plain := newMeter(checkStages, nil, c.now); len(plain.stages) != len(checkStages) {
		t.Error("another run got the stage")
	}
}

// A word that no reader of ours says, and a meter that nobody wants.
func TestMeterOfNothing(t *testing.T) {
	m := newMeter(checkStages, nil, handClock().now)
	m.parsed("dialect", 1, 1, 1)
	m.to(5, 5)
	if m.Progress() != nil {
		t.Error("something began")
	}
	var none *Meter
	none.begin(catalog.StageRead, 1, 1)
	none.parsed("structure", 1, 1, 1)
	none.tables(1, 1)
	none.over(catalog.StageExamine)
	none.shelf(catalog.StageWrite, 1, 1)
	none.add(1, 1)
	if none.Progress() != nil {
		t.Error("nobody measures something")
	}
}

// What stops moving is not told at the speed of before.
func TestMeterStall(t *testing.T) {
	c := handClock()
	m := newMeter(checkStages, nil, c.now)
	m.tables(1000, 1000)
	for range 10 {
		c.pass(time.Second)
		m.add(0, 50)
	}
	fast := m.Progress()
	c.pass(90 * time.Second)
	slow := m.Progress()
	if fast.RowsPerSecond != 50 || slow.RowsPerSecond > 6 || *slow.Left <= *fast.Left {
		t.Errorf("%d rows/s and %d s, then %d and %d", fast.RowsPerSecond, *fast.Left, slow.RowsPerSecond, *slow.Left)
	}
}

// Whoever opens the row later, in another process, reads how far it was; what
// cannot be true any more is left out.
func TestProgressInRow(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("tien-do")
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID}, simple)
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter(portalStages, nil, time.Now)
	m.tables(2000, 8000)
	m.add(0, 700)
	tr := o.inbox.track(t.Context(), u.ID, catalog.StateReceived, catalog.StateWorking, m)
	tr.stop()
	s, err := o.inbox.State(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if p := s.Progress; s.State != catalog.StateWorking || s.Stage != catalog.StageConvert || p == nil || p.Rows != 700 || p.TotalRows != 2000 || s.DoneRows != 700 {
		t.Errorf("the row tells %s %s %+v", s.State, s.Stage, p)
	}
	old := s.Progress.Fresh(s.Updated, s.Updated.Add(2*time.Minute))
	if old.Left != nil || old.RowsPerSecond != 0 || old.Rows != 700 {
		t.Errorf("two minutes later: %+v", old)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err = o.inbox.State(t.Context(), u.ID); err != nil || s.State != catalog.StatePublished || s.Progress != nil || s.Stage != "" {
		t.Errorf("at the end: %v, %s, %+v", err, s.State, s.Progress)
	}
	// One that comes late changes nothing.
	tr.write(t.Context(), m.Progress())
	if s, _ = o.inbox.State(t.Context(), u.ID); s.State != catalog.StatePublished || s.Progress != nil {
		t.Errorf("a late word: %s, %+v", s.State, s.Progress)
	}
}

// A real file through the child: every stage in its order, to its end.
func TestMeterOfCheck(t *testing.T) {
	text := []byte("ma;ten;so\n")
	for range 60_000 {
		text = append(text, "0007;Phường Bến Nghé;12\n"...)
	}
	for name, content := range map[string][]byte{"utf-8": text, "utf-16": utf16le(string(text))} {
		t.Run(name, func(t *testing.T) {
			m := CheckMeter()
			f := fileWith(t, string(content))
			ended, looked := make(chan struct{}), make(chan []catalog.Progress)
			go func() {
				var all []catalog.Progress
				for {
					if p := m.Progress(); p != nil {
						all = append(all, *p)
					}
					select {
					case <-ended:
						looked <- all
						return
					case <-time.After(100 * time.Microsecond):
					}
				}
			}()
			c, err := Check(t.Context(), f, "x.csv", CheckOptions{ParseOptions: ParseOptions{Meter: m}, Now: time.Now()})
			close(ended)
			all := <-looked
			if err := errors.Join(err, c.Close()); err != nil {
				t.Fatal(err)
			}
			for i, p := range all {
				if i > 0 && (p.StageNumber < all[i-1].StageNumber || p.StageNumber == all[i-1].StageNumber && (p.Rows < all[i-1].Rows || p.DoneBytes < all[i-1].DoneBytes)) {
					t.Fatalf("%+v after %+v", p, all[i-1])
				}
				if p.Stage == catalog.StageConvert && p.TotalRows != 60_000 {
					t.Fatalf("%d rows in all", p.TotalRows)
				}
				if p.TotalBytes > 0 && p.TotalBytes != int64(len(content)) {
					t.Fatalf("%d bytes in all, sent were %d", p.TotalBytes, len(content))
				}
			}
			if p := m.Progress(); p.Stage != catalog.StageExamine || p.StageNumber != 4 {
				t.Errorf("at the end: %+v", p)
			}
		})
	}
}

func utf16le(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, r := range s { // none of them needs two
		b = append(b, byte(r), byte(r>>8))
	}
	return b
}
