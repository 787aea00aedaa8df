// Package search finds datasets by the words people type.
//
// Its index is a disposable copy of the catalogue on this machine's disk: it
// follows catalog.Changes, is compared with the catalogue when it is opened,
// and is built anew beside the old one whenever there is a doubt. Until then
// Find reads the catalogue itself and says that its answer is stale.
//
// Vietnamese is found with and without its marks: every text is indexed as
// written and folded (đ to d, no marks), and what is written as it was asked
// for comes first. The package knows nothing of the web and reads no files but
// its own.
package search
