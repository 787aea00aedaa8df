package catalog

// A Withholding says in public why something is not published: the register of
// what is withheld is made of them. It speaks of law and time, never of what
// the data hold.
type Withholding struct {
	ID      string    `json:"id"` // UUID; its page is /withheld/{id}
	Dataset DatasetID `json:"dataset"`
	Access  string    `json:"access"`            // code in codes.AccessRights: NON_PUBLIC, or RESTRICTED where some may have it
	Reason  Text      `json:"reason"`            // why, in a sentence or two
	Law     Text      `json:"law"`               // title and number of the act
	Article string    `json:"article"`           // as it is cited: "Điều 14, khoản 6"
	LawURL  string    `json:"law_url,omitempty"` // where the act can be read
	Unit    Text      `json:"unit"`              // who decided: an office, never a person
	Decided string    `json:"decided"`           // day, ISO 8601
	Review  string    `json:"review"`            // day by which the decision is looked at again
	Appeal  Text      `json:"appeal"`            // where and how to object
}
