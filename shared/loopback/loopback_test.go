package loopback_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/shared/loopback"
)

func serve(t *testing.T, hosts int, h http.Handler) *loopback.Web {
	t.Helper()
	w, err := loopback.Serve(t.Context(), netip.MustParseAddr("127.76.0.254"), hosts, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(body)), err
}

// TestHostsAreAddressesOfTheirOwn wants every host on its address, on one port,
// with the behaviour that a mux gives it.
func TestHostsAreAddressesOfTheirOwn(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })
	mux.HandleFunc("127.76.1.0/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	web := serve(t, 4, loopback.WithoutRobots(mux))
	for i, ip := range []string{"127.76.0.254", "127.76.0.255", "127.76.1.0", "127.76.1.1"} {
		host := net.JoinHostPort(ip, fmt.Sprint(web.Port()))
		if web.Hosts()[i] != host {
			t.Errorf("host %d is %s, want %s", i, web.Hosts()[i], host)
		}
		want := "200 " + host
		if ip == "127.76.1.0" {
			want = "418 "
		}
		if got, err := get(t.Context(), "http://"+host+"/page"); got != want || err != nil {
			t.Errorf("%s answers %q, %v, want %q", host, got, err, want)
		}
		if got, err := get(t.Context(), "http://"+host+"/robots.txt"); !strings.HasPrefix(got, "404 ") || err != nil {
			t.Errorf("%s has a robots.txt: %q, %v", host, got, err)
		}
	}
}

func TestCloseEndsRequests(t *testing.T) {
	asked, left := make(chan struct{}), make(chan bool, 1)
	web := serve(t, 1, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		left <- loopback.Delay(r, time.Hour)
	}))
	failed := make(chan error, 1)
	go func() {
		_, err := get(t.Context(), "http://"+web.Hosts()[0])
		failed <- err
	}()
	<-asked
	if err := web.Close(); err != nil {
		t.Error(err)
	}
	if <-left {
		t.Error("an hour is over already")
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	if _, err := get(t.Context(), "http://"+web.Hosts()[0]); err == nil {
		t.Error("a closed web answers")
	}
}

func TestNames(t *testing.T) {
	names := loopback.Names(func(name string) (netip.Addr, bool) {
		return netip.AddrFrom4([4]byte{127, 76, 0, 1}), name == "baeckerei-lindhorst.de"
	})
	ips, err := names.LookupNetIP(t.Context(), "ip", "baeckerei-lindhorst.de")
	if err != nil || fmt.Sprint(ips) != "[127.76.0.1]" {
		t.Errorf("%v, %v", ips, err)
	}
	_, err = names.LookupNetIP(t.Context(), "ip", "nobody-here.de")
	if dns := (*net.DNSError)(nil); !errors.As(err, &dns) || !dns.IsNotFound || dns.Name != "nobody-here.de" {
		t.Errorf("%v", err)
	}
}

func TestTally(t *testing.T) {
	var tally loopback.Tally
	if all := tally.Counts(); all == nil || len(all) != 0 || tally.Count("a") != 0 {
		t.Errorf("counted before anything was: %v", all)
	}
	var all sync.WaitGroup
	var last sync.Map
	for range 50 {
		all.Go(func() { last.Store(tally.Add("a"), true) })
	}
	all.Wait()
	if _, ok := last.Load(50); !ok || tally.Add("b") != 1 || tally.Count("a") != 50 {
		t.Errorf("%v", tally.Counts())
	}
	counts := tally.Counts()
	if !maps.Equal(counts, map[string]int{"a": 50, "b": 1}) {
		t.Errorf("%v", counts)
	}
	clear(counts)
	if tally.Count("a") != 50 {
		t.Error("a caller's map is the tally's own")
	}
}

func TestPages(t *testing.T) {
	small := string(loopback.Page("a < b", []string{"office@baeckerei-lindhorst.de"}, "<a href=/contact>Contact</a>"))
	for _, want := range []string{"<title>a &lt; b</title>", `"mailto:office@baeckerei-lindhorst.de"`, "<a href=/contact>"} {
		if !strings.Contains(small, want) {
			t.Errorf("no %s in %s", want, small)
		}
	}
	for _, size := range []int{5_000, 50_000} {
		large := string(loopback.LargePage("baeckerei-lindhorst.de", size))
		if len(large) < size-1000 || len(large) > size+1000 || !strings.Contains(large, `"mailto:kontakt@baeckerei-lindhorst.de"`) {
			t.Errorf("%d bytes, %d were asked for", len(large), size)
		}
	}
}
