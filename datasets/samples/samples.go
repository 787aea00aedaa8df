// Package samples holds the small agency files that `daylight demo` sends
// through the real pipeline: delimited text as agencies really save it, workbooks
// with titles over their tables, nested JSON, a map, and three releases of one
// dataset. All were written for this project. The provinces are facts; every
// person, company, school and measurement is invented, and its metadata says so
// ("synthetic").
package samples

import "embed"

// Files holds each sample, its plan where it needs one (FILE.plan.yaml), and
// SOURCE.json, the metadata of all of them.
//
//go:embed *.csv *.xlsx *.json *.geojson *.yaml
var Files embed.FS
