package main

import (
	"testing"

	"daylight/ingest"
)

func TestMain(m *testing.M) {
	ingest.Child() // the tests' own binary is the parse child
	m.Run()
}
