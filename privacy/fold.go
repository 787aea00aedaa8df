package privacy

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// needsFold says whether a cell holds anything but ordinary letters: the class
// table only knows lead bytes, and Vietnamese letters share one of them.
func needsFold(cell []byte) bool {
	for i, c := range cell {
		if class[c]&clsFold == 0 {
			continue
		}
		if c == 0xE1 && i+1 < len(cell) && cell[i+1] >= 0xB8 && cell[i+1] <= 0xBF {
			continue // Latin and Greek with marks
		}
		return true
	}
	return false
}

// fold makes the text that is scanned: decimal digits of every script, full
// width, dashes and spaces become ASCII, invisible characters go, letters stay
// as they are, and all other signs become one byte that is no part of a word.
func (s *scanner) fold(cell []byte) {
	s.folded, s.mapped = s.folded[:0], s.mapped[:0]
	for i := 0; i < len(cell); {
		c := cell[i]
		if c < 0x80 {
			s.folded, s.mapped = append(s.folded, c), append(s.mapped, int32(i))
			i++
			continue
		}
		r, n := utf8.DecodeRune(cell[i:])
		switch f := foldRune(r); {
		case f == foldKeep:
			for k := range n {
				s.folded, s.mapped = append(s.folded, cell[i+k]), append(s.mapped, int32(i))
			}
		case f != foldDrop:
			s.folded, s.mapped = append(s.folded, f), append(s.mapped, int32(i))
		}
		i += n
	}
	s.mapped = append(s.mapped, int32(len(cell)))
	s.text, s.at = s.folded, s.mapped
}

const (
	foldDrop = 0
	foldKeep = 1
)

func foldRune(r rune) byte {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x180E, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F, r == 0xFEFF, r >= 0xFE00 && r <= 0xFE0F:
		return foldDrop
	case r >= 0xFF01 && r <= 0xFF5E:
		return byte(r - 0xFEE0)
	case r == 0xB7, r == 0x2022, r == 0x2024, r == 0x2027:
		return '.'
	case r == 0x2212, unicode.Is(unicode.Pd, r):
		return '-'
	case unicode.IsSpace(r), unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Nd, r):
		return digitOf(r)
	case r == utf8.RuneError:
		return ';'
	case unicode.IsLetter(r), unicode.IsMark(r):
		return foldKeep
	}
	return ';'
}

// digitOf uses that the decimal digits of a script stand in a row from zero.
func digitOf(r rune) byte {
	for _, g := range unicode.Nd.R16 {
		if r >= rune(g.Lo) && r <= rune(g.Hi) {
			return '0' + byte((r-rune(g.Lo))%10)
		}
	}
	for _, g := range unicode.Nd.R32 {
		if r >= rune(g.Lo) && r <= rune(g.Hi) {
			return '0' + byte((r-rune(g.Lo))%10)
		}
	}
	return ';'
}

func sortFound(f []found) {
	slices.SortFunc(f, func(a, b found) int {
		if a.from != b.from {
			return a.from - b.from
		}
		if a.to != b.to {
			return b.to - a.to
		}
		return a.kind - b.kind
	})
}
