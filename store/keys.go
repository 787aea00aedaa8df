package store

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const keySize = chacha20poly1305.KeySize

// keys are what is derived from the master key. The master key itself is not kept.
type keys struct {
	wrap []byte // wraps the key of each upload
	mac  []byte // of HMAC
	made bool   // master.key was made just now
}

// openKeys takes the master key from env, or from master.key, which it makes
// only where no original can have been sealed under another one.
func openKeys(d *disk, env string) (*keys, error) {
	master, made, err := masterKey(d, env)
	if err != nil {
		return nil, err
	}
	defer clear(master)
	k := &keys{made: made}
	if k.wrap, err = hkdf.Key(sha256.New, master, nil, "daylight upload keys v1", keySize); err != nil {
		return nil, err
	}
	if k.mac, err = hkdf.Key(sha256.New, master, nil, "daylight content hmac v1", keySize); err != nil {
		return nil, err
	}
	id, err := keyID(master)
	if err != nil {
		return nil, err
	}
	return k, k.sameAsBefore(d, id)
}

// keyID names a master key without telling it.
func keyID(master []byte) (string, error) {
	id, err := hkdf.Key(sha256.New, master, nil, "daylight master key id v1", 16)
	return hex.EncodeToString(id), err
}

// sameAsBefore compares the key with the name of the one this place was first
// opened with: a forgotten environment variable must not seal new uploads under
// a second key.
func (k *keys) sameAsBefore(d *disk, id string) error {
	path := filepath.Join(d.root, masterID)
	was, err := os.ReadFile(path)
	if errors.Is(err, ErrNotExist) {
		return newFile(d, path, id+"\n")
	}
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(was)) != id {
		return fmt.Errorf("%w: this place was first opened with another one", ErrKey)
	}
	return nil
}

func masterKey(d *disk, env string) (key []byte, made bool, err error) {
	if env != "" {
		key, err := decodeKey(env)
		if err != nil {
			return nil, false, fmt.Errorf("master key from the environment: %w", err)
		}
		return key, false, nil
	}
	path := filepath.Join(d.root, "master.key")
	st, err := os.Stat(path)
	if errors.Is(err, ErrNotExist) {
		if made, err = makeMasterKey(d, path); err != nil {
			return nil, false, err
		}
		st, err = os.Stat(path)
	}
	if err != nil {
		return nil, false, err
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, false, fmt.Errorf("%w: others may read %s; chmod 600 it", ErrKey, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	if key, err = decodeKey(string(text)); err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	return key, made, nil
}

func makeMasterKey(d *disk, path string) (made bool, err error) {
	sealed, err := os.ReadDir(d.path("originals"))
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(d.root, masterID)); err == nil || len(sealed) > 0 {
		return false, fmt.Errorf("%w: %s is missing and was there before; put it back from its own backup", ErrKey, path)
	}
	key := make([]byte, keySize)
	rand.Read(key)
	defer clear(key)
	err = newFile(d, path, base64.StdEncoding.EncodeToString(key)+"\n")
	Fail("key.made")
	if errors.Is(err, ErrExist) {
		return false, nil // another process was first; its key is the one
	}
	return err == nil, err
}

// newFile makes a small durable file that only we can read, whole or not at all.
func newFile(d *disk, path, text string) error {
	f, err := d.create("new")
	if err != nil {
		return err
	}
	defer discard(f)
	if _, err := f.WriteString(text); err != nil {
		return diskError(err)
	}
	if err := d.flush(f); err != nil {
		return err
	}
	if err := renameNew(f.Name(), path); err != nil {
		return diskError(err)
	}
	return d.syncFolder(filepath.Dir(path))
}

// decodeKey does not wrap base64's error, which tells a byte of the key.
func decodeKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%w: want 32 bytes in base64", ErrKey)
	}
	return key, nil
}

// HMAC names content without telling it: hex of an HMAC-SHA256 under a key
// derived from the master key. The same bytes through Seal give the same name.
// The zero Private gives "".
func (p Private) HMAC(b []byte) string {
	if p.keys == nil {
		return ""
	}
	h := p.keys.newHMAC()
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

func (k *keys) newHMAC() hash.Hash { return hmac.New(sha256.New, k.mac) }

// A wrapped key is a version, a nonce, and the key sealed under both.
const wrapVersion = 1

// NewKey makes the key of one upload and returns it wrapped by the master key,
// which is the only form it has outside this package. It is made durable by the
// caller before anything is sealed under it; when it is forgotten, the original
// is gone for good.
func (p Private) NewKey() (wrapped []byte, err error) {
	if p.keys == nil {
		return nil, fmt.Errorf("new key: %w", errZero)
	}
	key := make([]byte, keySize)
	rand.Read(key)
	defer clear(key)
	aead, err := chacha20poly1305.NewX(p.keys.wrap)
	if err != nil {
		return nil, fmt.Errorf("new key: %w", err)
	}
	wrapped = make([]byte, 1+chacha20poly1305.NonceSizeX, 1+chacha20poly1305.NonceSizeX+keySize+aead.Overhead())
	wrapped[0] = wrapVersion
	nonce := wrapped[1:]
	rand.Read(nonce)
	return aead.Seal(wrapped, nonce, key, wrapped[:1]), nil
}

// unwrap is the inverse of NewKey; any other bytes, and another master key, are ErrKey.
func (k *keys) unwrap(wrapped []byte) ([]byte, error) {
	if k == nil {
		return nil, errZero
	}
	const head = 1 + chacha20poly1305.NonceSizeX
	if len(wrapped) != head+keySize+chacha20poly1305.Overhead || wrapped[0] != wrapVersion {
		return nil, fmt.Errorf("%w: malformed wrapped key", ErrKey)
	}
	aead, err := chacha20poly1305.NewX(k.wrap)
	if err != nil {
		return nil, err
	}
	key, err := aead.Open(nil, wrapped[1:head], wrapped[head:], wrapped[:1])
	if err != nil {
		return nil, fmt.Errorf("%w: the upload's key does not open", ErrKey)
	}
	return key, nil
}
