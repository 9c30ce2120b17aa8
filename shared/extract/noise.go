package extract

import "bytes"

// lookBack is how far before a candidate its context is read.
const lookBack = 96

// token returns the run without white space that ends at b[lo], at most
// lookBack bytes of it.
func token(b []byte, lo int) []byte {
	i := lo
	for i > 0 && lo-i < lookBack && class[b[i-1]]&isSpace == 0 && b[i-1] != markBlock {
		i--
	}
	return b[i:lo]
}

// context reports whether what stands around a candidate allows it to be an
// address.
func (s *sink) context(b []byte, c *candidate, l *layer) bool {
	next := byte(0)
	if c.hi < len(b) {
		next = b[c.hi]
	}
	if !allowedAfter(b, c.hi, next, l.place) && (next != ':' || l.place > inAttr || s.validDomain(bytes.TrimRight(c.domain, ".-"))) {
		return false // what is glued to a domain stands before the colon
	}
	if l.place == inScript && quote(next) && memberKey(b, c) {
		return false
	}
	if l.place == inScript && quote(next) && rotates(c) && s.rotatorAt(b) {
		return false
	}
	if l.place == inScript && quote(next) {
		if c := firstNonSpace(b[min(c.hi+1, len(b)):]); c == '+' || c == '.' {
			return false // a string that is put together, or turned into another
		}
	}
	if l.place == inScript && joinedBefore(b, c) {
		return false
	}
	if c.lo == 0 {
		return true
	}
	prev := b[c.lo-1]
	if prev == '@' && l.place <= inAttr {
		// "anna@site.de&bert@site.de"
		if i := bytes.LastIndexByte(c.local, '&'); i > 0 && i+1 < len(c.local) && hasSuffix(c.local[:i]) {
			c.lo = advance(b, c.lo, i+1)
			c.local = c.local[i+1:]
			return true
		}
	}
	switch {
	case prev == '@' || prev == jsHole[0]:
		return false
	case prev == '~' && c.lo > 1 && (b[c.lo-2] == '[' || b[c.lo-2] == '!' || b[c.lo-2] == '('):
		return false // a user and host of IRC
	case len(c.local) < 3 && c.lo > 3 && bytes.HasSuffix(b[:c.lo], []byte("…")) && class[b[c.lo-4]]&isWord != 0:
		return false // "m…r@site.de": masked
	case prev == '*' && c.lo > 1 && (b[c.lo-2] == '*' || class[b[c.lo-2]]&(isLetter|isDigit) != 0) && class[before(b, c.lo, '*')]&isWord != 0:
		return false // "a***r@site.de": masked
	case prev == '!' && (c.lo == 1 || class[b[c.lo-2]]&isSpace != 0 || b[c.lo-2] <= markDecoy):
		return false // a community of the fediverse
	case prev == ':' && (credential(c.local) || lastFold(token(b, c.lo), "znvygb:") >= 0):
		return false // a password; or rotated letters that happen to be valid
	case quote(prev) && l.place == inScript && lastNonSpace(b[:c.lo-1]) == '+':
		return false // the end of a string that is put together
	case l.place == inStyle:
		return inStyleText(b, c.lo)
	case prev == '%':
		return true // left-over of percent-encoding; trimLocal sees to it
	case prev == '$' || prev == '#':
		return l.place <= inAttr && prev == '#'
	case prev == '/' || prev == ':' || prev == '=' || prev == '?':
		tok := token(b, c.lo)
		if prev == '=' && hasSuffix(c.local) {
			return false // a return path that names a recipient: "bounce-anna=site.de@mail.net"
		}
		if prev == '/' && len(c.local) > len(c.domain) && bytes.EqualFold(c.local[len(c.local)-len(c.domain):], c.domain) {
			return false // a principal of Kerberos: "HTTP/www.site.de@SITE.DE"
		}
		if len(tok) > 0 && tok[0] == '<' && messageID(b, c.lo-len(tok)+1) {
			return false
		}
		return s.inLink(tok, c, l)
	case prev == '<':
		return !messageID(b, c.lo)
	case prev == ' ' && l.place != inJSON:
		return !remoteShell(b, c.lo)
	}
	if c.local[0] == '&' || c.local[0] == '.' || bytes.IndexByte(c.local, '&') >= 0 || l.place == inURL {
		return s.inLink(token(b, c.lo), c, l)
	}
	return true
}

// joinedBefore reports whether the local part grew out of a string in single
// quotes, which it may hold itself, that is added to another.
func joinedBefore(b []byte, c *candidate) bool {
	i := bytes.LastIndexByte(c.local, '\'')
	switch {
	case i < 0:
		return false
	case i > 0:
		return c.local[i-1] == '+'
	}
	return lastNonSpace(b[:c.lo]) == '+'
}

// memberKey reports whether a string of a script is the name of a member:
// cache["user@client.name"].
func memberKey(b []byte, c *candidate) bool {
	lo := c.lo
	if c.local[0] == '\'' {
		lo++ // the quote grew in
	}
	return lo > 2 && c.hi+1 < len(b) && b[c.hi+1] == ']' && b[lo-1] == b[c.hi] && b[lo-2] == '[' &&
		(jsNameByte(b[lo-3]) || b[lo-3] == ')' || b[lo-3] == ']')
}

// before returns the byte before the run of c that ends at b[i], 0 at the start.
func before(b []byte, i int, c byte) byte {
	for i > 0 && b[i-1] == c {
		i--
	}
	if i == 0 {
		return 0
	}
	return b[i-1]
}

// allowedAfter judges the byte after a candidate.
func allowedAfter(b []byte, hi int, next byte, p place) bool {
	rest := b[min(hi+1, len(b)):]
	switch next {
	case '@':
		return false
	case ' ':
		return !bytes.HasPrefix(rest, []byte("~]")) // the prompt of a shell
	case ':':
		if bytes.HasPrefix(rest, []byte("//")) {
			return true // of a link that touches: "site.dehttps://site.de"
		}
		if len(rest) > 0 && rest[0] == '~' {
			return false // another
		}
		// host:path of scp and Git, host:port of a URL.
		n := 0
		slash := false
		for n < len(rest) && n < 64 && (class[rest[n]]&isLocal != 0 || rest[n] == '/' || rest[n] == '~') {
			slash = slash || rest[n] == '/'
			n++
		}
		if n > 0 && slash {
			return foldPrefix(rest, "http")
		}
		digits := 0
		for digits < n && class[rest[digits]]&isDigit != 0 {
			digits++
		}
		return digits == 0 || digits != n || digits > 5 || digits < 2
	case '/':
		if p == inURL && (len(rest) == 0 || rest[0] == '?' || rest[0] == '#') {
			return true // "/contact/info@site.de/"
		}
		if p == inScript || p == inStyle || p == inKey || p == inURL {
			return false
		}
	case '(', '[':
		if len(rest) > 0 && (rest[0] == ')' || rest[0] == '"' || rest[0] == '\'') {
			return false
		}
		return p != inScript && p != inKey && p != inJSON
	case jsHole[0]:
		return false
	case '"':
		// An address as a key is one of a cache.
		if p == inScript && len(rest) > 0 && rest[0] == ':' {
			return false
		}
	case '_':
		return p == inText
	case '=', '!':
		return p != inScript && p != inKey
	}
	return true
}

// notMail are schemes whose URIs look like addresses and are none.
var notMail = [...]string{
	"sip", "sips", "xmpp", "jabber", "acct", "mid", "cid", "ssh", "skype", "matrix", "im", "h323",
	"turn", "turns", "stun", "ftp", "sftp", "git", "svn", "hg", "rsync", "bitcoin", "urn", "tag", "npm", "pkg", "jid",
}

// inLink judges a candidate with a separator before it, given the token up to
// it: is it part of a link, and of which part?
func (s *sink) inLink(tok []byte, c *candidate, l *layer) bool {
	if i := lastFold(tok, "mailto:"); i >= 0 {
		return true
	}
	if n := len(tok); n > 0 && tok[n-1] == ':' {
		w := n - 1
		for w > 0 && class[tok[w-1]]&(isLetter|isDigit) != 0 {
			w--
		}
		if l.place == inURL && w == 0 && n > 4 && (foldIndex(tok, "mail") >= 0 || foldPrefix(tok, "ma")) {
			return true // "mail:", "mailo:": the scheme misspelt
		}
		for _, scheme := range notMail {
			if foldEqual(tok[w:n-1], scheme) {
				return false
			}
		}
	}
	i := bytes.Index(tok, []byte("//"))
	if i < 0 {
		if l.place == inURL {
			return queryValue(tok, c) || s.pathSegment(nil, tok, c)
		}
		if n := len(tok); n > 0 && tok[n-1] == '/' {
			// A path: "/user@host", "./pkg@1.2", "github.com/org/pkg@x.io".
			if bytes.IndexByte(tok, '@') > 0 {
				return l.place <= inAttr // "info@site.de/sales@site.de"
			}
			return n > 1 && l.place <= inAttr && !versionLabel(c.domain) && bytes.IndexByte(tok[:n-1], '.') < 0 && bytes.IndexByte(tok[:n-1], '/') < 0 &&
				(class[tok[0]]&isLetter != 0 || allDigits(tok[:n-1]))
		}
		return true
	}
	host, _, _ := bytes.Cut(tok[i+2:], []byte{'/'})
	path := tok[i+2+len(host):]
	return queryValue(tok[i+2:], c) || len(host) > 0 && l.place != inScript && s.pathSegment(host, path, c)
}

// versionLabel reports whether a domain begins like a version: "v2.io".
func versionLabel(d []byte) bool {
	first, _, _ := bytes.Cut(d, []byte{'.'})
	return len(first) > 1 && first[0]|0x20 == 'v' && allDigits(first[1:])
}

// pathSegment accepts a candidate that is a segment of a link's path, which
// mostly is a handle, a package or a version, when the address belongs to the
// site or to the host of the link, or when the path speaks of mail.
func (s *sink) pathSegment(host, path []byte, c *candidate) bool {
	if len(path) == 0 || path[len(path)-1] != '/' || bytes.IndexByte(path, '@') >= 0 {
		return false
	}
	c.query = true
	domain, err := normaliseDomain(string(bytes.TrimRight(c.domain, ".-")))
	if err != nil {
		return false
	}
	if s.own(domain) || len(host) > 0 && siteOf("//"+string(host)) == registrable(domain) {
		return true
	}
	if foldPrefix(host, "form") || foldIndex(host, ".form") >= 0 {
		return true // a service that mails what forms send
	}
	for _, word := range [...]string{"mail", "contact", "kontakt", "recipient"} {
		if foldIndex(path, word) >= 0 {
			return true
		}
	}
	return false
}

// queryValue accepts a candidate that is the value of a parameter. The
// authority of a URL (user@host) and its path hold handles, versions and
// credentials.
func queryValue(tok []byte, c *candidate) bool {
	if q := bytes.IndexAny(tok, "?#&="); q < 0 || tok[q] == '=' && bytes.IndexByte(tok[:q], '/') < 0 {
		// Running text may touch a URL: "https://site.de,info@site.de".
		return bytes.ContainsAny(tok, ",;|()<>\"")
	}
	c.query = true
	// The parameter's name was grown into the local part only if it had no
	// "=", which makes it no value.
	if cutAt := bytes.LastIndexByte(c.local, '&'); cutAt >= 0 {
		return false
	}
	return true
}

// credential reports whether a word behind a colon is a sample password:
// "curl -u user:pass@host".
func credential(word []byte) bool {
	switch string(word) {
	case "pass", "password", "passwd", "pw", "pwd", "secret", "token", "geheim", "passwort", "key":
		return true
	}
	return false
}

// inStyleText reports whether b[lo] stands in a string or a comment of a
// style sheet.
func inStyleText(b []byte, lo int) bool {
	head := b[max(0, lo-4*lookBack):lo]
	if i := bytes.LastIndex(head, []byte("/*")); i >= 0 && !bytes.Contains(head[i:], []byte("*/")) {
		return true
	}
	if i := bytes.LastIndexAny(head, "{;}"); i >= 0 {
		head = head[i:]
	}
	return bytes.ContainsAny(head, `"'`)
}

func lastFold(b []byte, s string) int {
	for i := len(b) - len(s); i >= 0; i-- {
		if lowerByte(b[i]) == s[0] && foldPrefix(b[i:], s) {
			return i
		}
	}
	return -1
}

// messageID reports whether the angle bracket before b[lo] opens a message
// identifier (RFC 5322, section 3.6.4).
func messageID(b []byte, lo int) bool {
	head := b[max(0, lo-lookBack):lo]
	if i := bytes.LastIndexByte(head, '\n'); i >= 0 && i+1 < len(head) && class[head[i+1]]&isSpace == 0 {
		head = head[i+1:]
	}
	for _, h := range [...]string{"message-id", "in-reply-to", "references:", "content-id", "msgid"} {
		if foldIndex(head, h) >= 0 {
			return true
		}
	}
	return false
}

// shells are commands that take user@host.
var shells = [...]string{"ssh", "scp", "sftp", "rsync", "mosh", "ssh-copy-id", "clone", "sshfs", "telnet", "slogin", "autossh", "push"}

// remoteShell reports whether a command that takes user@host stands before
// b[lo], with nothing but options, their values and file names between.
func remoteShell(b []byte, lo int) bool {
	option := true // the word behind this one was an option: this may be its value
	for words := 0; words < 6; words++ {
		word, start := wordBefore(b, lo)
		if len(word) == 0 {
			return false
		}
		switch word[len(word)-1] {
		case 'h', 'p', 'c', 'd', 'e', 't', 's', 'n': // what shells end in
			for _, sh := range shells {
				if string(word) == sh {
					return true
				}
			}
		}
		switch plain := class[word[0]]&isLetter != 0 && bytes.IndexByte(word, '/') < 0 && bytes.IndexByte(word, '.') < 0; {
		case word[0] == '-':
		case plain && (words > 0 && !option || isUpper(word[0]) || class[word[len(word)-1]]&isWord == 0):
			return false
		case plain:
			// Only an option takes a bare word.
			if before, _ := wordBefore(b, start); len(before) == 0 || before[0] != '-' {
				return false
			}
		}
		option = word[0] == '-'
		if start == 0 || b[start-1] != ' ' && b[start-1] != '\t' {
			return false
		}
		lo = start
	}
	return false
}

// wordBefore returns the word that ends before b[lo], white space aside, and
// where it starts.
func wordBefore(b []byte, lo int) (word []byte, start int) {
	for lo > 0 && (b[lo-1] == ' ' || b[lo-1] == '\t') {
		lo--
	}
	start = lo
	for start > 0 && lo-start < 48 {
		switch c := b[start-1]; c {
		case ' ', '\t', '\n', '"', '\'', '`', '$', '>', '(', markInline, markBlock, markLink:
			return b[start:lo], start
		}
		start--
	}
	return b[start:lo], start
}
