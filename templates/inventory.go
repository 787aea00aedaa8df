package templates

// NavWorkInventory is the current entry on an agency's inventory.
const NavWorkInventory = "work-inventory"

// InventoryPage is "/inventory": the catalogue as a table.
type InventoryPage struct {
	Site                Site
	Published, Withheld int
	Agencies            []InventoryAgency
	Columns             []string
	Uploads             bool // this process takes tables back in
}

// InventoryAgency is one agency's part of the table.
type InventoryAgency struct {
	Agency              Link
	Published, Withheld int
	CSV, Excel          string // addresses
}

// WorkInventoryPage is "/agency/inventory": the table out, back in, and what it
// would change.
type WorkInventoryPage struct {
	Site       Site
	Work       Work
	Most       int64  // bytes of a table that is sent here
	File       string // what is wrong with the file as a whole; "": nothing
	FileRow    int    // of the spreadsheet; 0: not about one
	FileColumn string
	Preview    *InventoryPreview
	Table      string // the table once more, for the form that applies it; "": there is nothing to apply
}

// InventoryPreview is what a table would change, or has changed.
type InventoryPreview struct {
	Digest                                           string
	Applied, Stale                                   bool
	Total, Unchanged, Changed, New, Problems, Public int
	Rows                                             []InventoryRow
	More                                             int // rows that are not shown
}

// InventoryRow is what becomes of one row. What: changed, new, problem.
type InventoryRow struct {
	Row      int
	Slug     string
	Title    Text
	What     string
	Public   bool
	Changes  []InventoryChange
	Problems []InventoryProblem
}

// InventoryChange is a field that becomes different. Pending: the draft of a
// public dataset says something else than the public sees.
type InventoryChange struct {
	Field, Before, Draft, After string
	Pending                     bool
}

// InventoryProblem is one thing to put right.
type InventoryProblem struct {
	Field   string
	Words   string
	Warning bool
}
