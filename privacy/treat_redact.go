package privacy

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// redactRounds bounds the repetition: a text that still yields findings after
// so many rounds is not one that redaction can make safe.
const redactRounds = 16

func checkKinds(args Args) error {
	for _, k := range argKinds(args) {
		if !spanKind(k) {
			return errors.New("kinds: " + quoteWord(string(k)) + " is no kind that can be found inside a text")
		}
	}
	return nil
}

// redact: each span of the kinds becomes "[kind]", again until nothing is
// found. The result is text.
func newRedact(in arrow.Field, args Args, s Setting) (arrow.Field, ColumnFunc, error) {
	kinds, year := argKinds(args), yearOf(s)
	return treated(in, arrow.BinaryTypes.String, ""), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		dst = AppendCell(dst, a, i)
		changed := false
		for range redactRounds {
			out, found := RedactSpans(dst, kinds, year)
			if !found {
				return dst, changed, false, nil
			}
			dst, changed = append(dst[:0:0], out...), true
		}
		return nil, false, false, errors.New("redact does not come to an end on this cell: blank or drop the column")
	}), nil
}

func checkBlank(args Args) error {
	if args["where"] != "findings" {
		return errors.New(`blank knows only "where: findings"`)
	}
	return checkKinds(args)
}

// blank: cells with a finding become null; the type stays. Where the plan
// names no kinds, Apply gives those that Examine found in the column and the
// plan does not allow.
func newBlank(in arrow.Field, args Args, s Setting) (arrow.Field, ColumnFunc, error) {
	kinds, year := argKinds(args), yearOf(s)
	spared, _ := args[blankSpares].([]Kind)
	twelve, _ := args[blankTwelve].(bool)
	return treatedSame(in), func(a arrow.Array) (arrow.Array, Effect, error) {
		var e Effect
		var cell []byte
		blank := make([]bool, a.Len())
		for i := range blank {
			if a.IsNull(i) {
				continue
			}
			cell = AppendCell(cell[:0], a, i)
			found := twelve && twelveDigits(cell)
			if !found && !isWhole(cell, spared, year) {
				_, found = RedactSpans(cell, kinds, year)
			}
			if found {
				blank[i] = true
				e.Changed++
			}
		}
		if e.Changed == 0 {
			a.Retain()
			return a, e, nil
		}
		out, err := withNulls(a, blank)
		return out, e, err
	}, nil
}

// Arguments of blank that only Apply gives, from what Examine found; no plan
// can name them.
const (
	blankSpares = "(spares)" // []Kind: public kinds the plan allows; a company's tax code can look like a personal number without its zeros
	blankTwelve = "(twelve)" // bool: twelve digits are a person's number here, whether or not they validate
)

func isWhole(cell []byte, kinds []Kind, year int) bool {
	for _, k := range kinds {
		if i := kindIndex(k); i >= 0 && Detectors[i].Cell(cell, year) {
			return true
		}
	}
	return false
}

// twelveDigits counts as the rule for tax codes does: digits and what parts them.
func twelveDigits(cell []byte) bool {
	s := newScanner(0)
	s.scan(cell)
	return s.flags&flagTwelve != 0
}

// withNulls copies an array, null where asked. A copy, not a new validity
// bitmap over the old buffers: the blanked values must not travel along.
func withNulls(a arrow.Array, null []bool) (arrow.Array, error) {
	var parts []arrow.Array
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	for from := 0; from < a.Len(); {
		to := from + 1
		for to < a.Len() && null[to] == null[from] {
			to++
		}
		if null[from] {
			parts = append(parts, array.MakeArrayOfNull(memory.DefaultAllocator, a.DataType(), to-from))
		} else {
			parts = append(parts, array.NewSlice(a, int64(from), int64(to)))
		}
		from = to
	}
	if len(parts) == 0 {
		a.Retain()
		return a, nil
	}
	return array.Concatenate(parts, memory.DefaultAllocator)
}

// treatedSame is the output field of a treatment that keeps type and level.
func treatedSame(in arrow.Field) arrow.Field {
	in.Nullable = true
	return in
}

func yearOf(s Setting) int {
	if s.Now.IsZero() {
		return 0
	}
	return s.Now.Year()
}

// spanKind tells whether a kind can be found inside a cell, and so be redacted.
func spanKind(k Kind) bool { return kindIndex(k) >= 0 }
