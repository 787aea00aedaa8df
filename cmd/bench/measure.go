package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A cost is what one contender took for one file.
type cost struct {
	Wall float64 `json:"wall_s"`
	CPU  float64 `json:"cpu_s"`    // user and system, its children's too
	Peak int64   `json:"peak_kib"` // resident; the sum of the peaks of its processes
}

// run starts a program as a process of its own and waits for it. out is what
// it wrote to standard output.
func run(ctx context.Context, threads int, name string, args ...string) (c cost, out []byte, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", threads), fmt.Sprintf("POLARS_MAX_THREADS=%d", threads))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return c, nil, err
	}
	stop, watched := make(chan struct{}), make(chan map[int]int64)
	go func() { watched <- watch(cmd.Process.Pid, stop) }()
	err = cmd.Wait()
	c.Wall = time.Since(start).Seconds()
	close(stop)
	peaks := <-watched
	if err != nil {
		return c, nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	use := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	c.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	for _, peak := range peaks {
		c.Peak += peak
	}
	if len(peaks) < 2 {
		// The kernel's figure is exact, but it is the largest of a family's,
		// not their sum, and never below that of the process that started it.
		c.Peak = max(c.Peak, int64(use.Maxrss))
	}
	return c, stdout.Bytes(), nil
}

// watch looks every 10 ms for the peak of each process of a family: the
// kernel keeps it, so only growth in the last 10 ms of a life is missed.
func watch(root int, stop <-chan struct{}) map[int]int64 {
	peaks := map[int]int64{}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, pid := range family(root) {
			if kib := peakOf(pid); kib > peaks[pid] {
				peaks[pid] = kib
			}
		}
		select {
		case <-stop:
			return peaks
		case <-tick.C:
		}
	}
}

// family is a process and all that come from it.
func family(pid int) []int {
	all := []int{pid}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for _, f := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(f); err == nil {
				all = append(all, family(child)...)
			}
		}
	}
	return all
}

// peakOf is VmHWM in KiB; 0: the process is gone.
func peakOf(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, ok := bytes.Cut(b, []byte("VmHWM:"))
	if !ok {
		return 0
	}
	f := bytes.Fields(rest)
	kib, _ := strconv.ParseInt(string(f[0]), 10, 64)
	return kib
}
