package ingest

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine takes from this process what a reader of files has no use for, for
// good: memory and time beyond the limits, files, children, signals to others,
// and (sealed) by a seccomp filter every call that opens a file or a socket.
// The order is read and both descriptors are open by now.
func confine(l ChildLimits, scratch int64) (sealed bool, err error) {
	for _, r := range []struct {
		what int
		max  uint64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, uint64(scratch)}, // of the file it unpacks into; else it writes to a pipe only
		{unix.RLIMIT_NOFILE, 32},
		{unix.RLIMIT_CPU, uint64(l.CPU.Seconds()) + 1},
		{unix.RLIMIT_AS, uint64(l.Address)},
	} {
		if r.what == unix.RLIMIT_AS && raceEnabled {
			continue // the race detector maps terabytes that it never touches
		}
		if err := unix.Setrlimit(r.what, &unix.Rlimit{Cur: r.max, Max: r.max}); err != nil {
			return false, err
		}
	}
	// The filter and no_new_privs are set on this thread, and by TSYNC on all.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return false, err
	}
	return seal(), nil
}

// Offsets in struct seccomp_data.
const (
	dataNumber = 0
	dataArch   = 4
	dataArg0   = 16 // low half: both machines here are little-endian
)

// seal installs the filter; false where the kernel or the machine has none.
// It names what is forbidden rather than what is allowed: the runtime's own
// calls change from release to release, these do not.
func seal() bool {
	if auditArch == 0 {
		return false
	}
	const refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)
	stmt := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	jump := func(code uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: code, Jt: yes, Jf: no, K: k}
	}
	load := func(at uint32) unix.SockFilter { return stmt(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, at) }
	answer := func(k uint32) unix.SockFilter { return stmt(unix.BPF_RET|unix.BPF_K, k) }
	const equal, atLeast, bits = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K

	f := []unix.SockFilter{
		load(dataArch),
		jump(equal, auditArch, 1, 0),
		answer(unix.SECCOMP_RET_KILL_PROCESS), // another machine's numbering
		load(dataNumber),
		jump(atLeast, 0x40000000, 0, 1), // x32: a second numbering of the same calls
		answer(refuse),
		// New threads yes, new processes no. clone3 hides its flags behind a
		// pointer: "not implemented" makes C libraries fall back to clone.
		jump(equal, unix.SYS_CLONE3, 0, 1),
		answer(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)),
		jump(equal, unix.SYS_CLONE, 0, 4),
		load(dataArg0),
		jump(bits, unix.CLONE_THREAD, 0, 1),
		answer(unix.SECCOMP_RET_ALLOW),
		answer(refuse),
		// Signals to its own threads only: the scheduler preempts with them.
		jump(equal, unix.SYS_TGKILL, 0, 4),
		load(dataArg0),
		jump(equal, uint32(os.Getpid()), 0, 1),
		answer(unix.SECCOMP_RET_ALLOW),
		answer(refuse),
	}
	for _, nr := range append(forbidden[:len(forbidden):len(forbidden)], forbiddenHere...) {
		f = append(f, jump(equal, nr, 0, 1), answer(refuse))
	}
	f = append(f, answer(unix.SECCOMP_RET_ALLOW))
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	return e == 0
}

// forbidden calls have no place in reading one open file into one open pipe.
var forbidden = []uint32{
	// The network, and every other way to talk.
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN,
	unix.SYS_ACCEPT, unix.SYS_ACCEPT4, unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_SENDMMSG,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	// Files by name: the master key and every database belong to the same user.
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,
	unix.SYS_UNLINKAT, unix.SYS_RENAMEAT2, unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_MKDIRAT, unix.SYS_MKNODAT,
	unix.SYS_FCHMODAT, unix.SYS_FCHOWNAT, unix.SYS_FCHMOD, unix.SYS_FCHOWN, unix.SYS_TRUNCATE, unix.SYS_FTRUNCATE,
	unix.SYS_MEMFD_CREATE, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT, unix.SYS_MOUNT, unix.SYS_UMOUNT2,
	unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
	// Other processes.
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD,
	unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_SETNS, unix.SYS_UNSHARE, unix.SYS_PRLIMIT64, unix.SYS_SETRLIMIT,
	// The kernel.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY,
	unix.SYS_REQUEST_KEY, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
}
