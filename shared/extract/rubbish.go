package extract

import (
	"bytes"
	"strings"
)

// rubbish reports whether a candidate with a valid domain is one of the many
// things that are written like an address: assets, versions, keys, remotes.
func rubbish(c *candidate, p place) bool {
	d := c.domain
	if asset(d) || bytes.EqualFold(c.local, []byte("git")) || bytes.EqualFold(c.local, []byte("hg")) {
		return true
	}
	if p == inKey || stateKey(c, p) || p <= inScript && fileSuffix(d) {
		return true
	}
	if inDomains(noise(), strings.ToLower(string(d))) && !roleLocal(strings.ToLower(string(c.local))) {
		return true
	}
	return hexKey(c.local)
}

// asset recognises retina assets, "logo@2x.ai", "icon@1.5x.ps".
func asset(d []byte) bool {
	i := 0
	for i < len(d) && (class[d[i]]&isDigit != 0 || d[i] == '.') {
		i++
	}
	if i == 0 || i >= len(d) {
		return false
	}
	return d[i]|0x20 == 'x' && (i+1 == len(d) || d[i+1] == '.' || d[i+1] == '-') && i <= 3
}

// fileSuffix recognises the two top level domains that are file extensions
// first of all.
func fileSuffix(d []byte) bool {
	return foldSuffix(d, ".zip") || foldSuffix(d, ".mov")
}

// stateKey recognises paths into caches and stores, such as Apollo's
// "ROOT_QUERY.page.content@filterEmpty.0.link": a label that is a short
// number, or a GraphQL directive where the domain should be.
func stateKey(c *candidate, p place) bool {
	first, rest, _ := bytes.Cut(c.domain, []byte{'.'})
	for len(rest) > 0 {
		var l []byte
		l, rest, _ = bytes.Cut(rest, []byte{'.'})
		if len(l) <= 3 && allDigits(l) {
			return true
		}
	}
	if p < inScript {
		return false
	}
	for i := 1; i < len(first); i++ {
		if isLower(first[i-1]) && isUpper(first[i]) && (p == inKey || hasUpper(c.local) || bytes.IndexByte(c.local, '.') >= 0) {
			return true
		}
	}
	switch string(first) {
	case "include", "skip", "connection", "client", "rest", "export", "defer", "stream", "type", "filter", "computed", "arguments":
		return p == inKey || bytes.IndexByte(c.local, '.') >= 0 || bytes.IndexByte(c.local, '_') >= 0
	}
	return false
}

func allDigits(b []byte) bool {
	for _, ch := range b {
		if class[ch]&isDigit == 0 {
			return false
		}
	}
	return len(b) > 0
}

// hexKey recognises keys and identifiers as local parts: 16 hexadecimal
// digits and more, with or without the hyphens of a UUID.
func hexKey(local []byte) bool {
	if len(local) < 16 {
		return false
	}
	digits, letters := 0, 0
	for _, ch := range local {
		switch {
		case class[ch]&isDigit != 0:
			digits++
		case class[ch]&isHex != 0:
			letters++
		case ch != '-':
			return false
		}
	}
	return digits >= 4 && letters >= 1
}

// generated reports whether a local part looks like the work of a program:
// long, with letters and digits that alternate often.
func generated(local []byte) bool {
	if len(local) < 20 {
		return false
	}
	digits, changes := 0, 0
	for i, ch := range local {
		digit := class[ch]&isDigit != 0
		if digit {
			digits++
		}
		if i > 0 && digit != (class[local[i-1]]&isDigit != 0) {
			changes++
		}
	}
	return digits*4 >= len(local) || changes >= 6
}

// placeholders are local parts of forms' and themes' sample texts. They count
// only at the sample domains below.
var placeholderLocals = strings.Fields(`you your name yourname your.name your-name your_name youremail your-email your.email user username
	email e-mail mail mymail myemail test tester foo bar john jane johndoe janedoe john.doe jane.doe johnsmith john.smith jdoe j.doe
	max.mustermann mustermann max erika.mustermann vorname nachname vorname.nachname firstname lastname firstname.lastname
	first.last first name.surname nombre nombre.apellido tu tucorreo tu.correo correo usuario nom prenom prenom.nom votre votreemail
	votre.email votre-email nome nome.cognome tuonome tuaemail seunome seuemail voce ihre ihr ihre.email ihre-email deine deine.email
	ihrname dein name.nachname example sample someone somebody someone.else anyone address abc xyz xxx someemail me mustermail naam
	my mein meine mon mio mia il tuo tua sua seu tua seu jouw uw din ditt jouwnaam uwnaam navn namn imie imie.nazwisko jan.kowalski jan.jansen mario.rossi jean.dupont juan.perez ivan.ivanov`)

// placeholderDomains are second-level names of sample addresses, whatever
// suffix they have, when the local part is one of the above.
var placeholderDomains = strings.Fields(`example sample email mail domain mydomain yourdomain your-domain company yourcompany your-company
	mycompany website yourwebsite mywebsite site yoursite mysite test host server address provider firma ihrefirma beispiel musterfirma
	muster mustermail ejemplo empresa dominio tudominio correo exemple entreprise domaine votredomaine societe esempio azienda
	exemplo seudominio bedrijf voorbeeld voorbeeld przyklad doe foo bar xyz abc something somewhere business organization
	organisation mailprovider emailprovider anbieter mail-provider adres adresse`)

// placeholderHosts are sample domains whatever the local part: RFC 2606 and
// the defaults of common themes and builders.
var placeholderHosts = strings.Fields(`example.com example.net example.org example.edu mysite.com yoursite.com yourdomain.com
	your-domain.com domain.com mydomain.com website.com yourwebsite.com mywebsite.com yourcompany.com mycompany.com company.com
	your-company.com yoursite.org yourdomain.org yourdomain.de ihredomain.de ihre-domain.de deinedomain.de musterdomain.de
	tudominio.com votredomaine.com tuodominio.it seudominio.com.br sitename.com domainname.com somedomain.com yourstore.com
	yourshop.com yourbusiness.com addresshere.com emailaddress.com yourmail.com youremail.com`)

var placeholderLocal, placeholderDomain, placeholderHost = wordSet(placeholderLocals), wordSet(placeholderDomains), wordSet(placeholderHosts)

func wordSet(words []string) map[string]struct{} {
	set := make(map[string]struct{}, len(words))
	for _, w := range words {
		set[w] = struct{}{}
	}
	return set
}

// placeholder reports whether an address in normal form is a sample.
func placeholder(email string) bool {
	at := strings.LastIndexByte(email, '@')
	local, domain := email[:at], email[at+1:]
	if inDomains(placeholderHost, domain) {
		return true
	}
	first, _, _ := strings.Cut(domain, ".")
	if in(sampleNames, first) || in(patternLocals, local) {
		return true
	}
	if !in(placeholderDomain, first) && local != first {
		return false
	}
	return sampleLocal(local)
}

// sampleNames are second-level names that only samples have, whatever stands
// before and behind them.
var sampleNames = wordSet(strings.Fields(`mustermann musterfrau yourdomain your-domain yourcompany your-company mydomain ihredomain ihre-domain
	deinedomain deine-domain meinedomain meine-domain musterdomain musterfirma tudominio tu-dominio votredomaine votre-domaine tuodominio
	seudominio yoursite yourwebsite your-website domain domainname yourdomainname yourbusiness`))

// patternLocals describe how addresses are made rather than being one.
var patternLocals = wordSet(strings.Fields(`vorname.nachname nachname.vorname v.nachname vorname_nachname vorname-nachname firstname.lastname
	firstname_lastname first.last first.lastname firstname name.surname nombre.apellido nombre.apellidos prenom.nom prénom.nom nome.cognome
	nome.sobrenome voornaam.achternaam fornavn.etternavn fornavn.efternavn förnamn.efternamn fornamn.efternamn imie.nazwisko
	etunimi.sukunimi jmeno.prijmeni your.name yourname your-name ihr.name ihrname tu.nombre votre.nom`))

// sampleLocal reports whether a local part is one of the samples or made of
// nothing but their words: "ihr.name", "your-email-address".
func sampleLocal(local string) bool {
	if in(placeholderLocal, local) {
		return true
	}
	for word := range strings.FieldsFuncSeq(local, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		if !in(placeholderLocal, word) {
			return false
		}
	}
	return true
}
