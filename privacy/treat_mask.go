package privacy

import (
	"errors"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
)

func checkMask(args Args) error {
	if n, ok := args["last"].(int64); ok && (n < 0 || n > 4) {
		return errors.New("mask: last must lie between 0 and 4")
	}
	return nil
}

// mask: all but the last n letters and digits become "*". For previews on the
// private side only: what remains is still personal data.
func newMask(in arrow.Field, args Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	last, _ := args["last"].(int64)
	var cell []byte
	return treated(in, arrow.BinaryTypes.String, ""), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		cell = AppendCell(cell[:0], a, i)
		shown := int64(0)
		for _, r := range string(cell) {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				shown++
			}
		}
		changed := false
		for _, r := range string(cell) {
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				if shown > last {
					r, changed = '*', true
				}
				shown--
			case unicode.Is(unicode.Mn, r): // a tone mark left alone would still speak
				continue
			}
			dst = utf8.AppendRune(dst, r)
		}
		return dst, changed, false, nil
	}), nil
}
