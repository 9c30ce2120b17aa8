package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/local"
	"gleaner/infra/local/demosite"
	"gleaner/shared/quota"
)

func newServe(getenv func(string) string) *cobra.Command {
	var f nodeFlags
	var listen, urlsPerDay, runningJobs string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server, the workers and the dashboard on this machine",
		Example: `  gleaner serve
  gleaner serve --demo                     # try it on the built-in sample site
  gleaner serve --listen 127.0.0.1:9000 --data /var/lib/gleaner --contact https://example.org/crawler
  gleaner serve --urls-per-day 50000 --running-jobs 5   # what each owner may have`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.quota, err = quota.ParseLimits(urlsPerDay, runningJobs); err != nil {
				return fmt.Errorf("--urls-per-day, --running-jobs: %w", err)
			}
			return serve(cmd, &f, listen)
		},
	}
	f.register(cmd, getenv)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "`address` to listen on")
	cmd.Flags().StringVar(&urlsPerDay, "urls-per-day", orDefault(getenv("GLEANER_URLS_PER_DAY"), quota.DefaultURLsPerDay),
		"`URLs` an owner may hand in within a day (UTC), 0 for no limit (GLEANER_URLS_PER_DAY)")
	cmd.Flags().StringVar(&runningJobs, "running-jobs", orDefault(getenv("GLEANER_RUNNING_JOBS"), quota.DefaultRunningJobs),
		"`jobs` an owner may have running at once, 0 for no limit (GLEANER_RUNNING_JOBS)")
	return cmd
}

func orDefault(text string, n int) string {
	if text != "" {
		return text
	}
	return strconv.Itoa(n)
}

func serve(cmd *cobra.Command, f *nodeFlags, listen string) (err error) {
	ctx := cmd.Context()
	node, site, closeNode, err := f.open(ctx, cmd.ErrOrStderr(), slog.LevelInfo, true)
	if errors.Is(err, local.ErrInUse) {
		return fmt.Errorf("%w\nA server is probably running on it: use that one, stop it, or choose another directory with --data", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeNode()) }()

	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("%w\n(choose another address with --listen)", err)
	}
	handler, err := node.Handler()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	if site != nil {
		mux.Handle("GET /demo/urls.txt", listHandler(site))
	}
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	greet(cmd, f, l, site)

	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return node.Run(running) })
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	<-running.Done()
	if ctx.Err() != nil {
		fmt.Fprintln(cmd.OutOrStdout(), "\nStopping: what is under way is stored; jobs go on at the next start.")
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close() // open event streams do not hold the server up
	}
	return g.Wait()
}

func greet(cmd *cobra.Command, f *nodeFlags, l net.Listener, site *demosite.Site) {
	out := cmd.OutOrStdout()
	address, everywhere := reachable(l.Addr())
	fmt.Fprintf(out, "Gleaner is at  http://%s/\n", address)
	if everywhere {
		fmt.Fprintln(out, "               and at every other address of this machine, from elsewhere with an API key (gleaner keys create)")
	}
	if site != nil {
		fmt.Fprintf(out, "Sample site:   %d pages to paste into the dashboard, listed at http://%s/demo/urls.txt\n", len(site.URLs()), address)
		if !f.dataChosen() {
			return
		}
	}
	dir, err := filepath.Abs(f.data)
	if err != nil {
		dir = f.data
	}
	fmt.Fprintf(out, "Data is in     %s\n", dir)
	if f.contact == "" && site == nil {
		fmt.Fprintln(out, "Please name a page about yourself with --contact, so that webmasters know who crawls.")
	}
}

// reachable is an address at which a listener is reached from this machine, and
// whether it listens on all addresses there are.
func reachable(a net.Addr) (address string, everywhere bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String(), false
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port)), true
}

// listHandler serves the sample site's list as text.
func listHandler(site *demosite.Site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(strings.Join(site.URLs(), "\n") + "\n"))
	})
}
