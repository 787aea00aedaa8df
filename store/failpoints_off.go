//go:build !failpoints

package store

// Fail marks a point at which a crash must do no harm. It does nothing unless
// the program is built with -tags failpoints; then DAYLIGHT_FAIL=name:kill
// sends SIGKILL to the process itself.
func Fail(point string) {}

// FailErr is Fail where an error can be returned; DAYLIGHT_FAIL=name:error
// makes it return one.
func FailErr(point string) error { return nil }
