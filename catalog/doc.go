// Package catalog says what exists: agencies, datasets, and the numbered
// releases of each, in the words of their agencies and in the codes of package
// codes. Store is the public side (what anyone may read, and the transaction
// that makes a release public); Drafts is the private side (metadata in the
// making, plans, intents). A row of the public side can only be made from a
// *datasets.Release, which can only be made from what privacy cleared.
//
// It does not hold bytes of files (package datasets does), does not search, and
// does not know the web; catalog/dcat says all this in the languages of other
// catalogues.
package catalog
