package extract

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
