package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// stopLocals are words before a bare "at" that are never local parts.
var stopLocals = wordSet(strings.Fields(`me us him her them it you i we they he she this that these those is are was were be been look looks looking
	looked available located based found see seen visit meet meeting join live lives stay work working works worked read more here
	there now today tonight open opens arrive start starts starting ends begins held only find buy order book shop out up back
	home over shares event events people users customers everyone everybody all one and or not no yes as so but if when while
	available; hosted published posted sold stop laugh aim aimed point pointed arrived good great bad best better
	time place day night morning noon online listed quoted valued priced priced- employed free sign signed log logged
	learn watch listen download get check click apply register donate subscribe engineer manager director founder ceo developer
	designer writer editor professor student fellow partner consultant durch mit with by par por con add append plus suffix anhängen ergänzen trading running speaking taught teaching study studied`))

// greetings are words before a handle that are local parts elsewhere.
var greetings = wordSet(strings.Fields(`hey hi hello hallo moin servus ciao salut hola danke thanks merci grazie gracias team news`))

// mailWords announce an address in the text before it.
var mailWords = [...]string{
	"mail", "address", "contact", "kontakt", "write", "reach", "schreib", "correo", "courriel",
	"contatt", "scriv", "escri", "ecri", "écri", "contato", "posta", "skriv", "adre", "drop", "ping", "message", "send", "почт", "пошт", "пиш", "netfang", "sähköpost", "epost", "e-post",
	"piš", "píš", "pisz", "piszcie", "írj", "rašyk", "raksti", "γράψ", "meld", "メール", "邮", "郵", "메일", "דוא",
}

// proseAllows judges "local at site dot com" in running text: does what
// stands around it speak of mail, or is it all there is?
func (s *sink) proseAllows(b []byte, start int, local []byte, d *spelledDomain, l *layer) bool {
	if class[local[0]]&isLetter == 0 && local[0] < utf8.RuneSelf || len(local) < 2 {
		return false
	}
	lowLocal := strings.ToLower(string(local))
	head := segmentBefore(b, start)
	labelled := announced(head)
	colon := bytes.HasSuffix(bytes.TrimRight(head, " \t\x01\x03"), []byte(":"))
	if in(stopLocals, lowLocal) && (!colon || !labelled) || in(articles, lastWord(head)) {
		return false
	}
	first, _, _ := bytes.Cut(d.name, []byte{'.'})
	if in(articles, strings.ToLower(string(first))) || in(stopLocals, strings.ToLower(string(first))) {
		return false
	}
	if !commonSuffix(d.name) {
		return false
	}
	if l.flat != nil && l.flat.mailElement(start) {
		return true // an element that is named for an address
	}
	alone := len(bytes.Trim(head, " \t\r\n\x01\x03\"'(,;-")) == 0 && segmentEnds(b, d.end)
	if l.flat != nil && !isUpper(local[0]) && l.flat.mailLink(start) {
		return true // a list archive: "<a href="mailto:list@site.de">anna at site.de</a>"
	}
	if start > 0 && (b[start-1] == '<' || b[start-1] == '(') && d.end < len(b) && (b[d.end] == '>' || b[d.end] == ')') {
		return true
	}
	if d.words > 0 {
		return labelled || alone || plausibleLocal(local)
	}
	if bytes.IndexAny(local, "._-0123456789") > 0 && !isUpper(local[0]) && !fileName(local) {
		return true
	}
	return labelled && (colon || in(introductions, strings.Trim(lastWord(head), ".,;:<"))) || alone && !hasUpper(local) && plausibleLocal(local)
}

// announced reports whether a text speaks of mail or of writing.
func announced(head []byte) bool {
	for _, w := range mailWords {
		if foldIndex(head, w) >= 0 {
			return true
		}
	}
	return false
}

// introductions are words directly before an address.
var introductions = wordSet(strings.Fields(`mail email e-mail mails contact kontakt to via an at reach address adresse is write write: unter bei por a à per
	correo courriel posta mailto ist lautet est`))

// fileName reports whether a local part is rather the name of a file, of a
// site or of a version: "README.md", "python3.11".
func fileName(local []byte) bool {
	i := bytes.LastIndexByte(local, '.')
	if i < 0 {
		return false
	}
	switch ext := strings.ToLower(string(local[i+1:])); ext {
	case "md", "txt", "js", "ts", "go", "py", "rb", "rs", "html", "htm", "pdf", "json", "exe", "zip", "com", "net", "org", "io", "css", "php", "xml", "yml", "yaml", "sh", "jpg", "png", "mp3", "mp4":
		return true
	}
	return i+1 < len(local) && class[local[i+1]]&isDigit != 0
}

// plausibleWord reports whether a word is a role or has a dot or underscore,
// which host names before a hyphen have not.
func plausibleWord(local []byte) bool {
	return roleLocal(strings.ToLower(string(local))) || bytes.ContainsAny(local, "._")
}

// lastWord returns the word that ends a text, in lower case.
func lastWord(b []byte) string {
	b = bytes.TrimRight(b, " \t\r\n\x01\x03")
	return strings.ToLower(string(b[bytes.LastIndexAny(b, " \t\r\n\x01\x02\x03(")+1:]))
}

var articles = wordSet(strings.Fields(`und oder and or et y e ou some any no every each which one the a an this that our my your his her their its der die das le la les el il lo un une una`))

// commonSuffix reports whether a name ends in the suffix of a country or one
// of the generic ones that people spell out.
func commonSuffix(name []byte) bool {
	tld := name[bytes.LastIndexByte(name, '.')+1:]
	if len(tld) == 2 {
		return true
	}
	switch strings.ToLower(string(tld)) {
	case "com", "net", "org", "info", "biz", "edu", "gov", "app", "dev", "shop", "online", "eus", "cat", "berlin", "wien", "name",
		"pro", "agency", "studio", "design", "club", "email", "cloud", "tech", "store", "site", "xyz", "mil", "int", "aero", "coop":
		return true
	}
	return false
}

// plausibleLocal reports whether a word alone looks like a local part: a role,
// or with a sign or digit inside.
func plausibleLocal(local []byte) bool {
	return roleLocal(strings.ToLower(string(local))) || bytes.IndexAny(local, "._-") > 0
}

// labelBefore reports whether a text ends with a word and a colon: the name of
// what follows.
func labelBefore(head []byte) bool {
	for len(head) > 1 && head[len(head)-1] <= ' ' {
		head = head[:len(head)-1]
	}
	n := len(head) - 1
	return n > 0 && head[n] == ':' && (isLower(head[n-1]) || head[n-1] >= utf8.RuneSelf)
}

// segmentBefore returns up to 64 bytes of the same block before b[start].
func segmentBefore(b []byte, start int) []byte {
	head := b[max(0, start-64):start]
	if i := bytes.LastIndexByte(head, markBlock); i >= 0 {
		head = head[i+1:]
	}
	return head
}

// segmentEnds reports whether the block ends at b[end].
func segmentEnds(b []byte, end int) bool {
	for i := end; i < len(b) && i < end+8; i++ {
		c := b[i]
		if c == markBlock || c == '\n' {
			return true
		}
		if class[c]&isSpace == 0 && c > markDecoy && c != '.' && c != ')' && c != ',' && c != ';' {
			return false
		}
	}
	return true
}
