package store

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestMain lets the test binary be the second process: with LOCK_TEST=dir it
// takes the lock, says so, and sits on it until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCK_TEST"); dir != "" {
		if _, err := LockPrivate(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestLockAgainstAnotherProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private") // not there yet
	start := func() (*exec.Cmd, string) {
		t.Helper()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "LOCK_TEST="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return cmd, line
	}
	other, said := start()
	if said != "locked\n" {
		t.Fatalf("the other process says %q", said)
	}
	began := time.Now()
	_, err := LockPrivate(dir)
	var held *Held
	if !errors.As(err, &held) || held.PID != other.Process.Pid || held.Dir != dir {
		t.Fatalf("lock says %v, want held by %d", err, other.Process.Pid)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the refusal took %v", took)
	}
	if _, err := LockPublic(dir); err != nil {
		t.Errorf("the other kind of lock: %v", err)
	}

	// Killed: nobody cleans up, the number stays, the lock does not.
	other.Process.Kill()
	other.Wait()
	l, err := LockPrivate(dir)
	if err != nil {
		t.Fatalf("after its holder was killed: %v", err)
	}
	if _, said := start(); said != fmt.Sprintf("folder %s is in use by process %d\n", dir, os.Getpid()) {
		t.Errorf("the other process says %q", said)
	}
	for range 2 {
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	}
	if _, said := start(); said != "locked\n" {
		t.Errorf("after unlocking the other process says %q", said)
	}
}

func TestLockTwiceInOneProcess(t *testing.T) {
	dir := t.TempDir()
	l, err := LockPublic(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Unlock()
	var held *Held
	if _, err := LockPublic(dir); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("the second says %v", err)
	}
}

func TestLockWhereNobodyCanWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var held *Held
	if _, err := LockPrivate(filepath.Join(file, "private")); err == nil || errors.As(err, &held) {
		t.Errorf("a lock inside a file: %v", err)
	}
}
