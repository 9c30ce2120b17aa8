package extract

import (
	"maps"
	"slices"
)

// cipherName reports whether an attribute's name speaks of an encoding.
func cipherName(name []byte) bool {
	for _, w := range [...]string{"enc", "rot", "crypt", "cipher", "obf", "13"} {
		if foldIndex(name, w) >= 0 {
			return true
		}
	}
	return false
}

// part is which part of an address an attribute holds by its name.
type part uint8

const (
	partNone part = iota
	partLocal
	partDomain
	partSuffix
	partToken
	partVector
	partWeakLocal // "name", "first", "a": names that mean other things as well
	partWeakDomain
	partWeakSuffix
)

var partNames = map[string]part{
	"user": partLocal, "username": partLocal, "local": partLocal, "localpart": partLocal, "account": partLocal, "mailbox": partLocal,
	"box": partLocal, "u": partLocal, "recipient": partLocal, "usr": partLocal, "login": partLocal, "benutzer": partLocal,
	"usuario": partLocal, "before": partLocal, "head": partLocal, "mailname": partLocal, "who": partLocal, "prefix": partLocal,
	"utilisateur": partLocal, "utente": partLocal, "addressee": partLocal, "alias": partLocal, "lp": partLocal,

	"domain": partDomain, "host": partDomain, "d": partDomain, "server": partDomain, "dom": partDomain, "domaine": partDomain,
	"dominio": partDomain, "hostname": partDomain, "provider": partDomain, "after": partDomain, "at": partDomain,
	"local-part": partLocal, "user-part": partLocal, "domain-part": partDomain, "domainpart": partDomain, "host-part": partDomain,
	"website": partDomain, "site": partDomain, "domane": partDomain, "where": partDomain, "tail": partDomain,
	"maildomain": partDomain, "domainname": partDomain, "dp": partDomain, "after-at": partDomain, "before-at": partLocal, "sld": partDomain, "dn": partDomain,

	"tld": partSuffix, "ext": partSuffix, "suffix": partSuffix, "zone": partSuffix, "t": partSuffix, "extension": partSuffix,
	"toplevel": partSuffix, "topleveldomain": partSuffix, "dot": partSuffix, "endung": partSuffix,

	"mailto-token": partToken, "token": partToken, "mailto-vector": partVector, "vector": partVector,

	"name": partWeakLocal, "first": partWeakLocal, "left": partWeakLocal, "a": partWeakLocal, "part1": partLocal,
	"1": partWeakLocal, "p1": partWeakLocal, "start": partWeakLocal, "n": partWeakLocal, "mail": partWeakLocal, "email": partWeakLocal, "e-mail": partWeakLocal, "contact": partWeakLocal, "address": partWeakLocal,
	"to": partWeakLocal, "e": partWeakLocal,
	"firstpart": partLocal, "part-1": partLocal, "one": partWeakLocal, "id": partWeakLocal, "x": partWeakLocal,
	"last": partWeakDomain, "right": partWeakDomain, "b": partWeakDomain, "part2": partDomain, "2": partWeakDomain,
	"p2": partWeakDomain, "end": partWeakDomain, "secondpart": partDomain, "second": partWeakDomain, "part-2": partDomain,
	"two": partWeakDomain, "y": partWeakDomain, "h": partWeakDomain,
	"c": partWeakSuffix, "part3": partSuffix, "3": partWeakSuffix, "p3": partWeakSuffix, "third": partWeakSuffix,
	"part-3": partSuffix, "three": partWeakSuffix, "z": partWeakSuffix,
}

// fillers are words in names of attributes that say nothing about the part.
var fillers = [...]string{
	"email", "e-mail", "mail", "contact", "address", "addr", "obf", "cloak", "spam", "safe", "protected",
	"protect", "my", "em", "e", "m", "js", "x", "eml", "adr", "enc",
}

// maxPartName is the longest name of an attribute that holds a part.
const maxPartName = 24

// allPartNames are the names of parts, by themselves and with a filler before or
// behind them: so that a name is looked up once, for pages have many attributes.
var allPartNames = func() map[string]part {
	all := map[string]part{}
	for _, f := range slices.Backward(fillers[:]) { // the first has the last word
		for name, p := range partNames {
			all[name+"-"+f] = p
		}
		for name, p := range partNames {
			all[f+"-"+name], all[f+"_"+name] = p, p
			all[f+"-"+name+"-value"] = p
			if len(name) > 2 || class[name[0]]&isDigit != 0 {
				all[f+name] = p
			}
		}
	}
	maps.Copy(all, partNames)
	return all
}()

// partOf reads the part from an attribute's name, its data- prefix removed.
func partOf(name []byte) part {
	if len(name) > maxPartName {
		return partNone
	}
	var buf [maxPartName]byte
	low := buf[:0]
	for _, c := range name {
		low = append(low, lowerByte(c))
	}
	return allPartNames[string(low)]
}
