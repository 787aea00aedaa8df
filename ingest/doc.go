// Package ingest holds what agencies sent, until privacy has decided what may
// leave.
//
// It owns the inbox (an upload is encrypted, durable and acknowledged), the
// parse child (a second process of the same program, confined, in which alone
// a foreign file is opened), the spool (the child's tables, checked and kept in
// an unlinked file) and the jobs that take an upload through examination, plan,
// treatment and gates to a release. It knows nothing of the web, and holds no
// door around privacy: only privacy.Cleared goes on.
//
// No error, log line or report of this package holds a value of the data, a
// file's name or a sheet's name: upload id, row, column index and code only.
package ingest
