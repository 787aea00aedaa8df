package store

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeyCommand: the master key comes from a command; what the command says
// when it fails stands in no error, and no key is made in its place.
func TestKeyCommand(t *testing.T) {
	t.Setenv("DAYLIGHT_MASTER_KEY", "")
	dir := t.TempDir()
	command := func(script string) string {
		path := filepath.Join(dir, "fetch-key")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path + " portal $HOME"
	}
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	place := filepath.Join(dir, "private")
	t.Setenv("DAYLIGHT_MASTER_KEY_COMMAND", command(`[ "$1 $2" = 'portal $HOME' ] || exit 1; echo `+key)) // no shell reads it
	p, err := OpenPrivate(t.Context(), place)
	if err != nil || p.KeyMade() {
		t.Fatalf("%v, made %v", err, p.KeyMade())
	}
	name := p.HMAC([]byte("x"))
	for what, script := range map[string]string{"fails": "echo bimatkhoa >&2; echo bimatkhoa; exit 3", "is no key": "echo bimatkhoa", "says nothing": ":", "says too much": "yes bimatkhoa"} {
		t.Setenv("DAYLIGHT_MASTER_KEY_COMMAND", command(script))
		if _, err := OpenPrivate(t.Context(), place); !errors.Is(err, ErrKey) || strings.Contains(err.Error(), "bimatkhoa") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := os.Stat(filepath.Join(place, "master.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
	t.Setenv("DAYLIGHT_MASTER_KEY", key)
	if _, err := OpenPrivate(t.Context(), place); !errors.Is(err, ErrKey) {
		t.Errorf("both are set: %v", err)
	}
	t.Setenv("DAYLIGHT_MASTER_KEY_COMMAND", "")
	if p, err = OpenPrivate(t.Context(), place); err != nil || p.HMAC([]byte("x")) != name {
		t.Errorf("the same key otherwise: %v", err)
	}
}
