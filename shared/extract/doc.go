// Package extract turns the bytes of one page into the e-mail addresses that
// are published on it.
//
// It reads HTML, XML and feeds, JSON, JavaScript, vCard, iCalendar, plain text and PDF. It
// undoes what sites do to hide addresses from simple programs (entities,
// "[at]", Cloudflare tokens, literal scripts and so on) without a browser, and
// it drops what merely looks like an address (asset names, package versions,
// telemetry keys, placeholders).
//
// The package is pure: it never touches the network, the clock or the file
// system, it does not modify or retain its input, and the work it does is
// bounded by a constant times the length of the input.
package extract
