package format

import (
	"context"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// isShapefile: a ZIP in which shapes lie. Where spreadsheets or texts lie
// beside them, the maps are taken and the rest is counted.
func isShapefile(a *archive) bool {
	for name := range a.parts {
		if path.Ext(name) == ".shp" && entryName(name, a.limits.Label) != "" {
			return true
		}
	}
	return false
}

// shapeParts are the files of a shapefile that are read; an index of strings,
// a style or a description beside them are not.
var shapeParts = []string{".shp", ".dbf", ".shx", ".prj", ".cpg", ".cst"}

// besideShapes are the names that belong to a shapefile.
var besideShapes = append([]string{".shp.xml", ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".qml", ".sld", ".fbn", ".fbx", ".ain", ".aih", ".atx", ".ixs", ".mxs", ".xml", ".idm", ".ind"}, shapeParts...)

// prjMost bounds what is read of a .prj or .cpg file.
const prjMost = 64 << 10

// openShapefiles reads every shapefile of a ZIP, each as a table of its own, in
// the order of their names; folders and the case of letters do not matter.
func openShapefiles(ctx context.Context, a *archive, o Options) (*File, error) {
	if o.unpacker != nil {
		return nil, &Refusal{Code: "packed-twice", Stage: "unpack"}
	}
	o.unpacker = newUnpacker(o, a.size)
	layers, others := map[string]bool{}, int64(0)
	for name := range a.parts {
		switch {
		case entryName(name, a.limits.Label) == "":
		case path.Ext(name) == ".shp":
			layers[strings.TrimSuffix(name, ".shp")] = true
		}
	}
	for name := range a.parts {
		if entryName(name, a.limits.Label) != "" && maybeTable(entryName(name, a.limits.Label)) && !slices.ContainsFunc(besideShapes, func(ext string) bool {
			base, ok := strings.CutSuffix(name, ext)
			return ok && layers[base]
		}) {
			others++
		}
	}
	if len(layers) > o.Limits.Sheets {
		return nil, &Refusal{Code: "too-large", Stage: "structure"}
	}
	file := &File{Report: Report{Questions: []Question{}}}
	var encodings []string
	for _, base := range slices.Sorted(maps.Keys(layers)) {
		s, err := a.shapefile(ctx, base, o)
		if err != nil {
			return nil, err
		}
		if err := s.open(ctx, file, o); err != nil {
			return nil, err
		}
		encodings = append(encodings, file.Report.Encoding)
	}
	file.Report.Encoding = encodings[0]
	distinctNames(file)
	if others > 0 {
		file.Report.Tables[0].problem("archive-entry", seen{n: others}, "", "map")
	}
	return file, nil
}

// shapefile lays the parts of one shapefile out.
func (a *archive) shapefile(ctx context.Context, base string, o Options) (*shapefile, error) {
	name := entryName(a.parts[base+".shp"].Name, a.limits.Label)
	s := &shapefile{name: shownName(strings.TrimSuffix(name, path.Ext(name)))}
	for _, ext := range shapeParts {
		f := a.parts[base+ext]
		if f == nil {
			if ext == ".dbf" {
				return nil, &Refusal{Code: "shapefile-dbf", Stage: "structure"}
			}
			continue
		}
		in, err := a.entry(ctx, f, true)
		if err != nil {
			return nil, err
		}
		if ext == ".prj" || ext == ".cpg" || ext == ".cst" {
			text, err := io.ReadAll(io.LimitReader(in, prjMost))
			if err != nil {
				return nil, a.fault(err)
			}
			if ext == ".prj" {
				s.prj = text
			} else if s.cpg == nil {
				s.cpg = text
			}
			continue
		}
		laid, err := o.unpacker.lay(ctx, in)
		if err != nil {
			if err == errScratch {
				return nil, err
			}
			return nil, a.fault(err)
		}
		m := member{laid, laid.Size()}
		switch ext {
		case ".shp":
			s.shp = m
		case ".dbf":
			s.dbf = m
		case ".shx":
			s.shx = &m
		}
	}
	return s, nil
}
