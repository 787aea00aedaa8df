package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// office is an agency's side and its portal, which is a process of its own.
type office struct {
	t      *testing.T
	data   string
	listen string
	token  string
	server *exec.Cmd
	line   *line
}

// line carries bytes to the portal, and breaks after so many of them.
type line struct {
	net.Listener
	to      string
	breaks  atomic.Int64 // bytes of one connection; 0: never
	carried atomic.Int64 // to the portal
	cuts    atomic.Int64
}

func newLine(t *testing.T, to string) *line {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	n := &line{Listener: l, to: to}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go n.carry(c)
		}
	}()
	return n
}

func (n *line) carry(c net.Conn) {
	defer c.Close()
	up, err := net.Dial("tcp", n.to)
	if err != nil {
		return
	}
	defer up.Close()
	go func() { io.Copy(c, up); c.Close() }()
	buf, left := make([]byte, 32<<10), n.breaks.Load()
	for sent := int64(0); ; {
		m, err := c.Read(buf)
		if m > 0 {
			if _, err := up.Write(buf[:m]); err != nil {
				return
			}
			n.carried.Add(int64(m))
			if sent += int64(m); left > 0 && sent >= left {
				n.cuts.Add(1)
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	o := &office{t: t, data: filepath.Join(t.TempDir(), "data"), listen: free.Addr().String()}
	free.Close()
	p, end := at(t, o.data)
	newAgency(t, p)
	end()
	runs(t, exitOK, "user", "add", "nguoi-gui", "--agency", "so-giao-thong", "--data", o.data)
	out, _ := runs(t, exitOK, "token", "new", "nguoi-gui", "--data", o.data)
	for _, word := range strings.Fields(out) {
		if strings.HasPrefix(word, "dl_") {
			o.token = word
		}
	}
	if o.token == "" {
		t.Fatalf("no token in %q", out)
	}
	t.Setenv("DAYLIGHT_TOKEN", o.token)
	o.line = newLine(t, o.listen)
	return o
}

// open starts the portal, as it does after a crash.
func (o *office) open() {
	o.t.Helper()
	cmd := exec.Command("/proc/self/exe", "serve", "--data", o.data, "--listen", o.listen, "--host", o.line.Addr().String(), "--log-level", "error")
	cmd.Env = append(os.Environ(), "DAYLIGHT_TEST_RUN=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(o.t, err)
	must(o.t, cmd.Start())
	o.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if said, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(said, "Daylight is at") {
		o.t.Fatalf("the portal does not start: %q, %v", said, err)
	}
	o.server = cmd
}

// stop ends the portal: kindly, or as a power cut does.
func (o *office) stop(sig os.Signal) {
	o.t.Helper()
	http.DefaultClient.CloseIdleConnections() // it would wait for them
	must(o.t, o.server.Process.Signal(sig))
	o.server.Wait()
}

func (o *office) publish(file, dataset string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "publish", file, "--dataset", dataset, "--server", "http://"+o.line.Addr().String(), "--plan", "auto", "--wait", "2m")
	cmd.Env = append(os.Environ(), "DAYLIGHT_TEST_RUN=1")
	return cmd
}

// traffic is a file of so many bytes that can be published.
func traffic(t *testing.T, size int) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("tram,ngay,luot\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "T%06d,2026-03-%02d,%d\n", i, 1+i%28, i*7919%100_000)
	}
	path := filepath.Join(t.TempDir(), "luot-xe.csv")
	must(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// The line breaks again and again: one call sends the file all the same, and no
// byte that was durable twice.
func TestPublishOverABadLine(t *testing.T) {
	o := newOffice(t)
	o.open()
	const size = 3 << 20
	o.line.breaks.Store(700_000)
	cmd := o.publish(traffic(t, size), "luot-xe-0")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "version 1") {
		t.Fatalf("%v\n%s", err, out)
	}
	if cuts := o.line.cuts.Load(); cuts < 3 {
		t.Errorf("only %d cuts", cuts)
	}
	if carried := o.line.carried.Load(); carried > size*5/4+100_000 {
		t.Errorf("%d bytes were carried for a file of %d", carried, size)
	}
	o.stop(syscall.SIGTERM)
	runs(t, exitOK, "fsck", "--data", o.data, "--read-data")
}

// Killed while it sends, the portal too: the same command goes on where it
// stopped.
func TestPublishAfterKills(t *testing.T) {
	o := newOffice(t)
	o.open()
	const size = 6 << 20
	file := traffic(t, size)
	o.line.breaks.Store(2 << 20) // what is sent then stays, and the sender begins again
	first := o.publish(file, "luot-xe-0")
	must(t, first.Start())
	for end := time.Now().Add(20 * time.Second); o.line.cuts.Load() < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is sent")
		}
	}
	must(t, first.Process.Kill())
	first.Wait()
	o.stop(syscall.SIGKILL)
	runs(t, exitOK, "fsck", "--data", o.data, "--read-data")
	o.open()
	before := o.line.carried.Load()
	o.line.breaks.Store(0)
	out, err := o.publish(file, "luot-xe-0").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "version 1") {
		t.Fatalf("%v\n%s", err, out)
	}
	if again := o.line.carried.Load() - before; again > size-1<<20 {
		t.Errorf("the second call sent %d bytes of %d", again, size)
	}
	// Once more: it was published, and says so.
	if out, err := o.publish(file, "luot-xe-0").CombinedOutput(); err != nil || !strings.Contains(string(out), "version 1") {
		t.Errorf("once more: %v\n%s", err, out)
	}
	o.stop(syscall.SIGTERM)
	runs(t, exitOK, "fsck", "--data", o.data, "--read-data")
}

// What scripts rely on.
func TestPublishExitCodes(t *testing.T) {
	o := newOffice(t)
	o.open()
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "x.csv")
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	server := "http://" + o.line.Addr().String()
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"published":         {[]string{traffic(t, 1000), "--dataset", "luot-xe-0", "--plan", "auto"}, exitOK},
		"waits":             {[]string{file("ma,so\n1,2\n2,3\n"), "--dataset", "luot-xe-1", "--plan", file("plan: v1\naudience: open\ncolumns:\n  ma: {do: keep}\ndecided: {by: test, at: 2026-01-15}\n")}, exitQuestions},
		"refused":           {[]string{file("\x00\x01\x02not a table"), "--dataset", "luot-xe-2", "--plan", "auto"}, exitRefused},
		"empty":             {[]string{file(""), "--dataset", "luot-xe-2", "--plan", "auto"}, exitRefused},
		"no such dataset":   {[]string{traffic(t, 1000), "--dataset", "khong-co"}, exitFailed},
		"no such file":      {[]string{"/khong/co.csv", "--dataset", "luot-xe-0"}, exitFailed},
		"no plan like that": {[]string{traffic(t, 1000), "--dataset", "luot-xe-0", "--plan", file("plan: v9")}, exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			runs(t, c.code, append([]string{"publish", "--server", server}, c.args...)...)
		})
	}
	t.Run("no portal", func(t *testing.T) {
		runs(t, exitFailed, "publish", traffic(t, 100), "--dataset", "luot-xe-0", "--server", "http://127.0.0.1:1")
	})
}
