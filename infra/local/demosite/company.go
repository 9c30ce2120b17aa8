package demosite

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"gleaner/shared/job"
)

var (
	trades = []string{
		"bakery", "joinery", "roastery", "bindery", "brewery", "nursery", "pottery", "tannery",
		"optician", "florist", "saddlery", "cutlery", "dairy", "forge", "studio", "archive",
	}
	birds = []string{"amsel", "buntspecht", "drossel", "eisvogel", "fink", "goldammer", "haubentaucher", "kiebitz", "lerche", "mauersegler"}
	first = []string{"Anna", "Bela", "Clara", "Dario", "Edda", "Falk", "Greta", "Hanno", "Ines", "Jonas", "Karla", "Levi"}
	last  = []string{"Lindhorst", "Marbach", "Nissen", "Osterloh", "Petersen", "Quast", "Rehberg", "Sonntag", "Tamm", "Uhlig"}
)

// addCompany adds the pages of company number i. Which of the ways to publish
// an address it uses, and which of its pages misbehave, follows from i.
func (s *Site) addCompany(i int) {
	name := fmt.Sprintf("%s-%s", trades[i%len(trades)], birds[i/len(trades)%len(birds)])
	if round := i / (len(trades) * len(birds)); round > 0 {
		name += fmt.Sprintf("-%d", round)
	}
	host := name + "." + zone
	if i%24 == 23 { // a company that does not want to be crawled
		s.put(host, "/robots.txt", page{body: "User-agent: *\nDisallow: /\n", contentType: "text/plain"}, "")
		s.put(host, "/", html(name, `<a href="mailto:secret@`+host+`">write</a>`), job.OutcomeRobots)
		return
	}
	s.put(host, "/robots.txt", page{body: "User-agent: *\nDisallow: /private/\n", contentType: "text/plain"}, "")

	info := "info@" + host
	person := strings.ToLower(first[i%len(first)] + "." + last[i/3%len(last)])
	personal := person + "@" + host
	sales := "sales@" + host

	footer := `<footer><a href="/contact.html">Contact</a> <a href="/team.html">Our team</a></footer>`
	s.put(host, "/", html(name, plainForm(i, info)+footer), job.OutcomeFound)
	s.put(host, "/contact.html", html(name+": contact", hiddenForm(i, personal)), "")
	s.put(host, "/team.html", html(name+": team", "<p>"+first[i%len(first)]+" works here.</p>"), "")
	s.want = append(s.want, info, personal)

	for n := 1; n <= 5; n++ {
		path := fmt.Sprintf("/products/%d.html", n)
		p, outcome := html(fmt.Sprintf("%s: product %d", name, n), rubbish(n)+footer), job.OutcomeNone
		switch {
		case n == 1:
			p.body = html(name, rubbish(n)+`<p>Orders: <a href="mailto:`+sales+`?subject=Order">`+sales+`</a></p>`).body
			outcome = job.OutcomeFound
			s.want = append(s.want, sales)
		case n == 2 && i%8 == 3:
			p, outcome = page{status: http.StatusGone, body: "gone"}, job.OutcomeClient
		case n == 3 && i%8 == 5:
			p, outcome = page{status: http.StatusFound, location: path}, job.OutcomeLoop
		case n == 4 && i%16 == 7:
			p.status = statusFlaky
		case n == 5 && i%8 == 1:
			p, outcome = page{body: "\x89PNG\r\n\x1a\n", contentType: "image/png"}, job.OutcomeType
		}
		s.put(host, path, p, outcome)
	}
}

// plainForm publishes an address openly.
func plainForm(i int, address string) string {
	switch i % 4 {
	case 0:
		return `<p>Write to <a href="mailto:` + address + `">` + address + `</a>.</p>`
	case 1:
		return `<p>Write to ` + address + `. We answer within a day.</p>`
	case 2:
		return `<script type="application/ld+json">{"@context":"https://schema.org","@type":"Organization","email":"` + address + `"}</script>`
	default:
		return `<p>E-Mail: ` + entities(address) + `</p>`
	}
}

// hiddenForm publishes an address the way sites hide it from simple tools.
func hiddenForm(i int, address string) string {
	local, domain, _ := strings.Cut(address, "@")
	switch i % 5 {
	case 0:
		return `<p>Ask <a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="` + cloudflare(address, byte(i)) + `">[email&#160;protected]</a></p>`
	case 1:
		return `<p>Ask ` + local + ` [at] ` + strings.ReplaceAll(domain, ".", " [dot] ") + `</p>`
	case 2:
		return `<a href="mailto:` + entities(address) + `">e-mail</a>`
	case 3:
		return `<script>document.write(atob("` + base64.StdEncoding.EncodeToString([]byte(`<a href="mailto:`+address+`">mail</a>`)) + `"))</script>`
	default:
		return `<p>` + local + `<!-- no robots -->@<!-- please --><span>` + domain + `</span></p>`
	}
}

// rubbish looks like addresses to simple tools and holds none.
func rubbish(n int) string {
	return [...]string{
		`<img src="/img/logo@2x.png" srcset="/img/logo@2x.png 2x, /img/logo@3x.png 3x" alt="logo">`,
		`<script src="https://cdn.example.com/npm/react@18.2.0/umd/react.js"></script>`,
		`<pre>git clone git@github.com:gleaner/demo.git</pre>`,
		`<input type="email" placeholder="you@example.com">`,
		`<style>@media print{.a{display:none}}</style><script>Sentry.init({dsn:"https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/42"})</script>`,
	}[n%5]
}

func html(title, body string) page {
	return page{body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>` + title + `</title></head><body><h1>` + title + `</h1>
<p>` + strings.Repeat("This company is invented, and so are its goods. ", 40) + `</p>
` + body + `</body></html>`}
}

func entities(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i%2 == 0 {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			fmt.Fprintf(&b, "&#x%x;", r)
		}
	}
	return b.String()
}

// cloudflare encodes an address as Cloudflare's e-mail protection does: hex, each
// byte xor the first.
func cloudflare(s string, key byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%02x", key)
	for i := range len(s) {
		fmt.Fprintf(&b, "%02x", s[i]^key)
	}
	return b.String()
}
