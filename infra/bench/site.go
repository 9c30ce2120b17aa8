package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gleaner/shared/loopback"
)

// The site that benchmarks crawl: any number of virtual hosts on a few loopback
// addresses, so that connections do not run out of ports. What a host serves is
// said by the first letter of its name.
const (
	siteZone      = ".gleaner-bench.org"
	siteAddresses = 16

	leanHost = 'l' // about 2 KB, the address of the host on every page and one of its own on every third
	fastHost = 'f' // about 50 KB with one address
	slowHost = 's' // the same after slowLatency
	farHost  = 'r' // as a lean host, after half to one and a half times farLatency
	mixHost  = 'm' // about 12 KB, an address of its own on every third page, an ETag on every third host

	slowLatency = 50 * time.Millisecond
	farLatency  = 500 * time.Millisecond
	pageSize    = 50 << 10
	ownAddress  = 3 // every so many-th page of a lean host
)

var siteNet = netip.MustParsePrefix("127.79.0.0/24")

func siteName(kind byte, n int) string { return string(kind) + strconv.Itoa(n) + siteZone }

// siteAddress is where a host listens; its number spreads hosts evenly.
func siteAddress(name string) netip.Addr {
	digits, _, _ := strings.Cut(name, ".")
	n, _ := strconv.Atoi(digits[min(1, len(digits)):])
	return netip.AddrFrom4([4]byte{127, 79, 0, byte(1 + n%siteAddresses)})
}

// siteNames resolves the site's names.
var siteNames = loopback.Names(func(name string) (netip.Addr, bool) {
	return siteAddress(name), strings.HasSuffix(name, siteZone)
})

// ServeSite serves the site, writes its port to out, and ends with in or ctx.
func ServeSite(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	large := largePage()
	web, err := loopback.Serve(ctx, siteAddress("x0"+siteZone), siteAddresses, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serveSite(w, r, large)
	}))
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	fmt.Fprintln(out, web.Port())
	go endsWith(in, stop)
	<-ctx.Done()
	return web.Close()
}

func serveSite(w http.ResponseWriter, r *http.Request, large []byte) {
	h := w.Header()
	if r.URL.Path == "/robots.txt" {
		h.Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private/\n")
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	host, _, _ := strings.Cut(r.Host, ":")
	switch host[0] {
	case slowHost:
		time.Sleep(slowLatency)
		fallthrough
	case fastHost:
		h.Set("Content-Length", strconv.Itoa(len(large)))
		_, _ = w.Write(large)
	case mixHost:
		serveMixed(w, host, strings.TrimPrefix(r.URL.Path, "/p/"))
	case farHost:
		time.Sleep(farLatency/2 + rand.N(farLatency)) // all at the same pace would answer in waves
		fallthrough
	default:
		n := strings.TrimPrefix(r.URL.Path, "/p/")
		var b bytes.Buffer
		fmt.Fprintf(&b, `<!doctype html><html lang="en"><title>Page %s</title><body>`, n)
		for _, a := range leanAddresses(host, n) {
			fmt.Fprintf(&b, `<p><a href="mailto:%s">%s</a></p>`, a, a)
		}
		b.WriteString(leanText)
		_, _ = w.Write(b.Bytes())
	}
}

func serveMixed(w http.ResponseWriter, host, page string) {
	n, _ := strconv.Atoi(page)
	if number, _ := strconv.Atoi(strings.TrimSuffix(host[1:], siteZone)); number%3 == 0 {
		w.Header().Set("ETag", strconv.Quote(host+page))
	}
	var b bytes.Buffer
	b.WriteString("<!doctype html><html lang=en><title>Page</title><body>")
	for range 6 {
		b.WriteString(leanText)
	}
	if n%ownAddress == 0 {
		fmt.Fprintf(&b, `<p><a href="mailto:kontakt%d@%s">write</a></p>`, n, host)
	}
	_, _ = w.Write(b.Bytes())
}

var leanText = strings.Repeat("<p>All of this is made up, and the bread is baked by hand every morning.</p>\n", 25)

// leanAddresses are those on page n of a lean host.
func leanAddresses(host, n string) []string {
	all := []string{"office@" + host}
	if i, err := strconv.Atoi(n); err == nil && i%ownAddress == 0 {
		all = append(all, "kontakt"+n+"@"+host)
	}
	return all
}

// largePage is the page of fast and slow hosts.
func largePage() []byte { return loopback.LargePage("baeckerei-lindhorst.de", pageSize) }

// site is the running process of the site.
type site struct {
	port string
	stop func()
}

func (e *Env) startSite(ctx context.Context) (*site, error) {
	p, err := e.start(ctx, SiteCommand)
	if err != nil {
		return nil, err
	}
	port, err := bufio.NewReader(p.out).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("site: it did not say its port: %w", err)
	}
	return &site{port: strings.TrimSpace(port), stop: p.stop}, nil
}

// url is page n of a host.
func (s *site) url(kind byte, host, n int) string {
	return "http://" + siteName(kind, host) + ":" + s.port + "/p/" + strconv.Itoa(n)
}
