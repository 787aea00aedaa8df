// Command daylight is the whole portal in one program: it takes agencies'
// files in, clears them, publishes them, finds and serves them. This package
// wires the others together, one command a file, and holds no logic of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"daylight/ingest"
)

// Exit codes, the same for every command.
const (
	exitOK        = 0 // clean, or published
	exitFailed    = 1 // could not run; also wrong usage
	exitQuestions = 2 // check: readable, with questions or problems; publish: waits for a decision
	exitRefused   = 3 // refused by a plan or a gate
)

// exitError ends a command with a code. Its text has been told already when it
// is empty.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

// commands is the command line: the contract that scripts rely on.
type commands struct {
	Demo      demoCommand       `cmd:"" help:"Make a portal with sample files and serve it."`
	Serve     serveCommand      `cmd:"" help:"Serve a portal. With --public: only what is public, from a copy of public/ alone."`
	Work      workCommand       `cmd:"" help:"Run the jobs that wait, without serving."`
	Check     checkCommand      `cmd:"" help:"Say what a file is and what would stand against its publication. Works offline."`
	Ingest    ingestCommand     `cmd:"" help:"Run the whole pipeline over one file, without a server."`
	Publish   publishCommand    `cmd:"" help:"Send a file to a portal and wait for the answer. The token is read from DAYLIGHT_TOKEN."`
	Inventory inventoryCommands `cmd:"" help:"Your agency's datasets as a table: out, edited in a spreadsheet, back in. The token is read from DAYLIGHT_TOKEN."`
	Backup    backupCommand     `cmd:"" help:"Copy a data folder, also while it is served; or check such a copy."`
	Restore   restoreCommand    `cmd:"" help:"Make a data folder from a backup."`
	Verify    verifyCommand     `cmd:"" help:"Read every published file again and look for personal data."`
	Fsck      fsckCommand       `cmd:"" help:"Check that nothing is lost, damaged or public by mistake."`
	Reindex   reindexCommand    `cmd:"" help:"Make the search index anew."`
	Codes     codesCommands     `cmd:"" help:"Code lists that an administrator loads."`
	User      userCommands      `cmd:"" help:"Users of agencies and administrators."`
	Token     tokenCommands     `cmd:"" help:"Tokens for the API."`

	Version kong.VersionFlag `help:"Say which version this is."`
}

func main() {
	ingest.Child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// console is where a command writes.
type console struct {
	out, err io.Writer
}

// terminal is where a bar is drawn: err where it is a terminal, and nowhere
// where it is a file, whose reader wants lines.
func (c *console) terminal() io.Writer {
	if f, ok := c.err.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
			return f
		}
	}
	return io.Discard
}

// run is main without the process, for tests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("daylight"),
		kong.Description("An open-by-default government data portal. Nothing is public that privacy has not cleared."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
		kong.Vars{"version": version()},
	)
	if err != nil {
		fmt.Fprintln(stderr, "daylight:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "daylight: %v\nTry \"daylight --help\".\n", err)
		return exitFailed
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(&console{stdout, stderr})
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		if exit.text != "" {
			fmt.Fprintln(stderr, "daylight:", exit.text)
		}
		return exit.code
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitOK // interrupted: what was done stands
	}
	fmt.Fprintln(stderr, "daylight:", err)
	return exitFailed
}
