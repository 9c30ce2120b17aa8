package fetch

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"time"

	"gleaner/shared/fetch/lru"
)

// certificates verifies after the handshake what a transport that reads broken
// sites did not verify during it.
type certificates struct {
	roots *x509.CertPool
	known *lru.Cache[[sha256.Size]byte, bool]
}

func (c *certificates) init(roots *x509.CertPool) {
	c.roots = roots
	c.known = lru.New[[sha256.Size]byte, bool](2000)
}

// bad reports whether the certificate of a connection fails verification for host.
func (c *certificates) bad(state *tls.ConnectionState, host string) bool {
	if len(state.PeerCertificates) == 0 {
		return true
	}
	leaf := state.PeerCertificates[0]
	key := sha256.Sum256(append([]byte(host+"\x00"), leaf.Raw...))
	now := time.Now()
	if bad, ok := c.known.Get(key, now); ok {
		return bad
	}
	rest := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		rest.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: c.roots, Intermediates: rest, CurrentTime: now})
	c.known.Put(key, err != nil, now.Add(time.Hour))
	return err != nil
}
