package privacy

import "context"

// Rescan examines a table that was written and read back, headers and labels
// too. It is Examine: what left must stand the same test as what came in.
func Rescan(ctx context.Context, t Table, s Setting) (Profile, error) {
	return Examine(ctx, t, s)
}
