# What a developer types. `make` alone lists it.

# The linter's cache keeps the paths of the checkout it was filled from: each has its own.
export GOLANGCI_LINT_CACHE := $(CURDIR)/.cache/golangci-lint
lint := go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint

# The race detector needs a C compiler; scripts/needs says so where there is none.
test := go test $$(scripts/needs race)

fuzz := internal/typed:FuzzParse config:FuzzFile config:FuzzEnvironment modules/tcp:FuzzLineBuffer modules/dispatcher:FuzzCron

# Packages with long tests that the race detector sees: of the others, make test runs everything.
long = $(shell grep -rlE --include='*_test.go' --exclude-dir=bench '^//go:build soak( && unix)?$$' . | xargs -n1 dirname | sort -u)

.DEFAULT_GOAL := help
.PHONY: help build run dev test soak lint bench

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# GOGC=400 lets the compiler trade memory for a fifth of its time.
build: ## build bin/app
	@echo "Building bin/app"
	@GOGC=400 CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/app ./cmd/app

run: build ## build and run the application until Ctrl-C; flags by ARGS="--set http.address=:8000"
	@exec scripts/run bin/app $(ARGS)

dev: ## run, and build and restart when a file is saved; flags by ARGS as for run
	@exec scripts/dev $(ARGS)

test: ## run all tests with the race detector, in under 5 minutes
	@scripts/needs
	$(test) -timeout 5m ./...

soak: ## run the long tests (build tag soak) and those beside them, and fuzz for half a minute each
	@scripts/needs
	$(test) -tags soak -p 1 -timeout 15m $(long)
	go test -tags soak -timeout 10m ./internal/faults                                   # the race detector would spoil its figures
	go test -tags soak -p 1 -timeout 10m -run 'OpenPage|FiveKills' . ./examples/exports # and these
	@for target in $(fuzz); do scripts/fuzz $$target 30s || exit 1; done

lint: ## check style, arrows and go.mod, and that it compiles for Windows and macOS
	$(lint) run ./...
	cd bench && $(lint) run --config ../.golangci.yml ./...
	go mod tidy -diff
	cd bench && go mod tidy -diff
	GOOS=windows go vet ./...
	GOOS=darwin go vet ./...

bench: ## measure, and compare with the targets of docs/benchmarks.md
	cd bench && go test -v -bench . -benchmem ./...
	cd bench && go run ./process -check
	cd bench && go run ./http -check
