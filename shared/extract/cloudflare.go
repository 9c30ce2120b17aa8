package extract

import "bytes"

// cloudflare decodes the token of Cloudflare's e-mail protection: hexadecimal
// bytes, the first of which is the key the others are XORed with. The token
// is the start of v.
func (s *sink) cloudflare(v []byte, pos int) {
	if s.opt.KeepObfuscated {
		return
	}
	n := 0
	for n < len(v) && n < 2*(maxAddress+128) && class[v[n]]&isHex != 0 {
		n++
	}
	if n < 10 {
		return
	}
	key := unhex(v[0])<<4 | unhex(v[1])
	out := make([]byte, 0, n/2)
	for i := 2; i+1 < n; i += 2 {
		out = append(out, (unhex(v[i])<<4|unhex(v[i+1]))^key)
	}
	l := layer{form: FoundCloudflare, pos: pos, fixed: true}
	s.mailto(out, &l)
}

// cloudflareTokens decodes the tokens in markup that stands in the strings of a
// script, whose quotes may be escaped.
func (s *sink) cloudflareTokens(b []byte, pos int) {
	for _, mark := range [...]string{"cfemail=", "email-protection#"} {
		for rest := b; ; {
			i := bytes.Index(rest, []byte(mark))
			if i < 0 {
				break
			}
			rest = rest[i+len(mark):]
			v := bytes.TrimLeft(rest[:min(len(rest), 12)], "\\\"' ")
			for _, code := range [...]string{"u0022", "u0027", "x22", "x27", "%22", "&quot;", "&#34;"} {
				if foldPrefix(v, code) {
					v = v[len(code):]
				}
			}
			s.cloudflare(rest[min(len(rest), 12)-len(v):], pos)
		}
	}
}
