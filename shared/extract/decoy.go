package extract

import "bytes"

// decoyWords are put into an address for people to take out again.
var decoyWords = [...]string{
	"nospamplease", "nospam", "no-spam", "no_spam", "no.spam", "removethis", "remove-this", "remove_this",
	"remove.this", "removeme", "remove-me", "deletethis", "delete-this", "keinspam", "kein-spam", "ohnespam", "antispam",
	"entfernen", "bitteentfernen", "spamfrei", "takethisout", "sansspam", "pasdespam", "sinspam",
}

// dropDecoyWords takes decoy words out of a candidate. A word that is all of
// the local part, or the name of the domain, is none. It reports whether there
// was one.
func dropDecoyWords(c *candidate) (dropped bool) {
	if local := withoutDecoy(c.local); len(local) > 1 && len(local) < len(c.local) {
		c.local, c.decoy, dropped = local, true, true
	}
	if domain := withoutDecoyLabel(c.domain); len(domain) < len(c.domain) && hasSuffix(domain) {
		c.domain, c.decoy, dropped = domain, true, true
	}
	if domain := withoutDecoy(c.domain); len(domain) < len(c.domain) && hasSuffix(domain) {
		c.domain, c.decoy, dropped = domain, true, true
	}
	return dropped
}

// withoutDecoyLabel returns a domain without a label in capitals that asks to
// be taken out: "site.REMOVE.de".
func withoutDecoyLabel(d []byte) []byte {
	for _, label := range [...]string{".REMOVE.", ".DELETE.", ".SPAM.", ".NO.SPAM.", ".ENTFERNEN."} {
		if i := bytes.Index(d, []byte(label)); i > 0 {
			return append(bytes.Clone(d[:i]), d[i+len(label)-1:]...)
		}
	}
	return d
}

// dropDecoySuffix takes a last label off the domain that keeps mail from being
// sent, "site.de.invalid", "site.de.nospam", and reports whether there was one.
func dropDecoySuffix(c *candidate) bool {
	d := bytes.TrimRight(c.domain, ".")
	i := bytes.LastIndexByte(d, '.')
	if i < 4 || len(d)-i < 7 {
		return false
	}
	label := d[i+1:]
	if !foldEqual(label, "invalid") && (!mayHoldDecoy(label) || len(withoutDecoy(d)) == len(d)) || !hasSuffix(d[:i]) {
		return false
	}
	c.domain, c.decoy = d[:i], true
	return true
}

// withoutDecoy returns b without its first decoy word and one separator that
// belonged to it.
func withoutDecoy(b []byte) []byte {
	if len(b) < 8 || !mayHoldDecoy(b) {
		return b
	}
	for _, w := range decoyWords {
		i := foldIndex(b, w)
		if i < 0 {
			continue
		}
		j := i + len(w)
		switch {
		case i > 0 && separator(b[i-1]) && (j == len(b) || separator(b[j])):
			i--
		case i == 0 && j < len(b) && separator(b[j]):
			j++
		}
		return append(bytes.Clone(b[:i]), b[j:]...)
	}
	return b
}

func separator(c byte) bool { return c == '.' || c == '-' || c == '_' || c == '+' }

// mayHoldDecoy is the cheap test: every decoy word holds one of five stems.
func mayHoldDecoy(b []byte) bool {
	for i := 0; i+4 <= len(b); i++ {
		stem := ""
		switch b[i] | 0x20 {
		case 's':
			stem = "spam"
		case 'r':
			stem = "remove"
		case 'd':
			stem = "delete"
		case 'e':
			stem = "entfern"
		case 't':
			stem = "takethis"
		default:
			continue
		}
		if foldPrefix(b[i:], stem) {
			return true
		}
	}
	return false
}
