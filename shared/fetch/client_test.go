package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newTestClient(t *testing.T, handler http.HandlerFunc, change func(*Config)) (*Client, *url.URL) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg := Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	if change != nil {
		change(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Rest)
	u, err := url.Parse(server.URL + "/page")
	if err != nil {
		t.Fatal(err)
	}
	return c, u
}

func TestARequestSaysWhoAsks(t *testing.T) {
	var got http.Header
	c, u := newTestClient(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header }, func(cfg *Config) {
		cfg.Product, cfg.Version, cfg.ContactURL, cfg.From = "Nachlese", "2.5", "https://nachlese-crawler.de/bot", "bot@nachlese-crawler.de"
	})
	if _, err := c.Do(t.Context(), &Request{URL: u, Accept: "text/html", Language: "de", ETag: `"x"`, LastModified: "Mon, 02 Nov 2026 10:00:00 GMT"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"User-Agent": "Nachlese/2.5 (+https://nachlese-crawler.de/bot)", "From": "bot@nachlese-crawler.de",
		"Accept": "text/html", "Accept-Language": "de", "Accept-Encoding": "gzip, br, zstd, deflate",
		"If-None-Match": `"x"`, "If-Modified-Since": "Mon, 02 Nov 2026 10:00:00 GMT",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	for name, cfg := range map[string]Config{
		"product": {Product: "two words"}, "version": {Version: "1\r\nX: y"}, "contact": {ContactURL: "nowhere"},
		"from": {From: "a\nb"}, "timeout": {IdleTimeout: -1}, "body": {MaxBody: 10},
	} {
		if _, err := NewClient(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestBodiesUpToTheLimitAreRead(t *testing.T) {
	const limit = 3 << 20
	var size int
	var chunked bool
	c, u := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
		if chunked {
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}, func(cfg *Config) { cfg.MaxBody = limit })
	for _, size = range []int{0, 1, smallSize - 1, smallSize, smallSize + 1, 256 << 10, 1<<20 + 1, limit, limit + 1} {
		for _, chunked = range []bool{false, true} {
			resp, err := c.Do(t.Context(), &Request{URL: u})
			switch {
			case size > limit && !errors.Is(err, ErrTooLarge):
				t.Errorf("%d bytes: %v", size, err)
			case size <= limit && (err != nil || len(resp.Body) != size):
				t.Errorf("%d bytes: %d, %v", size, len(resp.Body), err)
			}
			if resp != nil {
				resp.Release()
			}
			resp, err = c.Do(t.Context(), &Request{URL: u, MaxBody: 1000, Truncate: true})
			if err != nil || len(resp.Body) != min(size, 1000) || resp.Cut != (size > 1000) {
				t.Errorf("%d bytes, cut off: %d, %v, %v", size, len(resp.Body), resp.Cut, err)
			}
			resp.Release()
		}
	}
}

// TestMemoryRunsOutForNobody: with more readers of large bodies than there are
// large buffers, everyone gets through, in turn.
func TestMemoryRunsOutForNobody(t *testing.T) {
	const size = 2 << 20
	c, u := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush() // no length: every buffer has to grow
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}, nil)
	errs := make(chan error)
	for range 40 {
		go func() {
			resp, err := c.Do(t.Context(), &Request{URL: u, PerHost: 50})
			if err == nil && len(resp.Body) != size {
				err = errors.New("short")
			}
			if resp != nil {
				time.Sleep(time.Millisecond) // somebody reads it
				resp.Release()
			}
			errs <- err
		}()
	}
	for range 40 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for tier, r := range c.memory.rations {
		if r != nil && !r.TryAcquire(int64(tiers[tier].ration)) {
			t.Errorf("buffers of %d bytes were not given back", c.memory.sizes[tier])
		}
	}
}

// TestWaitingForMemoryIsNotTheSitesFault: the clock of a request stands still
// while it waits for a buffer.
func TestWaitingForMemoryIsNotTheSitesFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		clock := startClock(cancel, 10*time.Second)
		defer clock.stop()
		clock.idleAfter(2 * time.Second)
		time.Sleep(time.Second)
		clock.pause()
		time.Sleep(time.Hour)
		clock.resume()
		clock.idleAfter(8500 * time.Millisecond)
		time.Sleep(8 * time.Second)
		if ctx.Err() != nil {
			t.Fatalf("ended early: %v", context.Cause(ctx))
		}
		time.Sleep(1100 * time.Millisecond)
		if !errors.Is(context.Cause(ctx), ErrIdleTimeout) && !errors.Is(context.Cause(ctx), ErrTotalTimeout) {
			t.Errorf("ended with %v", context.Cause(ctx))
		}
	})
}

func TestTimeLimits(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}
	stall := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		change  func(*Config)
		want    error
	}{
		"first byte": {hang, func(c *Config) { c.FirstByteTimeout = 50 * time.Millisecond }, ErrFirstByteTimeout},
		"idle":       {stall, func(c *Config) { c.IdleTimeout = 50 * time.Millisecond }, ErrIdleTimeout},
		"total":      {drip, func(c *Config) { c.TotalTimeout = 100 * time.Millisecond }, ErrTotalTimeout},
	} {
		client, u := newTestClient(t, c.handler, c.change)
		resp, err := client.Do(t.Context(), &Request{URL: u})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if resp != nil {
			resp.Release()
		}
	}
}

func TestAnUnwantedBodyIsNotRead(t *testing.T) {
	c, u := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	}, nil)
	resp, err := c.Do(t.Context(), &Request{URL: u, Wanted: func(status int, h http.Header) bool {
		return status == http.StatusOK && h.Get("Content-Type") == "text/html"
	}})
	if err != nil || resp.Body != nil || resp.Status != http.StatusOK {
		t.Errorf("%+v, %v", resp, err)
	}
}
