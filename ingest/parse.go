package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"daylight/ingest/format"
	"daylight/privacy"
)

// ParseOptions say how a file is to be read. The zero options work.
type ParseOptions struct {
	Reading *privacy.Reading // the plan's "read" block; nil: everything is found from the file
	Locale  string           // how the agency writes; "": not declared
	Raw     bool             // keep the decoded cells too, for Table.RawRows
	Format  format.Limits
	Limits  ChildLimits
	Temp    func() (*os.File, error) // an unlinked file for the spool; nil: in the system's temporary folder
	Meter   *Meter                   // what the reading is counted into; nil: nothing

	examine *privacy.Setting // every cell, as the tables come; nil: not
}

// ChildLimits bound the parse child. Zero fields take their default.
type ChildLimits struct {
	Memory  int64         // resident bytes; default 512 MiB
	Address int64         // address space; default 4 GiB: the Go runtime reserves it freely
	CPU     time.Duration // default 60 s, and 60 s more for each 100 MiB of the file, or of what comes out of it
	Wall    time.Duration // default 3 times CPU
	Spool   int64         // bytes of its answer; default 1 GiB, and 32 times the file, or what comes out of it
}

func (l ChildLimits) orDefault(size int64) ChildLimits {
	if l.Memory <= 0 {
		l.Memory = 512 << 20
	}
	if l.Address <= 0 {
		l.Address = 4 << 30
	}
	if l.CPU <= 0 {
		l.CPU = time.Minute * time.Duration(1+size/(100<<20))
	}
	if l.Wall <= 0 {
		l.Wall = 3 * l.CPU
	}
	if l.Spool <= 0 {
		// An empty cell costs a byte in the file and up to 16 in its column.
		l.Spool = 1<<30 + 32*size
	}
	return l
}

// ErrChild: the parse child could not be started or confined. That is a fault
// of the machine, not of the file.
var ErrChild = errors.New("parse child cannot be started")

// ParseFile reads a file in a child process with limits. f is read by its
// descriptor from the start, whatever its offset, and must be a regular file
// that nobody changes meanwhile; name is a hint about the format. A file that
// cannot be read, kills its reader or makes it answer nonsense is a
// *format.Refusal; ctx ends the child. The caller closes what it gets.
func ParseFile(ctx context.Context, f *os.File, name string, o ParseOptions) (*Parsed, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("parse: %w", bare(err))
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("parse: not a regular file")
	}
	if st.Size() == 0 {
		return nil, &format.Refusal{Code: "empty", Stage: "sniff"}
	}
	temp := o.Temp
	if temp == nil {
		temp = unlinkedTemp
	}
	file, err := temp()
	if err != nil {
		return nil, fmt.Errorf("parse: %w", bare(err))
	}
	scratch, err := temp()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("parse: %w", bare(err))
	}
	defer scratch.Close()
	if o.Format.Inflated <= 0 {
		o.Format.Inflated = format.DefaultLimits.Inflated
	}
	p, err := parseInChild(ctx, f, scratch, name, o, st.Size(), &spool{file: file})
	if err != nil {
		file.Close()
		return nil, err
	}
	return p, nil
}

// unlinkedTemp is gone when it is closed, or when the process dies.
func unlinkedTemp() (*os.File, error) {
	f, err := os.CreateTemp("", "daylight-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// bare takes the path out of a file error: it may be an agency's file name.
func bare(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

// noNamespaces remembers that the system grants none, so that it is asked once.
var noNamespaces atomic.Bool

func parseInChild(ctx context.Context, f, scratch *os.File, name string, o ParseOptions, size int64, s *spool) (*Parsed, error) {
	// The kernel allows what the largest content would; the guard allows what
	// the content at hand does.
	order, err := json.Marshal(childOrder{Version: childVersion, Name: name, Raw: o.Raw, Limits: o.Limits.orDefault(max(size, o.Format.Inflated)),
		Reading: o.Reading, Locale: o.Locale, Format: o.Format})
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	// The child gets a descriptor of its own, open to read only.
	in, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		// No /proc: the descriptor itself, unless it could be written to.
		flags, _, e := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0)
		if e != 0 || flags&syscall.O_ACCMODE != syscall.O_RDONLY {
			return nil, fmt.Errorf("%w: the file cannot be opened to read only", ErrChild)
		}
		in = f
	} else {
		defer in.Close()
	}
	// A parent-death signal comes when the starting thread dies: hold it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := startChild(in, scratch, string(order), !noNamespaces.Load())
	if err != nil && !noNamespaces.Load() {
		if c, err = startChild(in, scratch, string(order), false); err == nil {
			noNamespaces.Store(true)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChild, bare(err))
	}
	allow := func(l ChildLimits) {
		c.limits.Store(&l)
		s.max = l.Spool
	}
	allow(o.Limits.orDefault(size))
	guard := make(chan struct{})
	guarded := make(chan struct{})
	go func() {
		defer close(guarded)
		c.guard(ctx, guard)
	}()
	r := &receiver{spool: s, meter: o.Meter, size: size, inflated: func(n int64) {
		allow(o.Limits.orDefault(max(size, min(n, o.Format.Inflated))))
	}}
	if o.examine != nil {
		r.ahead = newAhead(*o.examine)
	}
	p, err := r.run(c.pipe)
	if err != nil {
		c.kill() // it may be writing still
	}
	c.pipe.Close()
	c.cmd.Wait() // how it ended is told by its answer and its times
	close(guard)
	<-guarded
	examined := r.ahead.close()
	if err == nil && examined != nil {
		return nil, fmt.Errorf("parse: %w", examined)
	}
	if err == nil {
		if r.ahead != nil {
			p.seen = r.ahead.tables
		}
		return p, nil
	}
	return nil, c.verdict(ctx, err, r.ready)
}

// child is a started parse child, seen from the parent.
type childProcess struct {
	cmd    *exec.Cmd
	pipe   *os.File
	limits atomic.Pointer[ChildLimits] // they grow with what comes out of a packed file
	end    atomic.Pointer[string]      // why the guard killed it: "time" or "memory"
}

func startChild(in, scratch *os.File, order string, namespaces bool) (*childProcess, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	// An empty folder, which is gone once the child stands in it: nothing can
	// be made there.
	dir, err := os.MkdirTemp("", "daylight-child-")
	if err != nil {
		r.Close()
		return nil, err
	}
	defer os.Remove(dir)
	cmd := &exec.Cmd{Path: self(), Args: []string{"daylight", childArg}, Env: []string{}, Dir: dir,
		Stdin: strings.NewReader(order), ExtraFiles: []*os.File{in, w, scratch}} // output and errors are dropped: a panic quotes
	separate(cmd, namespaces)
	if err := cmd.Start(); err != nil {
		r.Close()
		return nil, err
	}
	return &childProcess{cmd: cmd, pipe: r}, nil
}

// self is the running program, also after its file was replaced by a newer one.
func self() string {
	const running = "/proc/self/exe"
	if _, err := os.Stat(running); err == nil {
		return running
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func (c *childProcess) kill() {
	// The group: the child cannot start others, but its group is what is ours.
	syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	c.cmd.Process.Kill()
}

func (c *childProcess) killFor(why string) {
	c.end.CompareAndSwap(nil, &why)
	c.kill()
}

// guard kills the child when ctx ends, its time is up or its memory too much,
// and returns when done is closed, after the child was waited for. The kernel
// enforces address space by itself, and the most CPU time there can be.
func (c *childProcess) guard(ctx context.Context, done <-chan struct{}) {
	start := time.Now()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			c.killFor("cancelled")
			<-done
			return
		case <-look.C:
			l := c.limits.Load()
			switch {
			case time.Since(start) > l.Wall, cpuTime(c.cmd.Process.Pid) > l.CPU:
				c.killFor("time")
			case resident(c.cmd.Process.Pid) > l.Memory && !raceEnabled:
				c.killFor("memory")
			default:
				continue
			}
			<-done
			return
		}
	}
}

// verdict says why there are no tables.
func (c *childProcess) verdict(ctx context.Context, err error, ready bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if why := c.end.Load(); why != nil {
		return &format.Refusal{Code: "reader-failed", Stage: *why}
	}
	if !ready {
		return ErrChild
	}
	st := c.cmd.ProcessState
	switch {
	case errors.Is(err, errFrame):
		return &format.Refusal{Code: "reader-failed", Stage: "answer"}
	case errors.Is(err, errCut) && st != nil && st.UserTime()+st.SystemTime() >= c.limits.Load().CPU:
		return &format.Refusal{Code: "reader-failed", Stage: "time"}
	case errors.Is(err, errCut):
		return &format.Refusal{Code: "reader-failed", Stage: "crash"}
	}
	return err // a refusal, or the spool's disk
}
