package store

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// ownKey is a cipher under a key derived from an upload's: one use, one key.
func ownKey(secret []byte, use string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, use, keySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return chacha20poly1305.NewX(key)
}

const secretNotes = "daylight upload notes v1"

// SealNote keeps a few bytes about an upload under its key: they are forgotten
// with it. A row holds what SealNote gives.
func (p Private) SealNote(id string, wrapped, note []byte) ([]byte, error) {
	secret, err := p.keys.unwrap(wrapped)
	if err != nil {
		return nil, fmt.Errorf("seal note: %w", err)
	}
	defer clear(secret)
	aead, err := ownKey(secret, secretNotes)
	if err != nil {
		return nil, fmt.Errorf("seal note: %w", err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(note)+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, note, []byte(id)), nil
}

// OpenNote is the inverse of SealNote; anything else is ErrDamaged.
func (p Private) OpenNote(id string, wrapped, sealed []byte) ([]byte, error) {
	secret, err := p.keys.unwrap(wrapped)
	if err != nil {
		return nil, fmt.Errorf("open note: %w", err)
	}
	defer clear(secret)
	aead, err := ownKey(secret, secretNotes)
	if err != nil {
		return nil, fmt.Errorf("open note: %w", err)
	}
	if len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("open note: %w", ErrDamaged)
	}
	note, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(id))
	if err != nil {
		return nil, fmt.Errorf("open note: %w", ErrDamaged)
	}
	return note, nil
}

// resumableHMAC is HMAC-SHA256 whose state can be kept: that of crypto/hmac
// cannot. It gives what Private.HMAC gives.
type resumableHMAC struct {
	inner hash.Hash
	outer [sha256.BlockSize]byte
}

var _ encoding.BinaryMarshaler = sha256.New().(encoding.BinaryMarshaler)

func newResumableHMAC(key []byte) resumableHMAC {
	m := resumableHMAC{inner: sha256.New()}
	var pad [sha256.BlockSize]byte
	copy(pad[:], key) // 32 bytes; longer keys would be hashed first
	for i, b := range pad {
		pad[i], m.outer[i] = b^0x36, b^0x5c
	}
	m.inner.Write(pad[:])
	return m
}

func (m resumableHMAC) sum() []byte {
	h := sha256.New()
	h.Write(m.outer[:])
	h.Write(m.inner.Sum(nil))
	return h.Sum(nil)
}
