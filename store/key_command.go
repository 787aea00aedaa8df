package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const keyCommandTime = 30 * time.Second

// commandKey runs the operator's command that fetches the master key from a key
// service, once at the start: a program and its arguments, separated by spaces,
// without a shell. It writes the key to its standard output, 32 bytes in
// base64; what it writes elsewhere is its own affair and is not read.
func commandKey(ctx context.Context, line string) (string, error) {
	words := strings.Fields(line)
	limited, done := context.WithTimeout(ctx, keyCommandTime)
	defer done()
	ctx, stop := context.WithCancel(limited)
	defer stop()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = time.Second
	out := limitedBuffer{most: 1024, stop: stop}
	cmd.Stdout = &out
	switch err := cmd.Run(); {
	case limited.Err() != nil:
		return "", fmt.Errorf("%w: DAYLIGHT_MASTER_KEY_COMMAND gave no answer in %v", ErrKey, keyCommandTime)
	case err != nil || len(out.text) == 0: // without its words, which may hold the key
		return "", fmt.Errorf("%w: DAYLIGHT_MASTER_KEY_COMMAND failed: run it by hand and see why", ErrKey)
	}
	return string(out.text), nil
}

// limitedBuffer has nothing but Write: a reader's ReadFrom would know no limit.
type limitedBuffer struct {
	text []byte
	most int
	stop func() // what goes on writing is no key
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > b.most {
		b.stop()
		return 0, errors.New("more than a key")
	}
	b.text = append(b.text, p...)
	return len(p), nil
}

// keyFromOutside is the master key where it is not the file's: the environment
// holds it, or names a command that fetches it. "": neither.
func keyFromOutside(ctx context.Context) (string, error) {
	text, line := os.Getenv("DAYLIGHT_MASTER_KEY"), strings.TrimSpace(os.Getenv("DAYLIGHT_MASTER_KEY_COMMAND"))
	switch {
	case line == "":
		return text, nil
	case text != "":
		return "", fmt.Errorf("%w: set DAYLIGHT_MASTER_KEY or DAYLIGHT_MASTER_KEY_COMMAND, not both", ErrKey)
	}
	return commandKey(ctx, line)
}
