package privacy

import (
	"encoding/csv"
	"os"
	"testing"
)

// TestChecksums tries every labelled number of the shared vectors.
func TestChecksums(t *testing.T) {
	f, err := os.Open(shared(t, "data/privacy/checksums/checksum_vectors.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]func(v string) bool{
		"luhn16":     func(v string) bool { return luhn([]byte(v)) },
		"verhoeff12": func(v string) bool { return verhoeff([]byte(v)) },
	}
	for _, k := range []Kind{"br_cpf", "cn_ric", "de_idnr", "es_dni", "es_nie", "fr_nir", "iban", "in_aadhaar", "kr_rrn", "th_pin", "us_ssn"} {
		d := Detectors[kindIndex(k)]
		checks[string(k)] = func(v string) bool { return d.Cell([]byte(v), 0) }
	}
	checks["vn_mst"] = func(v string) bool { return Detectors[kMST].Cell([]byte(v), 0) }
	right := 0
	for _, r := range rows[1:] {
		check, ok := checks[r[0]]
		if !ok {
			t.Fatalf("no check for %s", r[0])
		}
		if check(r[1]) == (r[2] == "1") {
			right++
		} else {
			t.Errorf("%s %s: want valid=%s", r[0], r[1], r[2])
		}
	}
	if right != 1680 {
		t.Errorf("%d of 1680 verdicts right", right)
	}
}
