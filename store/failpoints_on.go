//go:build failpoints

package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// ErrFailpoint is what FailErr returns when it is told to.
var ErrFailpoint = errors.New("failpoint")

// failing is one entry of DAYLIGHT_FAIL: "name:kill" or "name:error", from the
// third time on with "name:kill:3"; several are separated by commas.
type failing struct {
	how  string
	from int
	seen int
}

var (
	failOnce sync.Once
	failMu   sync.Mutex // guards the counts in failSet
	failSet  map[string]*failing
)

// Fail kills the process with SIGKILL if DAYLIGHT_FAIL says so.
func Fail(point string) { _ = FailErr(point) }

// FailErr kills the process, or returns an error, if DAYLIGHT_FAIL says so.
func FailErr(point string) error {
	failOnce.Do(readFailpoints)
	failMu.Lock()
	defer failMu.Unlock()
	f := failSet[point]
	if f == nil {
		return nil
	}
	if f.seen++; f.seen < f.from {
		return nil
	}
	if f.how == "kill" {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way; nothing after this point may run
	}
	return fmt.Errorf("%w %s", ErrFailpoint, point)
}

// readFailpoints ends the process when it does not understand: a misspelt name
// would let a crash test pass that tested nothing.
func readFailpoints() {
	failSet = map[string]*failing{}
	for _, s := range strings.Split(os.Getenv("DAYLIGHT_FAIL"), ",") {
		if s == "" {
			continue
		}
		part := append(strings.Split(s, ":"), "", "")
		f := &failing{how: part[1], from: 1}
		var err error
		if part[2] != "" {
			f.from, err = strconv.Atoi(part[2])
		}
		if err != nil || !slices.Contains(points, part[0]) || (f.how != "kill" && f.how != "error") {
			fmt.Fprintln(os.Stderr, "DAYLIGHT_FAIL: want name:kill or name:error, and a name of store.Points")
			os.Exit(2)
		}
		failSet[part[0]] = f
	}
}
