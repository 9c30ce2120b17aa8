package follow

import (
	"net/url"
	"strings"
)

// Reasons that Trap gives.
const (
	TrapSession    = "session_id"  // the address holds a session id
	TrapCalendar   = "calendar"    // a calendar's day, week or month
	TrapRepetition = "repetition"  // the path goes round in circles
	TrapFacet      = "facet"       // a filtered, sorted or paged view of a list
	TrapParameters = "parameters"  // too many query parameters
	TrapAccount    = "account"     // log in, log out, register, profile
	TrapCart       = "cart"        // carts, checkouts, wish lists
	TrapShare      = "share"       // share, recommend, print, reply
	TrapSearch     = "search"      // search results
	TrapEndpoint   = "endpoint"    // made for machines: feeds, APIs, administration
	TrapDepth      = "depth"       // too many path segments
	TrapLength     = "length"      // too long
	TrapBinary     = "binary"      // by its ending not something to read
	TrapScheme     = "not_visited" // neither http nor https
)

// Bounds of an address that is no trap.
const (
	maxSegments   = 10
	maxParameters = 6
	maxLength     = 1000 // bytes of path and query
)

// Trap reports whether an address looks like one of those that eat a crawler's
// budget and hold no page of their own, and gives the reason, one of the Trap…
// constants. Session ids are one: [Clean] addresses have none.
func Trap(u *url.URL) (reason string, is bool) {
	if scheme := strings.ToLower(u.Scheme); scheme != "http" && scheme != "https" {
		return TrapScheme, true
	}
	reason = trap(u.EscapedPath(), u.RawQuery)
	return reason, reason != ""
}

// trap is Trap for the escaped path and query of a web address; it returns ""
// for what is none.
func trap(path, query string) string {
	if len(path)+len(query) > maxLength {
		return TrapLength
	}
	segments := strings.Split(strings.Trim(strings.ToLower(path), "/"), "/")
	if reason := pathTrap(segments); reason != "" {
		return reason
	}
	return queryTrap(query)
}

func pathTrap(segments []string) string {
	if len(segments) > maxSegments {
		return TrapDepth
	}
	last := segments[len(segments)-1]
	if ending := last[strings.LastIndexByte(last, '.')+1:]; len(ending) < len(last) && binaryEndings[ending] {
		return TrapBinary
	}
	calendar := false
	for i, s := range segments {
		name, params, _ := strings.Cut(s, ";")
		for param := range strings.SplitSeq(params, ";") {
			if key, value, _ := strings.Cut(param, "="); isSessionParam(key, value) {
				return TrapSession
			}
		}
		if isCookieless(s) {
			return TrapSession
		}
		if reason := segmentTraps[withoutEnding(name)]; reason != "" && !inProse(segments, i) {
			return reason
		}
		if calendar && isDatePart(name) {
			return TrapCalendar
		}
		calendar = calendar || calendarWords[name]
	}
	if repeats(segments) {
		return TrapRepetition
	}
	return ""
}

// inProse spares pages such as /blog/print: words that name a function are a
// function at the path's ends, where functions are.
func inProse(segments []string, i int) bool {
	return i > 1 && i < len(segments)-1
}

func withoutEnding(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 && pageEndings[name[i+1:]] {
		return name[:i]
	}
	return name
}

// repeats reports whether a segment occurs three times, or any sequence of them
// twice in a row with at least two different ones, as links relative to the
// wrong base produce.
func repeats(segments []string) bool {
	if len(segments) < 3 {
		return false
	}
	for i, s := range segments {
		count := 1
		for _, other := range segments[i+1:] {
			if s == other {
				count++
			}
		}
		if count >= 3 && s != "" {
			return true
		}
	}
	for size := 2; 2*size <= len(segments); size++ {
		for at := 0; at+2*size <= len(segments); at++ {
			same := true
			for i := range size {
				same = same && segments[at+i] == segments[at+size+i]
			}
			if same {
				return true
			}
		}
	}
	return false
}

// isDatePart recognises a year, month, day, week or date in a calendar's path.
func isDatePart(s string) bool {
	figures := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			figures++
		case c == '-' || c == '_' || c == '.' || c == ',':
		case c == 'w' && i > 0:
		default:
			return false
		}
	}
	return figures > 0 && figures <= 8
}

func queryTrap(query string) string {
	if query == "" {
		return ""
	}
	count := 0
	for param := range strings.SplitSeq(query, "&") {
		if param == "" {
			continue
		}
		key, value, _ := strings.Cut(strings.ToLower(param), "=")
		if plain, err := url.QueryUnescape(key); err == nil {
			key = plain
		}
		if isTrackingParam(key) {
			continue
		}
		if isSessionParam(key, value) {
			return TrapSession
		}
		count++
		if reason := paramTrap(key, value); reason != "" {
			return reason
		}
	}
	if count > maxParameters {
		return TrapParameters
	}
	return ""
}

func paramTrap(key, value string) string {
	name := key
	if i := strings.IndexByte(key, '['); i >= 0 {
		name = key[:i] // filter[colour]=red
	}
	if reason := paramTraps[name]; reason != "" {
		return reason
	}
	switch name {
	case "view", "display", "mode", "layout":
		if listViews[value] {
			return TrapFacet
		}
	case "action", "do", "task", "op", "act", "cmd", "option", "controller":
		if reason := segmentTraps[value]; reason != "" {
			return reason
		}
	case "format", "type", "output", "feed":
		if name == "feed" || machineFormats[value] {
			return TrapEndpoint
		}
	}
	for _, prefix := range []string{"filter", "facet", "attribute_", "pa_", "sort_", "price_"} {
		if strings.HasPrefix(name, prefix) {
			return TrapFacet
		}
	}
	return ""
}
