// Package samples holds the small agency files that `daylight demo` sends
// through the real pipeline. All were written for this project. The provinces
// are facts; every person, company, school and measurement is invented, and
// its metadata says so ("synthetic").
package samples

import "embed"

// Files holds each sample, its plan where it needs one (FILE.plan.yaml), and
// SOURCE.json, the metadata of all of them.
//
//go:embed *.csv *.yaml SOURCE.json
var Files embed.FS
