//go:build failpoints

package store

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A process killed at each point of receiving leaves nothing, or a whole
// original; a start after it needs no help.
func TestKilledWhileSealing(t *testing.T) {
	if dir := os.Getenv("SEAL_TEST"); dir != "" {
		p, err := OpenPrivate(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Seal(t.Context(), "u", []byte(os.Getenv("SEAL_KEY")), strings.NewReader("content"), 99)
		t.Fatalf("it lives on: %v", err)
	}
	for point, whole := range map[string]bool{"receive.created": false, "receive.tmp_synced": false, "receive.renamed": true} {
		dir := t.TempDir()
		p := openPrivateTest(t, dir)
		var wrapped []byte
		for { // an environment variable holds no zero byte
			if wrapped = mustKey(t, p); !strings.Contains(string(wrapped), "\x00") {
				break
			}
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileSealing$")
		cmd.Env = append(os.Environ(), "SEAL_TEST="+dir, "SEAL_KEY="+string(wrapped), "DAYLIGHT_FAIL="+point+":kill")
		out, err := cmd.CombinedOutput()
		if st, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || st.Signal() != syscall.SIGKILL {
			t.Fatalf("%s: %v\n%s", point, err, out)
		}
		p = openPrivateTest(t, dir)
		if _, err := p.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := unsealAll(t.Context(), p, "u", wrapped)
		if whole && string(got) != "content" || !whole && !errors.Is(err, ErrNotExist) {
			t.Errorf("killed at %s: %q, %v", point, got, err)
		}
		if left, _ := os.ReadDir(p.private.tmp); len(left) != 0 {
			t.Errorf("killed at %s: %d files left in tmp", point, len(left))
		}
	}
}

func TestFailErr(t *testing.T) {
	if os.Getenv("FAIL_TEST") != "" {
		for i := range 4 {
			err := FailErr("index.batch")
			if errors.Is(err, ErrFailpoint) != (i >= 2) {
				t.Errorf("time %d: %v", i+1, err)
			}
		}
		if err := FailErr("publish.public"); err != nil {
			t.Error(err)
		}
		return
	}
	for env, code := range map[string]int{"index.batch:error:3": 0, "index.batsh:error": 2, "index.batch": 2, "index.batch:kill:x": 2} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFailErr$")
		cmd.Env = append(os.Environ(), "FAIL_TEST=1", "DAYLIGHT_FAIL="+env)
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != code {
			t.Errorf("%s: exit %d, want %d\n%s", env, cmd.ProcessState.ExitCode(), code, out)
		}
	}
}

// Killed at each step of moving chunks out of the tail and of the end: a second
// process goes on with what is marked, under the same numbers with the same
// bytes, and the original is whole.
func TestKilledWhileMoving(t *testing.T) {
	content := make([]byte, tailBatch+5*sealChunk+9)
	for i := range content {
		content[i] = byte(i / sealChunk * 7)
	}
	send := func(t *testing.T, p Private, wrapped []byte) error {
		parts, err := p.OpenParts(t.Context(), "u", wrapped)
		if err != nil {
			return err
		}
		defer parts.Close()
		if err := parts.Append(t.Context(), bytes.NewReader(content[parts.Offset():]), int64(len(content)), false); err != nil {
			return err
		}
		_, err = parts.Finish(t.Context())
		return err
	}
	if dir := os.Getenv("PARTS_TEST"); dir != "" {
		p, err := OpenPrivate(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(filepath.Join(dir, "test.key"))
		if err != nil {
			t.Fatal(err)
		}
		t.Fatalf("it lives on: %v", send(t, p, key))
	}
	for _, point := range []string{"parts.created:kill", "parts.marked:kill", "parts.sealed:kill", "parts.moved:kill:2", "parts.marked:kill:2", "parts.sealed:kill:2", "parts.moved:kill:3", "parts.whole:kill", "parts.named:kill"} {
		dir := t.TempDir()
		p := openPrivateTest(t, dir)
		wrapped := mustKey(t, p)
		if err := os.WriteFile(filepath.Join(dir, "test.key"), wrapped, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileMoving$")
		cmd.Env = append(os.Environ(), "PARTS_TEST="+dir, "DAYLIGHT_FAIL="+point)
		out, err := cmd.CombinedOutput()
		if st, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || st.Signal() != syscall.SIGKILL {
			t.Fatalf("%s: %v\n%s", point, err, out)
		}
		before, _ := os.ReadFile(filepath.Join(dir, "parts", "u.seal"))
		p = openPrivateTest(t, dir)
		if _, err := p.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := send(t, p, wrapped); err != nil {
			t.Fatalf("%s: %v", point, err)
		}
		got, err := unsealAll(t.Context(), p, "u", wrapped)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("killed at %s: %d bytes of %d, %v", point, len(got), len(content), err)
		}
		// What was sealed before the crash is what is sealed now: no number has two contents.
		if after, _ := os.ReadFile(filepath.Join(dir, "originals", "u")); len(before) > sealHead && !bytes.HasPrefix(after, before) {
			t.Errorf("killed at %s: chunks were sealed otherwise the second time", point)
		}
		if left, _ := os.ReadDir(p.private.tmp); len(left) != 0 {
			t.Errorf("killed at %s: %d files left in tmp", point, len(left))
		}
	}
}
