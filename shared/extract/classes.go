package extract

import "bytes"

// propertyForm recognises the properties of microdata and RDFa that hold an
// address.
func propertyForm(v []byte) FoundBy {
	if !foldSuffix(v, "email") && !foldSuffix(v, "mbox") {
		return ""
	}
	if i := bytes.LastIndexAny(v, ":/#. "); i >= 0 {
		v = v[i+1:]
	}
	if foldEqual(v, "email") || foldEqual(v, "mbox") {
		return FoundMicrodata
	}
	return ""
}

func foldSuffix(b []byte, s string) bool {
	return len(b) >= len(s) && foldEqual(b[len(b)-len(s):], s)
}

// classes reads the tokens of a class attribute.
func (w *walker) classes(v []byte, tr *tagTraits) {
	if w.quietClasses(v) {
		return
	}
	for len(v) > 0 {
		var c []byte
		if c, v = cutToken(v); len(c) == 0 {
			continue
		}
		if !w.plainClass(c) {
			classToken(c, tr)
			if string(c) == "value" && w.inForm(FoundHCard) {
				tr.form = FoundHCard
			}
		}
		if len(w.sheet.rules) > 0 {
			w.sheet.apply('.', c, &tr.effect)
		}
	}
}

// maxList is the longest list of classes that is remembered as a whole: those
// that page builders write are longer, and no two of them are the same.
const maxList = 32

// quietClasses reports whether no class of a list says anything by itself, and no
// rule is for it.
func (w *walker) quietClasses(list []byte) bool {
	if len(list) == 0 || len(list) > maxList {
		return false
	}
	l, known := w.known.lists.at(list)
	if !known || l.sheet != w.sheet.version {
		l.sheet, l.quiet = w.sheet.version, true
		for rest := list; len(rest) > 0 && l.quiet; {
			var c []byte
			c, rest = cutToken(rest)
			l.quiet = len(c) == 0 || w.plainClass(c) && w.sheet.filter&bit('.', c) == 0
		}
	}
	return l.quiet
}

// knownList is what is known of a list of classes under a version of a sheet.
type knownList struct {
	sheet int
	quiet bool
}

// plainClass reports whether a class says nothing by itself.
func (w *walker) plainClass(c []byte) bool {
	plain, known := w.known.classes.at(c)
	if !known {
		var tr tagTraits
		classToken(c, &tr)
		*plain = tr == tagTraits{} && string(c) != "value"
	}
	return *plain
}

// cutToken returns what stands before the first white space, which may be
// nothing, and what stands behind it.
func cutToken(v []byte) (token, rest []byte) {
	for i, c := range v {
		if class[c]&isSpace != 0 {
			return v[:i], v[i+1:]
		}
	}
	return v, nil
}

// classToken reads a class that means the same wherever it stands.
func classToken(c []byte, tr *tagTraits) {
	switch c[0] | 0x20 {
	case 'e', 'u', 'm', 'v':
		switch string(c) {
		case "email", "u-email", "vcard-email":
			tr.form, tr.hint = FoundHCard, true
		case "visually-hidden", "visuallyhidden":
			tr.effect.hidden = true
		case "eeb-rtl":
			tr.effect.reversed = true
		case "eeb-nodis", "eeb-nodisplay":
			tr.effect.hidden = true
		default:
			tr.hint = tr.hint || foldIndex(c, "mail") >= 0
		}
	case 'f', 'b', 'g', 'a':
		if len(c) > 4 && (bytes.HasSuffix(c, []byte("-at")) || bytes.HasSuffix(c, []byte("-at-sign"))) {
			switch string(c) {
			case "fa-at", "bi-at", "glyphicon-at", "ai-at":
				tr.effect.before = "@"
			}
		}
	case 'h', 'd', 'i':
		switch string(c) {
		case "hidden", "hide", "d-none", "display-none", "invisible":
			tr.effect.hidden = true
		case "icon-at", "icon-at-sign", "icofont-at":
			tr.effect.before = "@"
		}
	case 'n':
		tr.hint = tr.hint || foldIndex(c, "spam") >= 0
	case 'c':
		tr.effect.reversed = tr.effect.reversed || string(c) == "codedirection"
	case 'j', 's', 'p', 'o':
		tr.effect.hidden = tr.effect.hidden || string(c) == "sr-only" || string(c) == "screen-reader-text"
		tr.hint = tr.hint || foldIndex(c, "spam") >= 0 || foldIndex(c, "mail") >= 0 || foldIndex(c, "obfusc") >= 0
	}
	if len(c) > 2 && encodedClass(c) {
		tr.encoded = true
	}
}

// encodedClass reports whether a class name speaks of an encoding.
func encodedClass(c []byte) bool {
	for i := 0; i+3 <= len(c); i++ {
		word := ""
		switch c[i] | 0x20 {
		case 'b':
			word = "b64"
			if foldPrefix(c[i:], "base64") {
				return true
			}
		case 'r':
			word = "rot13"
			if foldPrefix(c[i:], "revers") {
				return true
			}
		case 'c':
			word = "crypt"
			if foldPrefix(c[i:], "cloak") {
				return true
			}
		case 'o':
			word = "obfus"
		case 'e':
			word = "encod"
		case 's':
			word = "scrambl"
		default:
			continue
		}
		if foldPrefix(c[i:], word) {
			return true
		}
	}
	return false
}

func (w *walker) inForm(f FoundBy) bool {
	for i := range w.open {
		if w.open[i].kind == specialForm && w.open[i].form == f {
			return true
		}
	}
	return false
}
