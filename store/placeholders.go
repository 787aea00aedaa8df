package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errPlaceholders is a mistake in our SQL, not in data: the text may be shown.
var errPlaceholders = errors.New("SQL placeholders")

// numbered rewrites $N to ?N, because in SQLite $N is a NAME, bound in order of
// first appearance: SELECT $2, $1 would swap the two without a word. Text in
// quotes, identifiers and comments stay as they are. It returns the highest N.
//
// What would be bound differently by the two engines, or by nobody at all, is
// an error: ?, :name and @name, $0, a number that is skipped, and a second
// statement (the driver starts counting anew there).
func numbered(query string) (string, int, error) {
	var out strings.Builder
	used := map[int]bool{}
	top, ended := 0, false
	for i := 0; i < len(query); {
		c := query[i]
		n := skip(query[i:])
		switch {
		case n > 0: // a quoted string or identifier, or a comment
			if ended && c != '-' && c != '/' {
				return "", 0, fmt.Errorf("%w: more than one statement", errPlaceholders)
			}
			out.WriteString(query[i : i+n])
			i += n
			continue
		case ended && !strings.ContainsRune(" \t\r\n;", rune(c)):
			return "", 0, fmt.Errorf("%w: more than one statement", errPlaceholders)
		case c == ';':
			ended = true
		case c == '$':
			n = digits(query[i+1:])
			number, err := strconv.Atoi(query[i+1 : i+1+n])
			if err != nil || number < 1 || number > 999 || i+1+n < len(query) && word(query[i+1+n]) {
				return "", 0, fmt.Errorf("%w: want $1 to $999 at byte %d", errPlaceholders, i)
			}
			used[number] = true
			top = max(top, number)
			out.WriteByte('?')
			out.WriteString(strconv.Itoa(number))
			i += 1 + n
			continue
		case c == '?' || c == ':' || c == '@' || c == '#':
			return "", 0, fmt.Errorf("%w: %q at byte %d; use $N", errPlaceholders, string(c), i)
		case word(c): // a word may have a $ inside
			for n = 1; i+n < len(query) && word(query[i+n]); n++ {
			}
			out.WriteString(query[i : i+n])
			i += n
			continue
		}
		out.WriteByte(c)
		i++
	}
	if len(used) != top {
		return "", 0, fmt.Errorf("%w: a number below $%d is not used", errPlaceholders, top)
	}
	return out.String(), top, nil
}

// skip is the length of the quoted text or comment that s starts with, or 0.
// One that never ends goes to the end; SQLite says what is wrong with it.
func skip(s string) int {
	end := func(from int, mark string) int {
		if i := strings.Index(s[from:], mark); i >= 0 {
			return from + i + len(mark)
		}
		return len(s)
	}
	switch {
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		// A doubled quote ends one text and starts the next, which comes to the same.
		return end(1, s[:1])
	case s[0] == '[':
		return end(1, "]")
	case strings.HasPrefix(s, "--"):
		return end(2, "\n")
	case strings.HasPrefix(s, "/*"):
		return end(2, "*/")
	}
	return 0
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// word: what may stand in an identifier, after its first byte.
func word(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 ||
		c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
