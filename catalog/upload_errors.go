package catalog

import (
	"errors"
	"fmt"
)

// What can stand against a file on its way in. Package ingest gives them,
// package api tells them.
var (
	// ErrIdempotency: the Idempotency-Key was used before with another request.
	ErrIdempotency = errors.New("catalog: this Idempotency-Key was used with another request")
	// ErrAddress: nothing can be fetched from this address.
	ErrAddress = errors.New("catalog: not an address that a file can be fetched from")
	// ErrTooLarge: the file is larger than the portal takes.
	ErrTooLarge = errors.New("catalog: the file is too large")
	// ErrNoSpace: there is no room for the file now.
	ErrNoSpace = errors.New("catalog: no space left for the file")
	// ErrState: the upload is not in a state in which this can be done.
	ErrState = errors.New("catalog: not possible in this state of the upload")
	// ErrBusy: somebody is sending bytes of this upload at this moment.
	ErrBusy = fmt.Errorf("%w: its bytes are coming from somebody else", ErrState)
	// ErrOffset: the bytes do not begin where the last ones ended.
	ErrOffset = fmt.Errorf("%w: wrong offset", ErrState)
	// ErrChecksum: the bytes are not those that were meant; none of them was kept.
	ErrChecksum = errors.New("catalog: the bytes have another checksum")
	// ErrGone: the upload expired, or its sender took it back.
	ErrGone = fmt.Errorf("%w: it was given up", ErrState)
	// ErrPerson: this person may not do it; another one may.
	ErrPerson = errors.New("catalog: another person must do this")
	// ErrStale: what is approved is not what stands now.
	ErrStale = errors.New("catalog: what is approved is not what stands now")
	// ErrPlan: the plan that came with the upload cannot be read.
	ErrPlan = errors.New("catalog: the plan cannot be read")
)

// ErrMetadata: what is said of the data cannot be public; Problems say why.
type ErrMetadata struct{ Problems []Problem }

func (e *ErrMetadata) Error() string {
	return fmt.Sprintf("catalog: what is said of the data has %d problems", len(e.Problems))
}

// ErrSchema says what is wrong with a Table Schema, and where: a JSON Pointer
// (RFC 6901).
type ErrSchema struct{ Pointer, Detail string }

func (e *ErrSchema) Error() string {
	return "catalog: the schema cannot be used: " + e.Pointer + ": " + e.Detail
}
