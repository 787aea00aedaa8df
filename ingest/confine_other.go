//go:build !linux

package ingest

import (
	"os/exec"
	"syscall"
)

// confine sets what every Unix has. Systems other than Linux are for trying
// the program out, not for serving an agency.
func confine(l ChildLimits) (sealed bool, err error) {
	for what, max := range map[int]uint64{
		syscall.RLIMIT_CORE:   0,
		syscall.RLIMIT_FSIZE:  0,
		syscall.RLIMIT_NOFILE: 32,
		syscall.RLIMIT_CPU:    uint64(l.CPU.Seconds()) + 1,
	} {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: max, Max: max}); err != nil {
			return false, err
		}
	}
	return false, nil
}

func separate(cmd *exec.Cmd, namespaces bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

func resident(pid int) int64 { return 0 }
