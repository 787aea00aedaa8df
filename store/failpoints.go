package store

// points are the places where a test can kill the program, in the order a file
// passes them. Fail and FailErr are called with these names only; a test
// compares the sources with this table.
var points = []string{
	// Receiving (Private.Seal, ingest).
	"receive.created",    // an empty temporary file
	"receive.tmp_synced", // sealed and synced, still under its temporary name
	"receive.renamed",    // named originals/{id}, folder not synced
	"receive.row",        // upload, audit and job are one committed transaction

	// Receiving in parts (Parts, ingest).
	"parts.created", // the seal file is there, with its head only
	"parts.marked",  // a mark of the tail is synced: the offset may be told
	"parts.sealed",  // whole chunks are synced in the seal file, and still in the tail
	"parts.moved",   // the new tail, without them, has its name
	"parts.whole",   // the last chunk is synced, under the name of a part
	"parts.named",   // named originals/{id}, folders not synced
	"parts.row",     // upload, audit and job are one committed transaction; the tail is still there

	// Watched folder.
	"folder.sent", // the file is received, and lies in the folder still

	// Retention.
	"retire.key", // the key of an original is destroyed, its bytes lie there still

	// Jobs.
	"job.claimed",
	"job.finished",

	// Publishing (datasets, ingest, Public.Adopt).
	"publish.staged",  // every file written into staging
	"publish.checked", // the gates have passed
	"adopt.synced",    // a staged file is durable, not yet public
	"adopt.copied",    // copied to the public disk under a temporary name
	"adopt.renamed",   // under its hash, folder not synced
	"publish.adopted", // every file is in the public place
	"publish.intent",  // the intent is durable in the private database
	"publish.public",  // the public transaction is committed: it is public
	"publish.done",    // the intent is closed

	// Changing what is said in public, without a file.
	"words.intent", // the intent is durable in the private database
	"words.public", // the public transaction is committed
	"words.done",   // the intent is closed

	// Searching.
	"index.batch",

	// Blobs, databases, backup.
	"put.synced",
	"put.renamed",
	"delete.removed",
	"key.made",
	"migrate.before",
	"migrate.after",
	"backup.pinned",    // both databases are held at one instant, nothing is written
	"backup.copied",    // a database is copied, not yet named by a manifest
	"backup.files",     // every file that the databases name is there
	"backup.committed", // the manifest is the new one, the databases still under their new names
}

// Points lists the names that DAYLIGHT_FAIL knows in a program built with
// -tags failpoints.
func Points() []string { return append([]string(nil), points...) }
