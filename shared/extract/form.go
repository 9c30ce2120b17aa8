package extract

// FoundBy names the form in which an address stood on the page. The list is
// closed; it is part of the API and of exported files, so values never change
// their meaning.
type FoundBy string

// The forms.
const (
	FoundMailto        FoundBy = "mailto"         // a mailto: link, its headers to, cc and bcc included
	FoundText          FoundBy = "text"           // plain visible text
	FoundEntity        FoundBy = "entity"         // character references hid at least one character
	FoundSplit         FoundBy = "split"          // tags, comments or invisible characters stood inside the address
	FoundSpaced        FoundBy = "spaced"         // spaces around the signs, or between all letters
	FoundAtDot         FoundBy = "at_dot"         // signs spelled out or bracketed: "[at]", "(dot)", "arroba"
	FoundCloudflare    FoundBy = "cloudflare"     // data-cfemail and /cdn-cgi/l/email-protection
	FoundEscape        FoundBy = "escape"         // percent-encoding or \u0040, \x40 escapes
	FoundJSONLD        FoundBy = "jsonld"         // application/ld+json
	FoundJSON          FoundBy = "json"           // a JSON document or JSON state inside a page
	FoundMicrodata     FoundBy = "microdata"      // itemprop="email" and RDFa property
	FoundHCard         FoundBy = "hcard"          // hCard and vCard classes
	FoundAttribute     FoundBy = "attribute"      // title, alt, aria-label, content, value, query of a link
	FoundDataAttribute FoundBy = "data_attribute" // data-* and custom attributes, whole or in parts
	FoundBase64        FoundBy = "base64"         // base64, in an attribute or through atob
	FoundCharCode      FoundBy = "charcode"       // String.fromCharCode and hexadecimal codes
	FoundScript        FoundBy = "script"         // assembled by a literal script, or a string in one
	FoundROT13         FoundBy = "rot13"          // letters rotated by 13 (digits perhaps by 5)
	FoundReversed      FoundBy = "reversed"       // written backwards, turned round by CSS or script
	FoundJoomla        FoundBy = "joomla"         // Joomla's cloak script and joomla-hidden-mail
	FoundTYPO3         FoundBy = "typo3"          // TYPO3's linkTo_UnCryptMailto and data-mailto-token
	FoundEnkoder       FoundBy = "enkoder"        // scripts that evaluate a script, such as Hivelogic Enkoder
	FoundCSS           FoundBy = "css"            // content of a style sheet
	FoundDecoy         FoundBy = "decoy"          // hidden elements or marked words inside the address were dropped
	FoundVCard         FoundBy = "vcard"          // vCard, iCalendar, MECARD and MATMSG
	FoundFeed          FoundBy = "feed"           // RSS, Atom and other XML
	FoundPDF           FoundBy = "pdf"            // text of a PDF file
	FoundComment       FoundBy = "comment"        // a comment of the page or of a script
)

// Reason words. The list is closed.
const (
	ReasonHidden    = "hidden"    // stands in an element that is not shown
	ReasonComment   = "comment"   // stands in a comment
	ReasonGlued     = "glued"     // was cut loose from neighbouring text
	ReasonSpelled   = "spelled"   // signs are spelled out as bare words
	ReasonSpaced    = "spaced"    // spaces stand around or inside
	ReasonQuery     = "query"     // stands in the query of a link
	ReasonScript    = "script"    // stands in a script
	ReasonNoReply   = "noreply"   // a mailbox nobody reads
	ReasonGuessed   = "guessed"   // nothing on the page names the decoding used
	ReasonRandom    = "random"    // the local part looks generated
	ReasonAmbiguous = "ambiguous" // another reading of the same characters exists
)

// baseConfidence is the confidence of an address in the given form before
// anything is held against it. It also decides which form wins when an
// address is found in several.
func (f FoundBy) baseConfidence() float64 {
	switch f {
	case FoundMailto, FoundVCard:
		return 0.99
	case FoundJSONLD, FoundMicrodata, FoundHCard:
		return 0.98
	case FoundText, FoundCloudflare, FoundJoomla, FoundTYPO3:
		return 0.97
	case FoundEntity, FoundFeed, FoundPDF, FoundEnkoder:
		return 0.96
	case FoundEscape, FoundSplit, FoundBase64, FoundCharCode, FoundDecoy, FoundReversed:
		return 0.94
	case FoundAtDot, FoundROT13, FoundDataAttribute, FoundCSS:
		return 0.92
	case FoundAttribute, FoundScript, FoundJSON, FoundComment:
		return 0.90
	case FoundSpaced:
		return 0.85
	}
	return 0.5
}
