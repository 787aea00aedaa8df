package format

import (
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"daylight/privacy"
)

// typedIn is text as a workbook holds it that was typed in a font of before
// Unicode: the bytes of the encoding, as characters of windows-1252.
func typedIn(t *testing.T, reading int, text string) string {
	t.Helper()
	var b []byte
	for _, r := range text {
		found := r < 0x80
		if found {
			b = append(b, byte(r))
		}
		for x := 0; x < 256 && !found; x++ {
			for y := -1; y < 256 && !found; y++ {
				code := []byte{byte(x)}
				if y >= 0 {
					code = append(code, byte(y))
				}
				if string(oldSteps[reading](nil, code)) == string(r) {
					b, found = append(b, code...), true
				}
				if reading == 1 {
					break
				}
			}
		}
		if !found {
			t.Fatalf("%q has no code", r)
		}
	}
	var out strings.Builder
	for _, x := range b {
		out.WriteRune(charmap.Windows1252.DecodeByte(x))
	}
	return out.String()
}

// TestOldFonts: columns typed in .VnTime or VNI-Times read as what their fonts
// showed; columns in Unicode beside them, French, and codes stay as they are.
func TestOldFonts(t *testing.T) {
	names := []string{"Nguyễn văn An", "Trần thị Bình", "Lê hoàng Đức", "Phạm thúy Hường"}
	places := []string{"xã đông hưng", "phường bến sông", "xã tân lập", "xã đường lâm"}
	for reading := 1; reading < len(oldReadings); reading++ {
		old := func(s string) string { return typedIn(t, reading, s) }
		text := book(t, func(f *excelize.File) {
			setRows(t, f, "Sheet1", []any{old("họ và tên"), old("địa chỉ"), "Xã", "Ville", old("số hộ")})
			for i := range names {
				cell, _ := excelize.CoordinatesToCellName(1, i+2)
				must(t, f.SetSheetRow("Sheet1", cell, &[]any{old(names[i]), old(places[i]), places[i], "Besançon à l'été", i}))
			}
		})
		got := tableText(t, text, Options{})
		for i := range names {
			if want := names[i] + "," + places[i] + "," + places[i] + ",Besançon à l'été,"; !strings.Contains(got, want) {
				t.Errorf("%s: no row %q in\n%s", oldReadings[reading], want, got)
			}
		}
		if !strings.Contains(got, "họ và tên") {
			t.Errorf("%s: the header\n%s", oldReadings[reading], got)
		}
		if pinned := tableText(t, text, Options{Reading: &privacy.Reading{Encoding: "utf-8"}}); strings.Contains(pinned, names[0]) {
			t.Errorf("%s: decoded, though the plan says it is Unicode", oldReadings[reading])
		}
	}
	// A heading alone could be either; it goes with the sheet where that is of
	// one font.
	for reading := 1; reading < len(oldReadings); reading++ {
		text := book(t, func(f *excelize.File) {
			rows := [][]any{{typedIn(t, reading, "họ và tên"), typedIn(t, reading, "số hộ")}}
			for i, n := range names {
				rows = append(rows, []any{typedIn(t, reading, n), i})
			}
			setRows(t, f, "Sheet1", rows...)
		})
		if got := tableText(t, text, Options{}); !strings.Contains(got, "họ và tên,số hộ\n") {
			t.Errorf("%s: the header\n%s", oldReadings[reading], got)
		}
	}
	plain := book(t, func(f *excelize.File) {
		setRows(t, f, "Sheet1", []any{"Prénom", "Note"}, []any{"Élodie", "très bien"}, []any{"Zoë", "à revoir"}, []any{"François", "été"}, []any{"Hélène", "reçu"})
	})
	if got := tableText(t, plain, Options{}); !strings.Contains(got, "Élodie,très bien") || !strings.Contains(got, "Hélène,reçu") {
		t.Errorf("French became\n%s", got)
	}
}
