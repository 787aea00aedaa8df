package codes

import (
	"strconv"
	"strings"
	"time"
)

// Schemes that the lists belong to.
const (
	ThemeScheme         = authority + "data-theme"
	FrequencyScheme     = authority + "frequency"
	LanguageScheme      = authority + "language"
	AccessRightScheme   = authority + "access-right"
	AvailabilityScheme  = authority + "planned-availability"
	FileTypeScheme      = authority + "file-type"
	CountryScheme       = authority + "country"
	ContinentScheme     = authority + "continent"
	PublisherTypeScheme = adms + "publishertype/1.0"
	LicenceTypeScheme   = adms + "licencetype/1.0"
	// The portal's own. A code of the former list may mean another place in the
	// list of today, so their schemes differ.
	ProvinceScheme       = "/codes/administrative-units"
	FormerProvinceScheme = "/codes/former-administrative-units"
)

var (
	// Themes are the 13 themes of the European data portals.
	Themes = load("themes.csv", under(ThemeScheme))
	// Frequencies say how often a dataset is to be renewed.
	Frequencies = load("frequencies.csv", func(f *Frequency) { under(FrequencyScheme)(&f.Concept) })
	// Languages are found by their BCP 47 tag.
	Languages = load("languages.csv", func(l *Language) { l.set(LanguageScheme, LanguageScheme+"/"+l.Authority) })
	// AccessRights say who may have the data.
	AccessRights = load("access_rights.csv", func(a *AccessRight) { under(AccessRightScheme)(&a.Concept) })
	// Availability says how long a file is meant to stay.
	Availability = load("availability.csv", under(AvailabilityScheme))
	// PublisherTypes are the kinds of agencies.
	PublisherTypes = load("publisher_types.csv", func(c *Concept) { c.set(PublisherTypeScheme, adms+"publishertype/"+c.Code) })
	// LicenceTypes say what a licence asks for.
	LicenceTypes = load("licence_types.csv", func(t *LicenceType) { t.set(LicenceTypeScheme, adms+"licencetype/"+t.Code) })
	// FileTypes are the kinds of files that are offered.
	FileTypes = load("file_types.csv", func(f *FileType) { under(FileTypeScheme)(&f.Concept) })
)

// A Frequency is how often a dataset is to be renewed.
type Frequency struct {
	Concept
	Days     int    `csv:"days"`     // longest time between two releases; 0: none is promised
	Interval string `csv:"interval"` // as DCAT-US 1.1 writes it: "R/P1Y", "irregular"; "": it has no form
}

// Due is when the next release is promised after one of that time; zero when
// none is promised.
func (f Frequency) Due(last time.Time) time.Time {
	if f.Days == 0 {
		return time.Time{}
	}
	return last.AddDate(0, 0, f.Days)
}

func (f Frequency) entry() Entry {
	if f.Days == 0 {
		return f.Concept.entry()
	}
	return f.Concept.entry().with(strconv.Itoa(f.Days))
}

// A Language has its BCP 47 tag as code.
type Language struct {
	Concept
	Authority string `csv:"authority"` // ISO 639-3 code, as the authority table has it: "VIE"
}

func (l Language) entry() Entry { return l.Concept.entry().with(l.Authority) }

// An AccessRight says who may have the data.
type AccessRight struct {
	Concept
	Level string `csv:"level"` // accessLevel of DCAT-US 1.1
}

func (a AccessRight) entry() Entry { return a.Concept.entry().with(a.Level) }

// A LicenceType says what a licence asks for.
type LicenceType struct {
	Concept
	Weight int `csv:"weight"` // the more it asks for, the higher
}

// A FileType is a kind of file.
type FileType struct {
	Concept
	Format    string `csv:"format"`     // name of the format in package datasets: "csv"
	MediaType string `csv:"media_type"` // without parameters
}

func (f FileType) entry() Entry { return f.Concept.entry().with(f.MediaType) }

// FileTypeOf finds the type of a format by the name package datasets gives it.
func FileTypeOf(format string) (FileType, bool) {
	for f := range FileTypes.All() {
		if strings.EqualFold(f.Format, format) {
			return f, true
		}
	}
	return FileType{}, false
}
