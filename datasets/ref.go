package datasets

import (
	"encoding/hex"
	"errors"

	"daylight/store"
)

// A Ref names a released file by the SHA-256 of its bytes. The zero Ref names
// nothing.
type Ref struct{ sum [32]byte }

// ParseRef reads the 64 lower-case hexadecimal digits that String writes.
func ParseRef(s string) (Ref, error) {
	var r Ref
	if len(s) != 2*len(r.sum) {
		return Ref{}, errors.New("parse ref: want 64 hexadecimal digits")
	}
	for i := range len(s) {
		// hex.DecodeString takes upper case too: one file, one name
		if s[i] >= 'A' && s[i] <= 'F' {
			return Ref{}, errors.New("parse ref: want lower-case hexadecimal digits")
		}
	}
	if _, err := hex.Decode(r.sum[:], []byte(s)); err != nil {
		return Ref{}, errors.New("parse ref: want 64 hexadecimal digits")
	}
	return r, nil
}

// String is the SHA-256 in hexadecimal digits.
func (r Ref) String() string { return hex.EncodeToString(r.sum[:]) }

// Key is where the file lies in the public place.
func (r Ref) Key() string { return store.FileKey(r.sum) }

// IsZero says that r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r *Ref) UnmarshalText(b []byte) error {
	got, err := ParseRef(string(b))
	if err != nil {
		return err
	}
	*r = got
	return nil
}
