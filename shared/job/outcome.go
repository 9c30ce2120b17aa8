package job

// Outcome says how one URL of a job ended. The list is closed: every URL of a
// finished job carries exactly one of these words, in the store, in the API and
// in exports.
type Outcome string

// The outcomes. Outcomes that are Retryable may be tried again by the user's
// "retry failed"; the crawler has by then spent its own retries.
const (
	OutcomeFound    Outcome = "found"     // fetched, at least one address on it (or on the pages followed from it)
	OutcomeNone     Outcome = "none"      // fetched, no address
	OutcomeNotMod   Outcome = "unchanged" // 304 to a conditional request: nothing new since the last visit
	OutcomeSkipped  Outcome = "skipped"   // not visited because the site or the job had given what was asked (stop_after)
	OutcomeNoIndex  Outcome = "noindex"   // fetched, but the page asks not to be indexed (X-Robots-Tag or meta robots)
	OutcomeType     Outcome = "unsupported_type"
	OutcomeRobots   Outcome = "robots_disallowed"
	OutcomeRobotsNA Outcome = "robots_unreachable" // RFC 9309 2.3.1.4: unreachable means complete disallow
	OutcomeSuppress Outcome = "suppressed"         // a suppression list names the site

	OutcomeInvalid   Outcome = "invalid_url"        // not http or https, userinfo, forbidden port
	OutcomeBlocked   Outcome = "blocked_address"    // resolves to a private, loopback, link-local or otherwise forbidden address
	OutcomeDNS       Outcome = "dns_not_found"      // the name does not exist
	OutcomeDNSTemp   Outcome = "dns_failed"         // the name could not be looked up now
	OutcomeConnect   Outcome = "connect_failed"     // refused or unreachable
	OutcomeReset     Outcome = "connection_lost"    // closed or reset before the answer was whole
	OutcomeTLS       Outcome = "tls_failed"         // handshake or certificate
	OutcomeTimeout   Outcome = "timeout"            // total or idle time limit
	OutcomeProtocol  Outcome = "protocol_error"     // not HTTP, or a body that its own encoding contradicts
	OutcomeTooLarge  Outcome = "too_large"          // header or decompressed body over the limit
	OutcomeRedirects Outcome = "too_many_redirects" // over the limit
	OutcomeLoop      Outcome = "redirect_loop"
	OutcomeClient    Outcome = "http_4xx"
	OutcomeServer    Outcome = "http_5xx"
	OutcomeLimited   Outcome = "rate_limited" // 429, or 503 with Retry-After, until the retries were spent

	OutcomeCancelled Outcome = "cancelled"      // the job was cancelled before this URL's turn
	OutcomeCrashed   Outcome = "crashed_worker" // fetching or reading this URL killed a worker, alone
	OutcomeDead      Outcome = "undeliverable"  // its batch could not be processed and was dead-lettered
)

// Class groups outcomes for tiles and colours.
type Class string

// The classes an Outcome can have.
const (
	ClassOK      Class = "ok"      // the page was seen, or need not be
	ClassRefused Class = "refused" // we may not or must not look
	ClassFailed  Class = "failed"  // we could not look
)

type outcomeFacts struct {
	class Class
	retry bool
	text  string
}

var outcomes = map[Outcome]outcomeFacts{
	OutcomeFound:     {ClassOK, false, "addresses found"},
	OutcomeNone:      {ClassOK, false, "no address on the page"},
	OutcomeNotMod:    {ClassOK, false, "not changed since the last visit"},
	OutcomeSkipped:   {ClassOK, false, "not visited: enough was found already"},
	OutcomeNoIndex:   {ClassRefused, false, "the page asks not to be indexed"},
	OutcomeType:      {ClassOK, false, "a kind of file that holds no addresses"},
	OutcomeRobots:    {ClassRefused, false, "robots.txt disallows it"},
	OutcomeRobotsNA:  {ClassRefused, true, "robots.txt could not be read"},
	OutcomeSuppress:  {ClassRefused, false, "on a suppression list"},
	OutcomeInvalid:   {ClassFailed, false, "not an address that can be fetched"},
	OutcomeBlocked:   {ClassRefused, false, "leads to a private or forbidden network address"},
	OutcomeDNS:       {ClassFailed, false, "the host name does not exist"},
	OutcomeDNSTemp:   {ClassFailed, true, "the host name could not be looked up"},
	OutcomeConnect:   {ClassFailed, true, "no connection"},
	OutcomeReset:     {ClassFailed, true, "the connection broke off"},
	OutcomeTLS:       {ClassFailed, false, "TLS failed"},
	OutcomeTimeout:   {ClassFailed, true, "took too long"},
	OutcomeProtocol:  {ClassFailed, false, "not a valid HTTP answer"},
	OutcomeTooLarge:  {ClassFailed, false, "too large"},
	OutcomeRedirects: {ClassFailed, false, "too many redirects"},
	OutcomeLoop:      {ClassFailed, false, "redirects in a circle"},
	OutcomeClient:    {ClassFailed, false, "the site answered 4xx"},
	OutcomeServer:    {ClassFailed, true, "the site answered 5xx"},
	OutcomeLimited:   {ClassFailed, true, "the site asked us to slow down"},
	OutcomeCancelled: {ClassRefused, true, "cancelled before its turn"},
	OutcomeCrashed:   {ClassFailed, false, "made a worker crash"},
	OutcomeDead:      {ClassFailed, true, "could not be processed"},
}

// Outcomes lists every outcome there is, in no particular order.
func Outcomes() []Outcome {
	all := make([]Outcome, 0, len(outcomes))
	for o := range outcomes {
		all = append(all, o)
	}
	return all
}

// Known reports whether o is on the closed list.
func (o Outcome) Known() bool { _, ok := outcomes[o]; return ok }

// Class returns the group o belongs to; ClassFailed for an unknown outcome.
func (o Outcome) Class() Class {
	if f, ok := outcomes[o]; ok {
		return f.class
	}
	return ClassFailed
}

// Retryable reports whether trying the URL again later can help.
func (o Outcome) Retryable() bool { return outcomes[o].retry }

// Text is the outcome in plain words, for people.
func (o Outcome) Text() string { return outcomes[o].text }
