package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"daylight/catalog"
)

// noise is a file of any length that is never held: the same bytes at the same
// place, and at once known to be no table.
type noise struct{ at, size int64 }

func (n *noise) Read(p []byte) (int, error) {
	if n.at >= n.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), n.size-n.at)]
	var word [8]byte
	for i := 0; i < len(p); {
		if binary.LittleEndian.PutUint64(word[:], uint64(n.at/8)*0x9e3779b97f4a7c15); n.at < 8 {
			copy(word[:], "%PDF-1.7")
		}
		m := copy(p[i:], word[n.at%8:])
		i += m
		n.at += int64(m)
	}
	return len(p), nil
}

// A file of 1 GiB whose line is cut twenty times, at random places, arrives to
// the byte, and the portal never holds more than 256 MiB. DAYLIGHT_BIG_UPLOAD
// is another size, in GiB.
func TestBigUploadCutTwentyTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short")
	}
	size := int64(1 << 30)
	if s := os.Getenv("DAYLIGHT_BIG_UPLOAD"); s != "" {
		n, err := strconv.ParseInt(s, 10, 32)
		must(t, err)
		size = n << 30
	}
	o := newOffice(t)
	o.open()
	id := o.begin("luot-xe-0", size)
	at := "/api/v1/tus/" + id
	sum := sha256.New()
	if _, err := io.Copy(sum, &noise{size: size}); err != nil {
		t.Fatal(err)
	}
	want := hex.EncodeToString(sum.Sum(nil))
	began := time.Now()
	random := rand.New(rand.NewPCG(1, 2))
	offset := int64(0)
	for cuts := 0; offset < size; cuts++ {
		stop := size
		if cuts < 20 {
			stop = offset + random.Int64N(2*size/21)
		}
		o.part(at, offset, min(stop, size), size)
		now := o.offset(at)
		if now < offset || now > stop {
			t.Fatalf("cut %d, after %d: the offset is %d", cuts, stop, now)
		}
		if offset = now; cuts > 40 {
			t.Fatal("it does not end")
		}
	}
	took := time.Since(began)
	o.memory("when it was received")
	var u catalog.Upload
	for end := time.Now().Add(3 * time.Minute); !catalog.Settled(u.State); time.Sleep(100 * time.Millisecond) {
		if u = o.state(id); time.Now().After(end) {
			t.Fatalf("it stays %s", u.State)
		}
	}
	if u.SHA256 != want || u.Bytes != size {
		t.Errorf("another file arrived: %d bytes, %s", u.Bytes, u.SHA256)
	}
	peak := o.memory("when it was worked off")
	o.stop(syscall.SIGTERM)
	if got := o.original(id); got != want {
		t.Error("another file is kept")
	}
	runs(t, exitOK, "fsck", "--data", o.data)
	t.Logf("%d MiB in %v, %.0f MB/s; peak of the portal %d MiB", size>>20, took.Round(time.Millisecond), float64(size)/1e6/took.Seconds(), peak>>20)
}

// part sends bytes of the noise from offset to stop, as the beginning of a body
// that goes to size; before the end the line is cut.
func (o *office) part(at string, offset, stop, size int64) {
	o.t.Helper()
	conn, err := net.Dial("tcp", o.listen)
	must(o.t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: %d\r\nContent-Length: %d\r\n\r\n",
		at, o.listen, o.token, offset, size-offset)
	if _, err := io.CopyBuffer(struct{ io.Writer }{conn}, io.LimitReader(&noise{at: offset, size: size}, stop-offset), make([]byte, 256<<10)); err != nil {
		o.t.Fatal(err)
	}
	if stop == size {
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 204 ") {
			o.t.Fatalf("the last part: %q, %v", line, err)
		}
	}
}

// call asks the portal, and gives the headers and the body of an answer that is
// no error.
func (o *office) call(method, path, body string) (http.Header, []byte) {
	o.t.Helper()
	req, err := http.NewRequest(method, "http://"+o.listen+path, strings.NewReader(body))
	must(o.t, err)
	req.Header.Set("Authorization", "Bearer "+o.token)
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	must(o.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	must(o.t, err)
	if res.StatusCode >= 400 {
		o.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, raw)
	}
	return res.Header, raw
}

func (o *office) begin(slug string, size int64) string {
	o.t.Helper()
	_, raw := o.call("POST", "/api/v1/uploads?dataset="+slug, fmt.Sprintf(`{"bytes":%d,"plan":"auto"}`, size))
	var reply uploadReply
	must(o.t, json.Unmarshal(raw, &reply))
	return reply.Upload.ID
}

func (o *office) state(id string) catalog.Upload {
	o.t.Helper()
	_, raw := o.call("GET", "/api/v1/uploads/"+id, "")
	var reply uploadReply
	must(o.t, json.Unmarshal(raw, &reply))
	return reply.Upload
}

func (o *office) offset(at string) int64 {
	o.t.Helper()
	h, _ := o.call("HEAD", at, "")
	n, err := strconv.ParseInt(h.Get("Upload-Offset"), 10, 64)
	must(o.t, err)
	return n
}

// memory is the most that the portal ever held, which must stay within 256 MiB.
func (o *office) memory(when string) int64 {
	o.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.server.Process.Pid))
	must(o.t, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			must(o.t, err)
			if kib > 256<<10 {
				o.t.Errorf("%s the portal had held %d MiB, want 256 at most", when, kib>>10)
			}
			return kib << 10
		}
	}
	o.t.Fatal("no VmHWM")
	return 0
}

// original is the SHA-256 of what is kept of an upload.
func (o *office) original(id string) string {
	o.t.Helper()
	p, err := openBeside(o.t.Context(), o.data)
	must(o.t, err)
	defer p.close()
	var wrapped []byte
	must(o.t, p.workDB.QueryRow(o.t.Context(), `SELECT wrapped_key FROM uploads WHERE id = $1`, id).Scan(&wrapped))
	r, err := p.private.Unseal(o.t.Context(), id, wrapped)
	must(o.t, err)
	defer r.Close()
	h := sha256.New()
	_, err = io.Copy(h, r)
	must(o.t, err)
	return hex.EncodeToString(h.Sum(nil))
}

// On a full disk the portal answers 507 and goes on reading; what was durable
// stays, and the sender goes on by itself when there is room again.
func TestUploadOnAFullDisk(t *testing.T) {
	o := newOffice(t)
	small := t.TempDir()
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("SKIPPED: this test needs the right to mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(small, unix.MNT_DETACH) })
	must(t, os.CopyFS(small+"/data", os.DirFS(o.data)))
	must(t, os.Chmod(privateDir(small+"/data"), 0o700))
	must(t, os.Chmod(privateDir(small+"/data")+"/master.key", 0o600))
	o.data = small + "/data"
	o.open()
	hog := small + "/hog"
	f, err := os.Create(hog)
	must(t, err)
	var st unix.Statfs_t
	must(t, unix.Statfs(small, &st))
	if _, err := f.Write(make([]byte, int64(st.Bavail)*st.Bsize-(14<<20))); err != nil {
		t.Fatal(err)
	}
	f.Close()
	const size = 10 << 20
	id := o.begin("luot-xe-0", size)
	at := "/api/v1/tus/" + id
	send := func() int {
		offset := o.offset(at)
		req, err := http.NewRequest("PATCH", "http://"+o.listen+at, &noise{at: offset, size: size})
		must(t, err)
		req.ContentLength = size - offset
		for name, value := range map[string]string{"Authorization": "Bearer " + o.token, "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": fmt.Sprint(offset)} {
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0 // the portal answered before it had read all, and the line broke
		}
		res.Body.Close()
		return res.StatusCode
	}
	seen, durable := 0, int64(0)
	for range 10 {
		code := send()
		if code == http.StatusInsufficientStorage {
			seen++
		} else if code != 0 {
			t.Fatalf("on a full disk: %d", code)
		}
		now := o.offset(at)
		if now < durable {
			t.Fatalf("%d bytes were durable, %d are", durable, now)
		}
		durable = now
		if _, raw := o.call("GET", "/api/v1/datasets", ""); !json.Valid(raw) {
			t.Error("it does not go on reading")
		}
	}
	if seen == 0 || durable == 0 || durable == size {
		t.Errorf("507 %d times, %d bytes stay", seen, durable)
	}
	must(t, os.Remove(hog))
	if code := send(); code != http.StatusNoContent {
		t.Errorf("when there is room again: %d", code)
	}
	for end := time.Now().Add(time.Minute); !catalog.Settled(o.state(id).State) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	o.stop(syscall.SIGTERM)
	sum := sha256.New()
	io.Copy(sum, &noise{size: size})
	if o.original(id) != hex.EncodeToString(sum.Sum(nil)) {
		t.Error("another file is kept")
	}
	runs(t, exitOK, "fsck", "--data", o.data, "--read-data")
}
