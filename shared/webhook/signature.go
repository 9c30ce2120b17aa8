package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Headers of a call.
const (
	HeaderSignature = "Gleaner-Signature"
	HeaderDelivery  = "Gleaner-Delivery"
	HeaderAttempt   = "Gleaner-Attempt"
)

// Tolerance is how old a signature may be that a receiver should take.
const Tolerance = 5 * time.Minute

// ErrSignature says that a signature is missing, wrong or too old.
var ErrSignature = errors.New("webhook signature is not valid")

// Sign returns the value of HeaderSignature for a body sent at a time, with a
// signature for each of the secrets.
func Sign(body []byte, at time.Time, secrets ...string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	parts := []string{"t=" + stamp}
	for _, s := range secrets {
		parts = append(parts, "v1="+hex.EncodeToString(mac(body, stamp, s)))
	}
	return strings.Join(parts, ",")
}

// Verify checks the value of HeaderSignature as a receiver does: one of its
// signatures must be of that secret, and its time within tolerance of now.
// ErrSignature, with the reason, if not.
func Verify(header string, body []byte, secret string, now time.Time, tolerance time.Duration) error {
	stamp := ""
	var given []string
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			stamp = value
		case "v1":
			given = append(given, value)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: it has no time", ErrSignature)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return fmt.Errorf("%w: it is %s old", ErrSignature, age.Round(time.Second))
	}
	want := mac(body, stamp, secret)
	for _, text := range given {
		if got, err := hex.DecodeString(text); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return fmt.Errorf("%w: none of its %d signatures fits", ErrSignature, len(given))
}

func mac(body []byte, stamp, secret string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(stamp + ".")) // never fails
	_, _ = m.Write(body)
	return m.Sum(nil)
}
