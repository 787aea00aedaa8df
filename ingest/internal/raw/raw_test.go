package raw

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type hidden struct{ f File }

type shown struct{ F File }

func TestFileTellsNothing(t *testing.T) {
	const secret = "Nguyen Van A.csv"
	f := New(secret, func() (*os.File, error) { return nil, errors.New(secret) })
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("got", "file", f, "in", hidden{f}, "shown", shown{f}, "ptr", &f)
	}
	js, err := json.Marshal(map[string]any{"f": f, "h": hidden{f}, "s": shown{f}})
	if err != nil {
		t.Fatal(err)
	}
	ya, err := yaml.Marshal(shown{f})
	if err != nil {
		t.Fatal(err)
	}
	xm, err := xml.Marshal(shown{f})
	if err != nil {
		t.Fatal(err)
	}
	var gb bytes.Buffer
	if err := gob.NewEncoder(&gb).Encode(shown{f}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %x %d", f, f, f, f, f, f, f),
		fmt.Sprintf("%v %+v %#v", hidden{f}, &hidden{f}, []hidden{{f}}),
		fmt.Sprint(f, &f, shown{f}), f.String(), fmt.Errorf("open %v", f).Error(),
		log.String(), string(js), string(ya), string(xm), gb.String(),
	} {
		if strings.Contains(s, secret) || strings.Contains(s, fmt.Sprintf("%x", secret)) {
			t.Errorf("told: %s", s)
		}
	}
	if !strings.Contains(log.String(), withheld) {
		t.Errorf("the log does not say that a file is withheld: %s", log.String())
	}
	if f.Hint() != secret {
		t.Errorf("Hint() = %q, want the name", f.Hint())
	}
}

func TestZeroFile(t *testing.T) {
	var f File
	if _, err := f.Open(); !errors.Is(err, ErrNone) {
		t.Errorf("Open of the zero File = %v, want ErrNone", err)
	}
	if f.Hint() != "" || fmt.Sprint(f) != withheld {
		t.Errorf("the zero File says %q, %v", f.Hint(), f)
	}
}
