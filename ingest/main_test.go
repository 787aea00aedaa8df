package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"daylight/ingest/format"
)

// The test binary is the parse child too, with some formats added whose
// readers do what a taken-over reader would.
func TestMain(m *testing.M) {
	format.Formats = append(hostile, format.Formats...)
	Child()
	os.Exit(m.Run())
}

var hostile = []format.Format{
	misbehave("burn", func() error {
		for i := 0; ; i++ {
			_ = i
		}
	}),
	misbehave("sleep", func() error { time.Sleep(time.Hour); return nil }),
	misbehave("eat", func() error {
		var all [][]byte
		for {
			b := make([]byte, 8<<20)
			for i := range b {
				b[i] = byte(i)
			}
			all = append(all, b)
			time.Sleep(time.Millisecond)
			_ = all
		}
	}),
	misbehave("panic", func() error { panic("Nguyễn Văn Bí Mật") }),
	misbehave("gopanic", func() error {
		go func() { panic("Nguyễn Văn Bí Mật") }()
		select {}
	}),
	misbehave("exit", func() error { os.Exit(0); return nil }),
	misbehave("error", func() error { return errors.New("Nguyễn Văn Bí Mật") }),
	misbehave("garbage", func() error {
		os.NewFile(4, "").Write(bytes.Repeat([]byte{0xff}, 1<<16))
		os.Exit(0)
		return nil
	}),
	misbehave("endless", func() error {
		f := os.NewFile(4, "")
		for {
			f.Write(append(frameHead(frameProgress, 36), []byte(`{"stage":"x","bytes":1234567890,"rows":0}`)[:36]...))
		}
	}),
	// escape refuses with a code that says which doors were open.
	misbehave("escape", func() error { return &format.Refusal{Code: escape(), Stage: "sniff"} }),
}

func misbehave(name string, do func() error) format.Format {
	mark := "!" + name + "\n"
	return format.Format{
		Name:  name,
		Sniff: func(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte(mark)) },
		Open: func(context.Context, io.ReaderAt, int64, format.Options) (*format.File, error) {
			return nil, do()
		},
	}
}

func escape() string {
	open := "open"
	if c, err := net.Dial("udp", "127.0.0.1:9"); err == nil {
		c.Close()
		open += "-network"
	}
	if f, err := os.Open("/proc/self/status"); err == nil {
		f.Close()
		open += "-read"
	}
	if f, err := os.Create("left-behind"); err == nil {
		f.Close()
		open += "-write"
	}
	if err := exec.Command("/proc/self/exe", childArg).Start(); err == nil {
		open += "-exec"
	}
	if err := syscall.Kill(os.Getppid(), 0); err == nil {
		open += "-signal"
	}
	if _, err := os.NewFile(3, "").WriteAt([]byte("x"), 0); err == nil {
		open += "-original"
	}
	if _, err := os.NewFile(5, "").WriteAt([]byte("x"), format.DefaultLimits.Inflated+1); err == nil {
		open += "-scratch"
	}
	for _, what := range []int{unix.RLIMIT_CPU, unix.RLIMIT_FSIZE, unix.RLIMIT_AS} {
		var l unix.Rlimit
		if unix.Getrlimit(what, &l) != nil {
			continue
		}
		l.Cur, l.Max = l.Max+1, l.Max+1
		if unix.Setrlimit(what, &l) == nil {
			open += "-limit"
		}
		if _, _, e := unix.RawSyscall(unix.SYS_SETRLIMIT, uintptr(what), uintptr(unsafe.Pointer(&l)), 0); e == 0 {
			open += "-oldlimit"
		}
	}
	if len(os.Environ()) > 0 {
		open += "-environment"
	}
	return open
}
