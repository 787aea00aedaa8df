package format

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// keyLength is the longest key. Labels of 25 words are normal in Vietnamese
// tables, and a key has to be typed by people.
const keyLength = 40

// Label is a header cell as it is shown: line breaks to one space, invisible
// characters removed, NFC, no spaces at the ends. It has no limit of length.
func Label(cell string) string {
	cell = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cell)
	lines := strings.Split(cell, "\n")
	if len(lines) > 1 {
		kept := lines[:0]
		for _, l := range lines {
			if l = strings.Trim(l, " \t\u00a0"); l != "" {
				kept = append(kept, l)
			}
		}
		cell = strings.Join(kept, " ")
	}
	cell = strings.Map(func(r rune) rune {
		if invisible(r) || r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, cell)
	return norm.NFC.String(strings.Trim(cell, " \t\u00a0\u3000"))
}

// Key makes a label into [a-z0-9_]: ingest.md section 10. It is empty where
// nothing of the label remains; Keys numbers such a column.
func Key(label string) string {
	var b strings.Builder
	gap := false // characters were left out: one "_" stands for them, but not at the ends
	for _, r := range norm.NFD.String(label) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		r = unicode.ToLower(r)
		if r == 'đ' {
			r = 'd'
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	key := b.String()
	if strings.Trim(key, "_") == "" {
		return ""
	}
	if key[0] >= '0' && key[0] <= '9' {
		key = "c_" + key
	}
	if len(key) > keyLength {
		sum := sha256.Sum256([]byte(label))
		key = cutAtWord(key, keyLength-5) + "_" + hex.EncodeToString(sum[:2])
	}
	switch key {
	case "rowid", "oid", "_id":
		key += "_"
	}
	return key
}

// cutAtWord cuts at the last "_" that leaves at least half, else in the word.
func cutAtWord(key string, n int) string {
	if key[n] != '_' {
		if i := strings.LastIndexByte(key[:n], '_'); i >= n/2 {
			n = i
		}
	}
	return strings.TrimRight(key[:n], "_")
}

// Keys gives the key of each label of a header, all of them distinct.
func Keys(labels []string) []string {
	keys := make([]string, len(labels))
	used := make(map[string]bool, len(labels))
	for i, label := range labels {
		key := Key(label)
		if key == "" {
			key = "column_" + strconv.Itoa(i+1)
		}
		keys[i] = key
	}
	// The first of several equal keys keeps it, also against a later label
	// that reads "so_2" by itself.
	taken := make(map[string]int, len(labels))
	for _, k := range keys {
		taken[k]++
	}
	next := make(map[string]int)
	for i, k := range keys {
		if !used[k] {
			used[k] = true
			continue
		}
		n := max(next[k], 2)
		for used[k+"_"+strconv.Itoa(n)] || taken[k+"_"+strconv.Itoa(n)] > 0 {
			n++
		}
		next[k] = n + 1
		keys[i] = k + "_" + strconv.Itoa(n)
		used[keys[i]] = true
	}
	return keys
}

// invisible are characters that change how text looks or compares and cannot
// be seen: zero width and direction controls, and a byte order mark inside.
func invisible(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x2069 || r == 0xfeff || r == 0xad || r == 0x61c || r == 0x180e
}
