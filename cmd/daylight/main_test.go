package main

import (
	"os"
	"testing"

	"daylight/ingest"
)

func TestMain(m *testing.M) {
	ingest.Child() // the tests' own binary is the parse child
	if os.Getenv("DAYLIGHT_TEST_RUN") != "" {
		main() // and the program, where a test kills it
	}
	m.Run()
}
