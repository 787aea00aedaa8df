package ingest

import (
	"slices"
	"sync"
	"time"

	"daylight/catalog"
)

// A Meter measures one run over one file: which stage it is in, how much of
// that is done, how fast, and how long it may still take. The code that does
// the work counts into it; whoever wants to know asks, as often as they like.
// A nil Meter counts nothing. Safe for concurrent use.
type Meter struct {
	now  func() time.Time
	pace *pace

	mu     sync.Mutex
	stages []string  // of this run, in order
	at     int       // index of the present one; -1: not begun
	began  time.Time // the run
	since  time.Time // the present stage
	bytes  count
	rows   count
	cells  int64         // of all tables; 0: not known yet
	size   int64         // rows of all tables
	spent  time.Duration // in the stages over cells that are finished
	meant  time.Duration // what was expected of those
	window []mark        // of the present stage, oldest first
	begun  []StageBegun
}

// count is done of all; all 0: not known.
type count struct{ done, all int64 }

// to counts up to n, never back and never past the end.
func (c *count) to(n int64) {
	if c.all > 0 {
		n = min(n, c.all)
	}
	c.done = max(c.done, n)
}

type mark struct {
	at          time.Time
	bytes, rows int64
}

// Rates are of the last ten seconds, by samples a quarter of a second apart.
// Nothing is told of what has run for less than half a second, and no time left
// before two.
const (
	windowOf  = 10 * time.Second
	sampleGap = 250 * time.Millisecond
	rateAfter = 500 * time.Millisecond
	leftAfter = 2 * time.Second
)

// Stages of the runs there are.
var (
	checkStages    = []string{catalog.StageRecognise, catalog.StageRead, catalog.StageConvert, catalog.StageExamine}
	ingestStages   = append(checkStages[:4:4], catalog.StageClear, catalog.StageWrite, catalog.StageCheck, catalog.StagePublish)
	portalStages   = append([]string{catalog.StageReceive}, ingestStages...)
	rehearseStages = append([]string{catalog.StageReceive}, append(checkStages[:4:4], catalog.StageClear)...)
)

// CheckMeter measures a Check.
func CheckMeter() *Meter { return newMeter(checkStages, nil, time.Now) }

// OfflineMeter measures an Offline.
func OfflineMeter() *Meter { return newMeter(ingestStages, nil, time.Now) }

// SendMeter measures a file on its way to a portal; Reach moves it.
func SendMeter(size int64) *Meter {
	m := newMeter([]string{catalog.StageSend}, nil, time.Now)
	m.begin(catalog.StageSend, size, 0)
	return m
}

// Reach says that so many bytes of the stage are done; fewer than before change
// nothing.
func (m *Meter) Reach(bytes int64) { m.to(bytes, 0) }

// newMeter measures a run through these stages; p may be nil.
func newMeter(stages []string, p *pace, now func() time.Time) *Meter {
	if p == nil {
		p = &pace{}
	}
	return &Meter{now: now, pace: p, stages: stages, at: -1}
}

// stageOf are the stages of the readers' own words. Of conversion the rows that
// have arrived are counted instead; others last too short to be told.
var stageOf = map[string]string{
	"unpack":    catalog.StageUnpack,
	"encoding":  catalog.StageRecognise,
	"structure": catalog.StageRead,
}

// begin enters a stage; totals are 0 where they are not known. The present
// stage, or an earlier one, is not entered again: several tables go through the
// stages one after the other, and time does not run back.
func (m *Meter) begin(stage string, bytes, rows int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	next := m.index(stage)
	if next <= m.at {
		return
	}
	now := m.now()
	if m.at < 0 {
		m.began = now
	} else {
		m.finish(now)
	}
	m.begun = append(m.begun, StageBegun{stage, now})
	m.at, m.since, m.window = next, now, append(m.window[:0], mark{at: now})
	m.bytes, m.rows = count{all: max(bytes, 0)}, count{all: max(rows, 0)}
}

// StageBegun says when a stage began; the one before it was over then.
type StageBegun struct {
	Stage string
	At    time.Time
}

// Begun lists the stages so far.
func (m *Meter) Begun() []StageBegun {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.begun)
}

// index finds a stage of this run. Unpacking is one only where it happens.
func (m *Meter) index(stage string) int {
	for i, s := range m.stages {
		if s == stage {
			return i
		}
	}
	if stage == catalog.StageUnpack && m.at <= 0 {
		first := 0
		if m.stages[0] == catalog.StageReceive {
			first = 1
		}
		if m.at < first {
			m.stages = append(append(append([]string{}, m.stages[:first]...), stage), m.stages[first:]...)
			return first
		}
	}
	return -1
}

// finish takes the time of the present stage down.
func (m *Meter) finish(now time.Time) {
	stage, took := m.stages[m.at], now.Sub(m.since)
	if usual := m.pace.of(stage, m.cells); usual > 0 {
		m.spent, m.meant = m.spent+took, m.meant+usual
		m.pace.learn(stage, m.cells, took)
	}
}

// to says how far the present stage has come.
func (m *Meter) to(bytes, rows int64) { m.count(bytes, rows, false) }

// add says how much more of it is done.
func (m *Meter) add(bytes, rows int64) { m.count(bytes, rows, true) }

func (m *Meter) count(bytes, rows int64, more bool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at < 0 {
		return
	}
	if more {
		bytes, rows = bytes+m.bytes.done, rows+m.rows.done
	}
	m.bytes.to(bytes)
	m.rows.to(rows)
	now := m.now()
	if now.Sub(m.window[len(m.window)-1].at) < sampleGap {
		return
	}
	m.window = append(m.window, mark{now, m.bytes.done, m.rows.done})
	old := 0
	for old < len(m.window)-2 && now.Sub(m.window[old].at) > windowOf {
		old++
	}
	m.window = append(m.window[:0], m.window[old:]...)
}

// parsed takes a reader's word of how far it is; size is that of its file.
func (m *Meter) parsed(word string, bytes, rows, size int64) {
	if stage, known := stageOf[word]; m != nil && known {
		m.begin(stage, size, 0)
		m.to(bytes, rows)
	}
}

// tables says what the file turned out to hold.
func (m *Meter) tables(rows, cells int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.size, m.cells = rows, cells
	m.mu.Unlock()
	m.begin(catalog.StageConvert, 0, rows)
}

// over enters a stage that goes through the rows of all tables.
func (m *Meter) over(stage string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	rows := m.size
	m.mu.Unlock()
	m.begin(stage, 0, rows)
}

// shelf takes the word of a shelf that publishes.
func (m *Meter) shelf(stage string, done, all int64) {
	if m == nil {
		return
	}
	if stage == catalog.StageCheck {
		m.begin(stage, all, 0)
		m.to(done, 0)
		return
	}
	m.over(stage)
	m.to(0, done)
}

// Progress is how far the run has come; nil before it has begun.
func (m *Meter) Progress() *catalog.Progress {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at < 0 {
		return nil
	}
	now := m.now()
	p := &catalog.Progress{Stage: m.stages[m.at], StageNumber: m.at + 1, Stages: len(m.stages),
		DoneBytes: m.bytes.done, TotalBytes: m.bytes.all, Rows: m.rows.done, TotalRows: m.rows.all, Elapsed: int64(now.Sub(m.began) / time.Second)}
	if p.DoneBytes == 0 {
		p.TotalBytes = 0 // not begun, or its reader reads something made of the file
	}
	bytes, rows := m.rates(now)
	p.BytesPerSecond, p.RowsPerSecond = int64(bytes), int64(rows)
	if left, ok := m.left(p, now, bytes, rows); ok && now.Sub(m.began) >= leftAfter {
		seconds := max(1, int64((left+time.Second-1)/time.Second))
		p.Left = &seconds
	}
	return p
}

// rates are a second's bytes and rows of late. What has stopped moving grows
// slower with every look, so that nobody is told the speed of long ago.
func (m *Meter) rates(now time.Time) (bytes, rows float64) {
	first := m.window[0]
	took := now.Sub(first.at)
	if took < rateAfter {
		return 0, 0
	}
	return float64(m.bytes.done-first.bytes) / took.Seconds(), float64(m.rows.done-first.rows) / took.Seconds()
}

// left estimates the time until the end: of this stage by its own rate, of the
// later ones by what a cell usually costs there, and by how much slower or
// faster than usual this run has been. Before the number of cells is known
// nothing is: a packed file does not tell its rows.
func (m *Meter) left(p *catalog.Progress, now time.Time, bytes, rows float64) (time.Duration, bool) {
	if m.cells == 0 && m.at < len(m.stages)-1 {
		return 0, false
	}
	stage, took := m.stages[m.at], now.Sub(m.since)
	usual := m.pace.of(stage, m.cells)
	spent, meant := m.spent, m.meant
	var here time.Duration
	switch share, known := p.Share(); {
	case known && share > 0.02 && took >= rateAfter && rows+bytes > 0:
		if p.TotalRows > 0 && rows > 0 {
			here = seconds(float64(p.TotalRows-p.Rows) / rows)
		} else if bytes > 0 {
			here = seconds(float64(p.TotalBytes-p.DoneBytes) / bytes)
		}
		if usual > 0 {
			spent, meant = spent+took, meant+time.Duration(share*float64(usual))
		}
	case usual > 0:
		here = max(slowed(usual, spent, meant)-took, 0)
	default:
		return 0, false
	}
	var later time.Duration
	for _, s := range m.stages[m.at+1:] {
		later += m.pace.of(s, m.cells)
	}
	return here + slowed(later, spent, meant), true
}

// slowed is what a usual time becomes in a run that took spent for what was
// meant to take meant.
func slowed(usual, spent, meant time.Duration) time.Duration {
	if spent < time.Second || meant <= 0 {
		return usual
	}
	return time.Duration(float64(usual) * float64(spent) / float64(meant))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// pace is what a cell costs in each stage that goes over all cells, on this
// machine: what was measured on ours at first, and what each run has shown
// since. The zero pace works.
type pace struct {
	mu  sync.Mutex
	own map[string]float64 // nanoseconds a cell; guarded by mu
}

// usualPace is in nanoseconds a cell; see docs/ingest.md for how it was
// measured. Stages that are not here are over in no time, or go by the file's
// bytes, and their costs depend on its format.
var usualPace = map[string]float64{
	catalog.StageClear: 1,
	catalog.StageWrite: 120,
	catalog.StageCheck: 110,
}

func (p *pace) of(stage string, cells int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	ns, ok := p.own[stage]
	if !ok {
		ns = usualPace[stage]
	}
	return time.Duration(ns * float64(cells))
}

// learn moves half way to what a run took. Short ones say little.
func (p *pace) learn(stage string, cells int64, took time.Duration) {
	if took < time.Second || cells == 0 {
		return
	}
	ns := (p.of(stage, cells).Seconds() + took.Seconds()) / 2 * 1e9 / float64(cells)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own == nil {
		p.own = map[string]float64{}
	}
	p.own[stage] = ns
}
