package ingest

import (
	"errors"
	"slices"
	"strings"

	"daylight/catalog/codes"
	"daylight/privacy"
)

// Names of the hierarchies that come with the portal. A plan asks for them as
// generalise with hierarchy and level.
const (
	unitsNow    = "vn-admin-2025" // old and new units to the 34 provinces since July 2025
	unitsBefore = "vn-admin-2024" // old units to the 63 provinces before
)

const (
	levelCommune  = "commune"
	levelDistrict = "district"
	levelProvince = "province"
)

// errHierarchy is for plans: it says which names there are.
var errHierarchy = errors.New("there is no hierarchy of this name: use vn-admin-2025, vn-admin-2024 or a file beside the plan")

// Hierarchies finds the hierarchies of Viet Nam's administrative units by name.
// Without communes they know provinces only, and have no level "commune": what
// no list says is unknown, goes to the root and is counted.
func Hierarchies(communes []codes.CommuneChange) func(name string) (privacy.Hierarchy, error) {
	made := map[string]privacy.Hierarchy{}
	return func(name string) (privacy.Hierarchy, error) {
		if h, ok := made[name]; ok {
			return h, nil
		}
		switch name {
		case unitsNow:
			made[name] = unitsOfNow(communes)
		case unitsBefore:
			made[name] = unitsOfBefore(communes)
		default:
			return nil, errHierarchy
		}
		return made[name], nil
	}
}

// units is a hierarchy of places. It knows each value by many spellings: codes
// with their zeros, names with and without accents and unit words, and an
// address whose last parts name a unit.
type units struct {
	levels []string            // from the lowest; the root above them has no name
	listed bool                // communes and districts are known
	paths  map[string][]string // by folded spelling: the unit of each level, "" where it is not known
	leaves []map[string]int    // by level
}

func (u *units) Levels() int { return len(u.levels) + 1 }

// Level finds a level by its name.
func (u *units) Level(name string) (int, bool) {
	i := slices.Index(u.levels, name)
	if i < 0 || !u.listed && name != levelProvince {
		return 0, false // no list: every value would be unknown
	}
	return i, true
}

// At gives the unit a value lies in. The text is the list's, never the value's.
func (u *units) At(value string, level int) (string, bool) {
	if level < 0 || level >= u.Levels() {
		return privacy.Suppressed, false
	}
	path, known := u.find(value)
	switch {
	case !known:
		return privacy.Suppressed, false
	case level == len(u.levels):
		return privacy.Suppressed, true
	case path[level] == "":
		return privacy.Suppressed, false
	}
	return path[level], true
}

func (u *units) Leaves(general string, level int) int {
	if level < 0 || level >= u.Levels() {
		return 0
	}
	return u.leaves[level][general]
}

// addressParts is how many parts at the end of an address name units.
const addressParts = 3

// find looks for the value as it is, then for the last parts of an address,
// the more of them the better: "Phường An Thới, Phú Quốc, Kiên Giang".
func (u *units) find(value string) ([]string, bool) {
	if path, ok := u.paths[codes.Fold(value)]; ok {
		return path, true
	}
	var parts []string
	for _, p := range strings.Split(value, ",") {
		if p = codes.Fold(p); p != "" {
			parts = append(parts, p)
		}
	}
	if n := len(parts); n > 1 && (parts[n-1] == "viet nam" || parts[n-1] == "vietnam") {
		parts = parts[:n-1]
	}
	for n := min(len(parts), addressParts); n > 0; n-- {
		if path, ok := u.paths[strings.Join(parts[len(parts)-n:], "|")]; ok {
			return path, true
		}
	}
	return nil, false
}

// add makes a spelling known. Where it is known already, what both say stands,
// and what they say differently is unknown.
func (u *units) add(path []string, spelling ...string) {
	for i := range spelling {
		spelling[i] = codes.Fold(spelling[i])
	}
	key := strings.Join(spelling, "|")
	was, known := u.paths[key]
	if !known {
		u.paths[key] = path
		return
	}
	both := make([]string, len(path))
	for i := range path {
		if was[i] == path[i] {
			both[i] = path[i]
		}
	}
	u.paths[key] = both
}

// count fills in the leaves: a unit is as many as it has units of the lowest
// level, and one where none of them is known.
func (u *units) count() {
	u.leaves = make([]map[string]int, u.Levels())
	for l := range u.leaves {
		u.leaves[l] = map[string]int{}
	}
	seen := map[string]bool{}
	chains := map[string][]string{}
	for _, path := range u.paths {
		chains[strings.Join(path, "\x00")] = path
	}
	for _, path := range chains {
		leaf := path[0]
		if leaf == "" || seen[leaf] {
			continue
		}
		seen[leaf] = true
		for l, name := range path {
			if name != "" {
				u.leaves[l][name]++
			}
		}
		u.leaves[len(u.levels)][privacy.Suppressed]++
	}
	// A unit of whose parts none is listed counts as one, once, up to the root.
	for _, path := range chains {
		for l, name := range path {
			if name == "" || u.leaves[l][name] > 0 {
				continue
			}
			for up := l; up < len(path); up++ {
				if path[up] != "" {
					u.leaves[up][path[up]]++
				}
			}
			u.leaves[len(u.levels)][privacy.Suppressed]++
			break
		}
	}
}

// addProvince makes a province known by code, names and names with unit words.
func (u *units) addProvince(path []string, code string, names []string) {
	u.add(path, code)
	for _, name := range provinceSpellings(names) {
		u.add(path, name)
	}
}

// provinceSpellings are the names with and without unit words.
func provinceSpellings(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, name)
		for _, unit := range []string{"tỉnh ", "thành phố ", "tp "} {
			out = append(out, unit+name)
		}
		for _, unit := range []string{" province", " city"} {
			out = append(out, name+unit)
		}
	}
	return out
}

// unitsOfNow leads communes and provinces, old and new, to the provinces of
// today.
func unitsOfNow(communes []codes.CommuneChange) *units {
	u := &units{levels: []string{levelCommune, levelProvince}, listed: len(communes) > 0, paths: map[string][]string{}}
	for p := range codes.Provinces.All() {
		u.addProvince([]string{"", p.VI}, p.Code, p.Spellings())
	}
	for f := range codes.FormerProvinces.All() {
		u.addProvince([]string{"", f.Now().VI}, f.Code, f.Spellings())
	}
	for _, c := range communes {
		now, _ := codes.Provinces.Get(c.NewProvinceCode)
		commune, province := []string{c.NewName + ", " + now.VI, now.VI}, []string{"", now.VI}
		u.add(commune, c.NewCode)
		u.add(commune, c.OldCode) // of a commune that was split the parts differ, and only the province stays known
		u.add(province, c.OldDistrictCode)
		for _, name := range provinceSpellings(now.Spellings()) {
			u.add(commune, c.NewName, name)
		}
		u.addFormer(commune, province, c)
	}
	u.count()
	return u
}

// unitsOfBefore leads communes, districts and provinces of before July 2025 to
// the provinces of then.
func unitsOfBefore(communes []codes.CommuneChange) *units {
	u := &units{levels: []string{levelCommune, levelDistrict, levelProvince}, listed: len(communes) > 0, paths: map[string][]string{}}
	for f := range codes.FormerProvinces.All() {
		names := f.Spellings()
		if same, ok := codes.Provinces.Get(f.Code); ok && same.VI == f.VI {
			names = append(names, same.Spellings()...) // "TP.HCM" was said before too
		}
		u.addProvince([]string{"", "", f.VI}, f.Code, names)
	}
	for _, c := range communes {
		then, _ := codes.FormerProvinces.Get(c.OldProvinceCode)
		name := c.OldDistrictName + ", " + then.VI
		commune, district := []string{c.OldName + ", " + name, name, then.VI}, []string{"", name, then.VI}
		u.add(commune, c.OldCode)
		u.add(district, c.OldDistrictCode)
		u.addFormer(commune, district, c)
	}
	u.count()
	return u
}

// addFormer makes an old commune known by its name with district and province,
// and its district with its province. Names alone are not enough, nor names
// without their kind: many units share one, and the list may not hold them all.
func (u *units) addFormer(commune, district []string, c codes.CommuneChange) {
	then, _ := codes.FormerProvinces.Get(c.OldProvinceCode)
	names := []string{c.OldDistrictName}
	if bare, ok := strings.CutPrefix(c.OldDistrictName, "Thành phố "); ok {
		names = append(names, "TP "+bare)
	}
	for _, province := range provinceSpellings(then.Spellings()) {
		for _, name := range names {
			u.add(commune, c.OldName, name, province)
			u.add(district, name, province)
		}
	}
}
