//go:build linux && !amd64 && !arm64

package ingest

// No filter is written for this machine: limits and namespaces remain.
const auditArch = 0

var forbiddenHere []uint32
