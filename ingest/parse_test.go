package ingest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/ingest/format"
)

func fileWith(t *testing.T, content string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A file whose reader dies, lies or hangs is refused, in bounded time, and
// nothing of it is said.
func TestChildFailures(t *testing.T) {
	quick := ChildLimits{CPU: time.Second, Wall: 2 * time.Second}
	tests := []struct {
		name, code, stage string
		limits            ChildLimits
	}{
		{"burn", "reader-failed", "time", ChildLimits{CPU: time.Second, Wall: time.Minute}},
		{"sleep", "reader-failed", "time", ChildLimits{Wall: 300 * time.Millisecond}},
		{"eat", "reader-failed", "memory", ChildLimits{Memory: 128 << 20}},
		{"panic", "reader-failed", "open", quick},
		{"gopanic", "reader-failed", "crash", quick},
		{"exit", "reader-failed", "crash", quick},
		{"error", "reader-failed", "open", quick},
		{"garbage", "reader-failed", "answer", quick},
		{"endless", "reader-failed", "answer", quick},
		{"escape", "open", "sniff", quick},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "eat" && raceEnabled {
				t.Skip("the race detector's own memory is not bounded")
			}
			t.Parallel()
			start := time.Now()
			p, err := ParseFile(t.Context(), fileWith(t, "!"+tt.name+"\n"), "x.csv", ParseOptions{Limits: tt.limits})
			if err == nil {
				p.Close()
				t.Fatal("parsed")
			}
			var ref *format.Refusal
			if !errors.As(err, &ref) {
				t.Fatalf("error = %v, want a Refusal", err)
			}
			if ref.Code != tt.code || ref.Stage != tt.stage {
				t.Errorf("refused with %s at %s, want %s at %s", ref.Code, ref.Stage, tt.code, tt.stage)
			}
			if strings.Contains(err.Error(), "Nguy") {
				t.Errorf("the error tells a value: %v", err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestChildDiesWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := ParseFile(ctx, fileWith(t, "!burn\n"), "x", ParseOptions{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want the context's", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// Somebody who types the hidden command gets one line, and no hang.
func TestChildByHand(t *testing.T) {
	out, err := exec.Command("/proc/self/exe", childArg).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != childNoOrder {
		t.Errorf("exit = %v, want %d", err, childNoOrder)
	}
	if !strings.Contains(string(out), "starts itself") {
		t.Errorf("said %q", out)
	}
}

func TestParseRefusesWhatIsNoTable(t *testing.T) {
	for name, tt := range map[string]struct{ content, code string }{
		"empty":  {"", "empty"},
		"binary": {"\x7fELF\x02\x01\x01\x00junk\x00\x01\x02", "binary"},
		"pdf":    {"%PDF-1.7\n", "pdf"},
		"html":   {"<!DOCTYPE html><p>x", "html"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseFile(t.Context(), fileWith(t, tt.content), "x.csv", ParseOptions{})
			var ref *format.Refusal
			if !errors.As(err, &ref) || ref.Code != tt.code {
				t.Errorf("error = %v, want %s", err, tt.code)
			}
		})
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := ParseFile(t.Context(), dir, "x", ParseOptions{}); err == nil {
		t.Error("a folder was parsed")
	}
}

// Where the system grants no namespaces the child runs without; the filter and
// the limits hold.
func TestChildWithoutNamespaces(t *testing.T) {
	was := noNamespaces.Swap(true)
	defer noNamespaces.Store(was)
	_, err := ParseFile(t.Context(), fileWith(t, "!escape\n"), "x", ParseOptions{})
	var ref *format.Refusal
	if !errors.As(err, &ref) || ref.Code != "open" {
		t.Errorf("error = %v, want every door shut", err)
	}
}

// A child that cannot even start is the machine's fault, not the file's.
func TestChildCannotStart(t *testing.T) {
	c := &childProcess{cmd: &exec.Cmd{}}
	l := ChildLimits{}.orDefault(1)
	c.limits.Store(&l)
	err := c.verdict(t.Context(), errCut, false)
	if !errors.Is(err, ErrChild) || Refused(err) {
		t.Errorf("dead before it was ready: %v, want ErrChild, which is no refusal", err)
	}
	if err := c.verdict(t.Context(), errCut, true); !Refused(err) {
		t.Errorf("dead after: %v, want a refusal", err)
	}
}

// Many files at once, and a file whose offset is anywhere.
func TestParseFile(t *testing.T) {
	for range 6 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			f := fileWith(t, "ma,so\n001,1\n002,\n")
			f.Seek(5, 0)
			m := CheckMeter()
			p, err := ParseFile(t.Context(), f, "x.csv", ParseOptions{Meter: m})
			if err != nil {
				t.Fatal(err)
			}
			if got := cells(t, p.Tables[0]); len(got) != 2 || got[0][0] != "=001" || got[1][1] != "NULL" {
				t.Errorf("cells = %v", got)
			}
			for _, err := range p.Tables[0].RawRows(t.Context()) {
				if !errors.Is(err, ErrNoRaw) {
					t.Errorf("raw cells that were not asked for: %v", err)
				}
			}
			if now := m.Progress(); now == nil || now.Stage != catalog.StageConvert || now.Rows != 2 || now.TotalRows != 2 {
				t.Errorf("progress %+v", now)
			}
			if err := errors.Join(p.Close(), p.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}
