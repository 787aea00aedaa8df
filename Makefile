# Every target works on a fresh machine with Go and gcc; "make help" lists them.
GO      ?= go
STATIC  := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build test vet crash check bench demo fuzz nightly
help:
	@echo "build    one program, bin/daylight"
	@echo "test     all tests"
	@echo "check    gofmt, vet, staticcheck, tests with the race detector, floors, crash tests"
	@echo "bench    benchmarks of what the documents claim"
	@echo "demo     a portal with sample files at http://127.0.0.1:8080"
	@echo "fuzz     every fuzz target for FUZZTIME (60s)"
	@echo "nightly  the long forms: fuzzing, crash matrix"

build:
	$(GO) build -o bin/daylight ./cmd/daylight

test:
	$(GO) test ./...

vet:
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags failpoints ./...

crash:
	$(GO) test -tags failpoints -run 'Crash|Kill|Fail' ./store ./ingest ./search ./cmd/daylight

check: vet crash
	$(GO) run $(STATIC) ./...
	$(GO) test -race ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./privacy ./ingest/format ./datasets ./search

demo:
	$(GO) run ./cmd/daylight demo

# fuzz PACKAGE:TARGET pairs, one minute each.
FUZZ := $(shell grep -rn --include='*_test.go' -o 'func Fuzz[A-Za-z]*' . | sed 's#^\./\(.*\)/[^/]*:[0-9]*:func \(Fuzz.*\)#\1:\2#')
FUZZTIME ?= 60s
fuzz:
	@for f in $(FUZZ); do echo "$$f"; $(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x ./$${f%%:*} || exit 1; done

nightly: fuzz
	$(GO) test -race -count=3 -tags failpoints ./store ./ingest ./search ./cmd/daylight
