package crawltest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"gleaner/shared/job"
)

// Limits for which the table holds: a crawler's configuration in the tests.
const (
	FirstByte = 1200 * time.Millisecond
	Idle      = 1200 * time.Millisecond
	Total     = 3 * time.Second
)

var bombs = sync.OnceValue(func() map[string][]byte {
	out := map[string][]byte{}
	for _, coding := range []string{"gzip", "br", "zstd"} {
		out[coding] = Zeros(coding, 6<<20)
	}
	// Members of a gzip file follow each other: a gigabyte in a megabyte.
	out["gzip"] = bytes.Repeat(out["gzip"], 170)
	return out
})

func bomb(coding string) func(*Site) http.Handler {
	return plain(body("text/html", coding, bombs()[coding]))
}

func gzipped(text string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return out.Bytes()
}

func encoded(enc encoding.Encoding, text string) []byte {
	out, err := enc.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return out
}

// Behaviours is the table: every way of being that the crawler is tested with.
func Behaviours() []Behaviour {
	return append(append(answers(), failures()...), rules()...)
}

func answers() []Behaviour {
	const found = job.OutcomeFound
	cyrillic := "<p>Пишите нам: почта kontakt@pekarnya-zarya.ru скорее"
	return []Behaviour{
		{Name: "fast", Handler: plain(Page), Want: found, Paths: map[string]job.Outcome{"/two": found, "/three": found, "/four": found}},
		{Name: "bare", Handler: plain(Page), Guessed: true, Want: found},
		{Name: "tls", Scheme: TLS, Handler: plain(Page), Want: found},
		{Name: "baretls", Scheme: TLS, Handler: plain(Page), Guessed: true, Want: found},
		{Name: "http2", Scheme: HTTP2, Handler: plain(Page), Want: found, Paths: map[string]job.Outcome{"/two": found, "/three": found}},
		{Name: "slow", Handler: plain(after(250*time.Millisecond, Page)), Want: found, Paths: map[string]job.Outcome{"/two": found, "/three": found}},
		{Name: "nothing", Handler: plain(body("text/html", "", []byte("<p>nobody here"))), Want: job.OutcomeNone},
		{Name: "nocontent", Handler: plain(status(http.StatusNoContent)), Want: job.OutcomeNone},
		{Name: "gzip", Handler: plain(body("text/html", "gzip", gzipped("<p>post@gz-werkstatt.de"))), Want: found, Address: "post@gz-werkstatt.de"},
		{Name: "notgzip", Handler: plain(body("text/html", "gzip", []byte("<p>post@gz-werkstatt.de"))), Want: found, Address: "post@gz-werkstatt.de"},
		{Name: "untyped", Handler: plain(body("", "", []byte("<!doctype html><p>post@ohne-typ.de"))), Want: found, Address: "post@ohne-typ.de"},
		{Name: "text", Handler: plain(body("text/plain", "", []byte("post@klartext-haus.de"))), Want: found, Address: "post@klartext-haus.de"},
		{Name: "win1251", Handler: plain(body("text/html; charset=windows-1251", "", encoded(charmap.Windows1251, cyrillic))), Want: found, Address: "kontakt@pekarnya-zarya.ru"},
		{Name: "wrongcharset", Handler: plain(body("text/html; charset=no-such-thing", "", []byte("<p>post@zeichen-satz.de"))), Want: found, Address: "post@zeichen-satz.de"},
		{Name: "sjis", Handler: plain(body("text/html", "", encoded(japanese.ShiftJIS, `<meta charset="shift_jis"><p>お問い合わせ post@panya-hikari.jp へ`))), Want: found, Address: "post@panya-hikari.jp"},
		{Name: "utf16", Handler: plain(body("text/html", "", encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "<p>post@breite-zeichen.de"))), Want: found, Address: "post@breite-zeichen.de"},
		{Name: "image", Handler: plain(body("image/png", "", []byte("\x89PNG"))), Want: job.OutcomeType},
		{Name: "chain", Handler: plain(chain(5)), Want: found},
		{Name: "cookie", Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("seen"); err == nil && c.Value == "yes" {
				Page(w, r)
				return
			}
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/"})
			redirect(r.URL.Path)(w, r)
		}), Want: found},
		{Name: "flaky", Handler: first(1, status(http.StatusBadGateway), Page), Want: found},
		{Name: "flakyreset", Handler: first(1, say("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf"), Page), Want: found},
		{Name: "limitedonce", Handler: first(1, status(http.StatusTooManyRequests, "Retry-After", "1"), Page), Want: found},
	}
}

func failures() []Behaviour {
	return []Behaviour{
		{Name: "drip", Handler: plain(drip(50 * time.Millisecond)), Want: job.OutcomeTimeout},
		{Name: "stall", Handler: plain(stall), Want: job.OutcomeTimeout},
		{Name: "silent", Handler: plain(silent), Want: job.OutcomeTimeout},
		{Name: "reset", Handler: plain(say("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf")), Want: job.OutcomeReset},
		{Name: "hangup", Handler: plain(say("")), Want: job.OutcomeReset},
		{Name: "nothttp", Handler: plain(say("SSH-2.0-OpenSSH_9.9\r\n")), Want: job.OutcomeProtocol},
		{Name: "badchunk", Handler: plain(say("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")), Want: job.OutcomeProtocol},
		{Name: "garbled", Handler: plain(body("text/html", "gzip", []byte("\x00\x01\x02\x03\x04"))), Want: job.OutcomeProtocol},
		{Name: "coding", Handler: plain(body("text/html", "rot26", []byte("\x00\x01\x02\x03\x04"))), Want: job.OutcomeProtocol},
		{Name: "gone", Handler: plain(status(http.StatusGone)), Want: job.OutcomeClient},
		{Name: "broken", Handler: plain(status(http.StatusInternalServerError)), Want: job.OutcomeServer},
		{Name: "unwilling", Handler: plain(status(http.StatusTooManyRequests)), Want: job.OutcomeLimited},
		{Name: "resting", Handler: plain(status(http.StatusServiceUnavailable, "Retry-After", "3600")), Want: job.OutcomeLimited, Paths: map[string]job.Outcome{"/two": job.OutcomeLimited, "/three": job.OutcomeLimited, "/four": job.OutcomeLimited}},
		{Name: "bombgzip", Handler: bomb("gzip"), Want: job.OutcomeTooLarge},
		{Name: "bombbr", Handler: bomb("br"), Want: job.OutcomeTooLarge},
		{Name: "bombzstd", Handler: bomb("zstd"), Want: job.OutcomeTooLarge},
		{Name: "endless", Handler: plain(endless), Want: job.OutcomeTooLarge},
		{Name: "huge", Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "900000000")
			endless(w, r)
		}), Want: job.OutcomeTooLarge},
		{Name: "bighead", Handler: plain(status(http.StatusOK, "X-Filler", strings.Repeat("x", 200<<10))), Want: job.OutcomeTooLarge},
		{Name: "h2bighead", Scheme: HTTP2, Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			for i := range 35 {
				w.Header().Set("X-Filler-"+strconv.Itoa(i), strings.Repeat("x", 2<<10))
			}
			Page(w, r)
		}), Want: job.OutcomeTooLarge},
		{Name: "h2endless", Scheme: HTTP2, Handler: plain(endless), Want: job.OutcomeTooLarge},
		{Name: "h2stall", Scheme: HTTP2, Handler: plain(stall), Want: job.OutcomeTimeout},
		{Name: "h2silent", Scheme: HTTP2, Handler: plain(silent), Want: job.OutcomeTimeout},
		{Name: "h2abort", Scheme: HTTP2, Handler: plain(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), Want: job.OutcomeReset},
		{Name: "self", Handler: plain(redirect("/page")), Want: job.OutcomeLoop},
		{Name: "circle", Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			redirect(map[string]string{"/page": "/a", "/a": "/b", "/b": "/a"}[r.URL.Path])(w, r)
		}), Want: job.OutcomeLoop},
		{Name: "cookieloop", Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/"})
			redirect(r.URL.Path)(w, r)
		}), Want: job.OutcomeLoop},
		{Name: "longchain", Handler: plain(chain(30)), Want: job.OutcomeRedirects},
		{Name: "toprivate", Handler: plain(redirect("http://10.11.12.13/")), Want: job.OutcomeBlocked},
		{Name: "tometadata", Handler: plain(redirect("http://169.254.169.254/latest/meta-data/")), Want: job.OutcomeBlocked},
		{Name: "tomapped", Handler: plain(redirect("http://[::ffff:10.0.0.1]/")), Want: job.OutcomeBlocked},
		{Name: "toinside", Handler: plain(redirect("http://inside.hidden-network.de/")), Want: job.OutcomeBlocked},
		{Name: "tofile", Handler: plain(redirect("file:///etc/passwd")), Want: job.OutcomeInvalid},
		{Name: "touser", Handler: plain(redirect("http://me:secret@offen-im-netz.de/")), Want: job.OutcomeInvalid},
		{Name: "nowhere", Handler: plain(status(http.StatusFound)), Want: job.OutcomeProtocol},
		{Name: "badcert", Scheme: BadCert, Handler: plain(Page), Want: job.OutcomeTLS},
		{Name: "wrongname", Scheme: WrongKey, Handler: plain(Page), Want: job.OutcomeTLS},
	}
}

func rules() []Behaviour {
	const found, no = job.OutcomeFound, job.OutcomeRobots
	broken := func(robots http.HandlerFunc) func(*Site) http.Handler {
		return func(*Site) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					robots(w, r)
					return
				}
				Page(w, r)
			})
		}
	}
	hops := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			steps := len(r.URL.RawQuery)
			if steps == n {
				_, _ = io.WriteString(w, "User-agent: *\nDisallow: /")
				return
			}
			redirect("/robots.txt?"+strings.Repeat("x", steps+1))(w, r)
		}
	}
	return []Behaviour{
		{Name: "closed", Handler: withRobots("User-agent: *\nDisallow: /", Page), Want: no},
		{Name: "closedtous", Handler: withRobots("User-agent: *\nAllow: /\n\nUser-agent: gleaner\nDisallow: /", Page), Want: no},
		{Name: "closedtoothers", Handler: withRobots("User-agent: otherbot\nDisallow: /\n", Page), Want: found},
		{Name: "partly", Handler: withRobots("User-agent: *\nDisallow: /two\nAllow: /two/open", Page), Want: found, Paths: map[string]job.Outcome{"/two": no, "/two/open": found}},
		{Name: "robotsbroken", Handler: broken(status(http.StatusInternalServerError)), Want: job.OutcomeRobotsNA},
		{Name: "robotssilent", Handler: broken(silent), Want: job.OutcomeRobotsNA},
		{Name: "robotsreset", Handler: broken(say("")), Want: job.OutcomeRobotsNA},
		{Name: "robotslimited", Handler: broken(status(http.StatusTooManyRequests)), Want: job.OutcomeLimited},
		{Name: "robotsforbidden", Handler: broken(status(http.StatusForbidden)), Want: found},
		{Name: "robotsmoved", Handler: broken(hops(5)), Want: no},
		{Name: "robotslost", Handler: broken(hops(6)), Want: found},
		{Name: "robotsgarbage", Handler: broken(body("text/html", "", []byte("<html><body>Not found"))), Want: found},
		{Name: "robotsgzip", Handler: broken(body("text/plain", "gzip", gzipped("User-agent: *\nDisallow: /"))), Want: no},
		{Name: "robotshuge", Handler: broken(body("text/plain", "", []byte("User-agent: *\nDisallow: /page\n"+strings.Repeat("# filler\n", 200_000)))), Want: no, Paths: map[string]job.Outcome{"/two": found}},
		{Name: "delay", Handler: withRobots("User-agent: *\nCrawl-delay: 0.3", Page), Want: found, Paths: map[string]job.Outcome{"/two": found, "/three": found}},
		{Name: "tagged", Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Robots-Tag", "noindex")
			Page(w, r)
		}), Want: job.OutcomeNoIndex},
		{Name: "taggedother", Handler: plain(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Robots-Tag", "otherbot: noindex")
			Page(w, r)
		}), Want: found},
		{Name: "meta", Handler: plain(body("text/html", "", []byte(`<meta name="robots" content="noindex"><p>post@nicht-im-index.de`))), Want: job.OutcomeNoIndex},
		{Name: "toclosed", Handler: func(s *Site) http.Handler {
			to := s.Host("closed-target-"+s.unique()+".de", Plain, withRobots("User-agent: *\nDisallow: /", Page)(s))
			return plain(redirect(to.URL("/page")))(s)
		}, Want: no},
	}
}
