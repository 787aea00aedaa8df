package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daylight/catalog/codes"
)

// command runs the program's command line.
func command(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String() + stderr.String()
}

// An administrator loads a commune list; what is wrong with it is told line by
// line, and what is not in it is said to be unknown.
func TestCodesCommands(t *testing.T) {
	data := t.TempDir()
	p, err := openPortal(t.Context(), data, slog.New(slog.DiscardHandler))
	if err == nil {
		err = p.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(t.TempDir(), "communes.csv")
	if err := os.WriteFile(good, codes.SampleCommunes, 0o644); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte(strings.Replace(string(codes.SampleCommunes), "31081,", "31O81,", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	source := []string{"--data", data, "--source", "Nghị quyết 1654/NQ-UBTVQH15", "--date", "2025-06-16"}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing loaded", []string{"codes", "list", "--data", data}, exitOK, "not loaded"},
		{"a list with a fault", append([]string{"codes", "load", bad}, source...), exitRefused, "line 3, old_code: is not a code of five digits"},
		{"no day", []string{"codes", "load", good, "--data", data, "--source", "x", "--date", "hôm qua"}, exitFailed, "2025-07-01"},
		{"only checked", append([]string{"codes", "load", good, "--check"}, source...), exitOK, "9 lines, nothing against them"},
		{"still nothing", []string{"codes", "show", "communes", "--data", data}, exitFailed, "nothing is known"},
		{"loaded", append([]string{"codes", "load", good}, source...), exitOK, "Version 1 of the commune list is in force: 9 lines"},
		{"again", append([]string{"codes", "load", good}, source...), exitOK, "in force already, as version 1"},
		{"listed", []string{"codes", "list", "--data", data}, exitOK, "Nghị quyết 1654/NQ-UBTVQH15"},
		{"one commune", []string{"codes", "show", "communes", "31081", "--data", data}, exitOK, "Đặc khu Phú Quốc"},
		{"an unknown commune", []string{"codes", "show", "communes", "00001", "--data", data}, exitFailed, "nothing is known"},
		{"a province", []string{"codes", "show", "former-administrative-units", "74", "--data", data}, exitOK, "Bình Dương"},
		{"no list", []string{"codes", "show", "xyzzy", "--data", data}, exitFailed, "codes list"},
	} {
		if code, out := command(t, c.args...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit %d, want %d; says\n%s", c.name, code, c.code, out)
		}
	}
	p, err = openBeside(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	loaded := 0
	for e, err := range p.workDB.AuditLog(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == "codes.load" {
			loaded++
		}
	}
	if loaded == 0 {
		t.Error("the audit does not say that a list was loaded")
	}
}
