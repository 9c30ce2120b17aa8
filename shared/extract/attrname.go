package extract

// attrID sorts attributes by what their names mean.
type attrID uint8

const (
	attrOther attrID = iota
	attrIgnored
	attrHref
	attrCloudflare
	attrStyle
	attrClass
	attrIdentity
	attrHidden
	attrDir
	attrProperty
	attrReadable
	attrContent
	attrData
	attrEvent
	attrDocument
	attrSource
	attrAlt
)

// attrOf sorts attributes by name. Names of interest are in lower case nearly
// everywhere; others are lowered first.
func attrOf(name []byte) attrID {
	if len(name) > 5 && foldPrefix(name, "data-") {
		if foldEqual(name, "data-cfemail") {
			return attrCloudflare
		}
		return attrData
	}
	if hasUpper(name) && len(name) <= 16 {
		var buf [16]byte
		name = append(buf[:0], name...)
		for i, c := range name {
			name[i] = lowerByte(c)
		}
	}
	switch string(name) {
	case "class":
		return attrClass
	case "id":
		return attrIdentity
	case "style":
		return attrStyle
	case "href", "action", "formaction", "xlink:href", "cite", "to":
		return attrHref
	case "hidden":
		return attrHidden
	case "dir":
		return attrDir
	case "itemprop", "property", "rel":
		return attrProperty
	case "content":
		return attrContent
	case "alt":
		return attrAlt
	case "title", "aria-label", "value", "label", "summary", "aria-description", "abbr", "text":
		return attrReadable
	case "srcdoc":
		return attrDocument
	case "src":
		return attrSource
	case "placeholder", "srcset", "name", "integrity", "d", "pattern", "sizes", "viewbox", "points", "transform", "type", "role",
		"width", "height", "target", "poster", "lang", "media", "nonce", "for", "loading", "decoding", "fill", "stroke",
		"xmlns", "charset", "aria-placeholder", "accept", "autocomplete", "crossorigin", "tabindex", "alt-src", "fetchpriority",
		"aria-hidden", "aria-labelledby", "aria-controls", "aria-expanded", "async", "defer", "itemtype", "itemscope", "colspan":
		return attrIgnored
	}
	if len(name) > 4 && name[0] == 'o' && name[1] == 'n' {
		return attrEvent
	}
	return attrOther
}

// nameTraits is what the name of an attribute says by itself.
type nameTraits struct {
	id     attrID
	part   part // which part of an address it holds
	mail   bool // the name speaks of mail
	hint   bool // something in the name speaks of mail, or of hiding it
	cipher bool // the name speaks of an encoding
	scope  bool // the value is an object whose members expressions use
}

// traitsOf looks at the name of an attribute.
func traitsOf(name []byte) nameTraits {
	t := nameTraits{id: attrOf(name)}
	switch t.id {
	case attrData:
		short := name[len("data-"):]
		t.part = partOf(short)
		t.mail = foldIndex(short, "mail") >= 0 || foldIndex(short, "contact") >= 0 || foldIndex(short, "addr") >= 0 || foldIndex(short, "eml") >= 0
		t.hint = t.mail || foldIndex(short, "spam") >= 0 || foldIndex(short, "obfusc") >= 0
		t.cipher = cipherName(name)
	case attrOther:
		t.part = partOf(name)
		t.mail = foldIndex(name, "mail") >= 0 || foldIndex(name, "addr") >= 0
		t.hint = t.mail
		t.cipher = cipherName(name)
		t.scope = foldEqual(name, "x-data") || foldEqual(name, "v-scope")
	default:
	}
	return t
}
