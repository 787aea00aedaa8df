# Every target works on a fresh machine with Go and gcc; "make help" lists them.
GO      ?= go
VULN    := golang.org/x/vuln/cmd/govulncheck@v1.1.4
STATIC  := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build test vet crash check bench demo fuzz vulns nightly
help:
	@echo "build    one program, bin/daylight"
	@echo "test     all tests"
	@echo "check    gofmt, vet, staticcheck, tests with the race detector, floors, crash tests"
	@echo "bench    benchmarks of what the documents claim, and the race against other loaders (SIZE=100MB RUNS=5 POLARS=folder)"
	@echo "demo     a portal with sample files at http://127.0.0.1:8080"
	@echo "fuzz     every fuzz target for FUZZTIME (60s)"
	@echo "vulns    known faults in what is used; offline where VULNDB is a folder"
	@echo "nightly  the long forms: fuzzing, crash matrix, an upload of 10 GiB, known faults"

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

# The race has a go.mod of its own: DuckDB's library is no part of the program.
# POLARS is a folder in which npm installed nodejs-polars.
SIZE   ?= 100MB
RUNS   ?= 5
POLARS ?= .
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./privacy ./ingest/format ./datasets ./datasets/difference ./search
	@cd cmd/bench && $(GO) build -o ../../bin/ . ./ours || { \
	  echo "*** NOT MEASURED: cmd/bench cannot be built. It needs gcc, and DuckDB's library from the module proxy (once, about 1 GB on disk)."; exit 1; }
	bin/bench -size $(SIZE) -runs $(RUNS) -polars $(POLARS)

demo:
	$(GO) run ./cmd/daylight demo

# fuzz PACKAGE:TARGET pairs. A line each; what was found lies in the package's
# testdata/fuzz, and is committed with the fix. At the end of its time Go itself
# sometimes fails with "context deadline exceeded" and no input:
# that is no finding.
FUZZ := $(shell grep -rn --include='*_test.go' -o 'func Fuzz[A-Za-z]*' . | sed 's#^\./\(.*\)/[^/]*:[0-9]*:func \(Fuzz.*\)#\1:\2#')
FUZZTIME ?= 60s
fuzz:
	@for f in $(FUZZ); do \
	  if out=$$($(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./$${f%%:*} 2>&1) || \
	    { echo "$$out" | grep -q 'context deadline exceeded' && ! echo "$$out" | grep -q 'Failing input'; }; \
	  then echo "$$f: $$(echo "$$out" | sed -n 's/^fuzz: elapsed: \([^,]*\), execs: \([0-9]*\).*/\2 executions in \1/p' | tail -1)"; \
	  else echo "$$f failed:"; echo "$$out"; exit 1; fi; done

# The floors test over go.mod knows the faults that matter most; this knows all that the database does.
VULNDB ?= $(wildcard $(abspath ../shared/data/govulndb))
vulns:
	$(GO) run $(VULN) $(if $(VULNDB),-db file://$(VULNDB)) ./...

nightly: fuzz vulns
	DAYLIGHT_BIG_UPLOAD=10 $(GO) test -timeout 30m -run BigUpload ./cmd/daylight
	$(GO) test -race -count=3 -tags failpoints ./store ./ingest ./search ./cmd/daylight
