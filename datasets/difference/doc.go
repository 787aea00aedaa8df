// Package difference tells what became different between two published tables:
// in their columns, and row by row.
//
// Rows are matched by the table's primary key where it has one, else as a
// whole. Two cells are the same when the published CSV writes them the same: no
// value and empty text differ, 0 and -0 differ, NaN is itself. Integers and
// decimals are the same when their value is: 1.5 and 1.50. Only columns that
// both tables have are compared.
//
// The package reads published files and nothing else. It does not know which
// releases may be compared: that is for package catalog/differences.
package difference
