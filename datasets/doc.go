// Package datasets owns what the public may have: the shelf of released files,
// the formats they are written in, and reading them again.
//
// The only way onto the shelf is Shelf.Publish, and all it takes is what
// privacy has cleared. Files are named by the SHA-256 of their bytes and never
// change. The package knows nothing of agencies, of the catalogue, or of what
// was sent; a Release is what the catalogue later makes public.
package datasets
