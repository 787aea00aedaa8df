package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Staging is the part of the private place where files wait for the gates.
// The zero Staging refuses everything.
type Staging struct{ private *disk }

// Staging of the place.
func (p Private) Staging() Staging { return Staging{p.private} }

// Stage is one publication's folder in Staging. What is in it dies at the next
// start, at the latest.
type Stage struct {
	dir  string
	disk *disk
}

// New makes an empty stage. The caller removes it.
func (s Staging) New(ctx context.Context) (*Stage, error) {
	if err := s.private.writable(); err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	dir := filepath.Join(s.private.root, "staging", strings.ToLower(rand.Text()))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("stage: %w", diskError(err))
	}
	return &Stage{dir: dir, disk: s.private}, nil
}

var nameRule = regexp.MustCompile(`^[0-9a-z_][0-9a-z._-]{0,127}$`)

// Create makes a file of the stage, open to read and to write; a name that is
// taken is ErrExist. Names are ours, of a-z, 0-9, '.', '_' and '-': never an
// agency's file name.
func (s *Stage) Create(name string) (*os.File, error) {
	if !nameRule.MatchString(name) {
		return nil, fmt.Errorf("stage file: %w", ErrBadKey)
	}
	if err := s.disk.writable(); err != nil {
		return nil, fmt.Errorf("stage %s: %w", name, err)
	}
	f, err := os.OpenFile(s.Path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("stage %s: %w", name, diskError(reason(err)))
	}
	return f, nil
}

// Flush brings a file of the stage to the disk. Public.Adopt does it again, and
// then has little to wait for.
func (s *Stage) Flush(name string) error {
	f, err := os.Open(s.Path(name))
	if err != nil {
		return fmt.Errorf("flush %s: %w", name, reason(err))
	}
	defer f.Close()
	if err := s.disk.flush(f); err != nil {
		return fmt.Errorf("flush %s: %w", name, err)
	}
	return nil
}

// Path of a file of the stage, for Public.Adopt. A name that Create would
// refuse gives a path inside the stage at which nothing can be.
func (s *Stage) Path(name string) string {
	if !nameRule.MatchString(name) {
		name = ".none"
	}
	return filepath.Join(s.dir, name)
}

// Remove removes the stage and all that is still in it. Twice is not an error.
func (s *Stage) Remove() error {
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove stage: %w", reason(err))
	}
	return nil
}
