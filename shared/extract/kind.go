package extract

import (
	_ "embed" // the lists are data files
	"strings"
	"sync"
)

//go:generate go run ./listgen

// Kind says what sort of mailbox an address is.
type Kind string

// The kinds. A disposable domain outranks a role, a role outranks free mail.
const (
	KindPersonal   Kind = "personal"   // none of the others
	KindRole       Kind = "role"       // a function rather than a person: info, sales
	KindFree       Kind = "free"       // a mailbox at a provider of free mail
	KindDisposable Kind = "disposable" // a throw-away mailbox
)

var (
	//go:embed lists/roles.txt
	rolesFile string
	//go:embed lists/free.txt
	freeFile string
	//go:embed lists/disposable.txt
	disposableFile string
	//go:embed lists/noise.txt
	noiseFile string
	//go:embed lists/sample_locals.txt
	sampleLocalsFile string
	//go:embed lists/sample_names.txt
	sampleNamesFile string
	//go:embed lists/sample_hosts.txt
	sampleHostsFile string
	//go:embed lists/sample_any.txt
	sampleAnyFile string
	//go:embed lists/sample_patterns.txt
	samplePatternsFile string
	//go:embed lists/sample_your.txt
	sampleYourFile string
	//go:embed lists/sample_your_hosts.txt
	sampleYourHostsFile string
	//go:embed lists/sample_your_locals.txt
	sampleYourLocalsFile string
)

// parseList reads a list file: one lower-case entry a line, # starts a comment.
func parseList(file string) map[string]struct{} {
	set := make(map[string]struct{}, strings.Count(file, "\n"))
	for line := range strings.Lines(file) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			set[line] = struct{}{}
		}
	}
	return set
}

// set parses a list file when it is first needed.
func set(file *string) func() map[string]struct{} {
	return sync.OnceValue(func() map[string]struct{} { return parseList(*file) })
}

var (
	roles          = set(&rolesFile)
	freeMail       = set(&freeFile)
	disposable     = set(&disposableFile)
	noise          = set(&noiseFile)
	sampleLocals   = set(&sampleLocalsFile)
	sampleNames    = set(&sampleNamesFile)
	sampleHosts    = set(&sampleHostsFile)
	sampleAny      = set(&sampleAnyFile)
	samplePatterns = set(&samplePatternsFile)

	sampleYour       = set(&sampleYourFile)
	sampleYourHosts  = set(&sampleYourHostsFile)
	sampleYourLocals = set(&sampleYourLocalsFile)
)

// wordSet makes a set of a few words that are part of the program's logic.
func wordSet(words []string) map[string]struct{} {
	set := make(map[string]struct{}, len(words))
	for _, w := range words {
		set[w] = struct{}{}
	}
	return set
}

func in(set map[string]struct{}, s string) bool {
	_, ok := set[s]
	return ok
}

// inDomains reports whether domain or a domain above it is in set.
func inDomains(set map[string]struct{}, domain string) bool {
	for {
		if in(set, domain) {
			return true
		}
		dot := strings.IndexByte(domain, '.')
		if dot < 0 {
			return false
		}
		domain = domain[dot+1:]
	}
}

// kindOf classifies an address in normal form.
func (s *sink) kindOf(local, domain string) Kind {
	is := s.facts(domain).is
	switch {
	case is&isDisposable != 0:
		return KindDisposable
	case roleLocal(local):
		return KindRole
	case is&isFree != 0:
		return KindFree
	}
	return KindPersonal
}

// roleLocal reports whether a local part names a function: the whole of it,
// what stands before a plus tag or a trailing number, or its first word
// ("info-berlin", "vertrieb.nord", "jobs2").
func roleLocal(local string) bool {
	if in(roles(), local) {
		return true
	}
	cut := 0
	for cut < len(local) && !separator(local[cut]) {
		cut++
	}
	for cut > 0 && class[local[cut-1]]&isDigit != 0 {
		cut--
	}
	return cut > 0 && cut < len(local) && in(roles(), local[:cut])
}

// noReply reports whether a local part says that nobody reads its mail.
func noReply(local string) bool {
	if len(local) < 7 || local[0] != 'n' && local[0] != 'd' {
		return false
	}
	var buf [16]byte
	l := buf[:0]
	for i := 0; i < len(local); i++ {
		if c := local[i]; !separator(c) {
			if len(l) == cap(l) {
				return false
			}
			l = append(l, c)
		}
	}
	switch string(l) {
	case "noreply", "donotreply", "nepasrepondre", "nichtantworten", "nonrispondere", "noresponder", "naoresponda":
		return true
	}
	return false
}
