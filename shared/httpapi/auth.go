package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// owner says for whom the request acts.
func (a *api) owner(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", kindAuth.problem("The Authorization header must be: Bearer glk_…")
		}
		k, err := a.Keys.Authenticate(r.Context(), strings.TrimSpace(secret))
		if err != nil {
			return "", err
		}
		return k.Owner, nil
	}
	if a.Auth != LoopbackOwner {
		return "", kindAuth.problem("Send the header Authorization: Bearer glk_…")
	}
	return LocalOwner, a.fromHere(r)
}

// fromHere lets through what was sent by a program or a page of this very
// machine. A foreign page can make a browser call 127.0.0.1, by its address or
// by a name of its own that leads there (DNS rebinding); the headers Host, Origin
// and Sec-Fetch-Site, which a page cannot set, give it away.
func (a *api) fromHere(r *http.Request) error {
	if peer, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		if ip, err := netip.ParseAddr(peer); err != nil || !ip.Unmap().IsLoopback() {
			return kindAuth.problem("Calls from other machines need the header Authorization: Bearer glk_…")
		}
	}
	if !a.ownHost(r.Host) {
		return kindForeign.problem("The host name " + clip(r.Host) + " is not one of this server's.")
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if (err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)) && !slices.Contains(a.Origins, origin) {
			return kindForeign.problem("The origin " + clip(origin) + " may not call this server.")
		}
		return nil
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return kindForeign.problem("Another site may not embed what this server holds.")
	}
	return nil
}

func (a *api) ownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(a.Hosts, func(h string) bool {
		return strings.EqualFold(h, hostport) || strings.EqualFold(h, host)
	})
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 100)], "") }

// cors answers preflights and marks answers for origins that may see them
// (Fetch standard). It reports whether the request is answered.
func (a *api) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if len(a.Origins) > 0 {
		w.Header().Add("Vary", "Origin")
	}
	if origin == "" || !slices.Contains(a.Origins, origin) {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Location, Retry-After, X-Request-Id, Content-Disposition")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE")
	h.Set("Access-Control-Allow-Headers",
		"Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id")
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// rates holds a token bucket for each owner. Each process has its own.
type rates struct {
	mu     sync.Mutex
	limit  rate.Limit
	burst  int
	now    func() time.Time
	owners map[string]*rate.Limiter
}

// maxOwners bounds the buckets kept; beyond it those that are full are dropped.
const maxOwners = 10_000

func newRates(perSecond float64, burst int, now func() time.Time) *rates {
	return &rates{limit: rate.Limit(perSecond), burst: burst, now: now, owners: map[string]*rate.Limiter{}}
}

func (t *rates) take(owner string) error {
	if t.limit < 0 {
		return nil
	}
	now := t.now()
	t.mu.Lock()
	l := t.owners[owner]
	if l == nil {
		if len(t.owners) >= maxOwners {
			for o, idle := range t.owners {
				if idle.TokensAt(now) >= float64(t.burst) {
					delete(t.owners, o)
				}
			}
		}
		l = rate.NewLimiter(t.limit, t.burst)
		t.owners[owner] = l
	}
	t.mu.Unlock()
	slot := l.ReserveN(now, 1)
	if wait := slot.DelayFrom(now); wait > 0 {
		slot.CancelAt(now)
		return kindRate.problem("More requests than the limit of this installation allows.").after(wait)
	}
	return nil
}
