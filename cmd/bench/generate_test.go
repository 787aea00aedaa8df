package main

import (
	"bytes"
	"encoding/csv"
	"testing"
)

// The same seed and size give the same file, another seed another one.
func TestGenerateIsRepeatable(t *testing.T) {
	of := func(seed uint64) []byte {
		var b bytes.Buffer
		if _, err := generate(&b, 1<<20, seed); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(of(1), of(1)) {
		t.Error("the same seed gave two files")
	}
	if bytes.Equal(of(1), of(2)) {
		t.Error("two seeds gave one file")
	}
}

// The file is CSV as the standard library reads it, every row as wide as the
// header, with the nulls, leading zeros and quotes that make it worth reading.
func TestGenerateIsCSV(t *testing.T) {
	var b bytes.Buffer
	n, err := generate(&b, 1<<20, 3)
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() < 1<<20 || b.Len() > 1<<20+1000 {
		t.Errorf("%d bytes where a mebibyte was asked for", b.Len())
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != int(n)+1 || len(rows[0]) != 21 {
		t.Fatalf("%d rows of %d columns, want %d of 21", len(rows), len(rows[0]), n+1)
	}
	empty, zeros, quotes := 0, 0, 0
	for _, row := range rows[1:] {
		for i, cell := range row {
			switch {
			case cell == "":
				empty++
			case i == 2 && cell[0] == '0':
				zeros++
			case bytes.ContainsRune([]byte(cell), '"'):
				quotes++
			}
		}
	}
	if empty == 0 || zeros == 0 || quotes == 0 {
		t.Errorf("%d empty cells, %d leading zeros, %d quotes", empty, zeros, quotes)
	}
}

func TestSizeOf(t *testing.T) {
	for text, want := range map[string]int64{"100MB": 100_000_000, "1gb": 1_000_000_000, "0.1GB": 100_000_000} {
		if got, err := sizeOf(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "100", "MB", "-1GB"} {
		if _, err := sizeOf(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
