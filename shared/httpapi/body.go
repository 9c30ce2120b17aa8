package httpapi

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"strings"

	"gleaner/shared/job"
)

// body is a request's body, decompressed.
type body struct {
	text        string
	mediaType   string
	fingerprint string // of the whole request; only if it can be told to be a repetition
}

// readBody reads the body within the limits.
func (a *api) readBody(r *http.Request) (body, error) {
	var b body
	var charset string
	if header := r.Header.Get("Content-Type"); header != "" {
		mediaType, params, err := mime.ParseMediaType(header)
		if err != nil {
			return b, kindMediaType.problem("The Content-Type cannot be read.")
		}
		b.mediaType, charset = mediaType, params["charset"]
	}
	var in io.Reader = r.Body
	if in == nil {
		in = http.NoBody
	}
	expect := r.ContentLength
	peek := bufio.NewReader(in)
	in = peek
	packed := false
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		// A packed file is often sent without a word about it: no list and no JSON begins like this.
		magic, _ := peek.Peek(2)
		packed = string(magic) == "\x1f\x8b"
	case "gzip", "x-gzip":
		packed = true
	default:
		return b, kindMediaType.problem("The Content-Encoding " + clip(encoding) + " is not supported: use gzip or none.")
	}
	if packed {
		in = &limited{r: in, left: a.Limits.Body, what: "compressed body"}
		z, err := gzip.NewReader(in)
		if err != nil {
			return b, unreadable(err, "The body is not gzip, as it says it is.")
		}
		in = z
		expect *= 4
	}
	in = &limited{r: in, left: a.Limits.Decoded, what: "body"}

	var text strings.Builder
	if expect > 0 {
		text.Grow(int(min(expect+1, a.Limits.Decoded, 16<<20)))
	}
	var out io.Writer = &text
	var sum hash.Hash
	if r.Header.Get("Idempotency-Key") != "" || r.Method == http.MethodPut {
		sum = sha256.New()
		_, _ = fmt.Fprintf(sum, "%s\n%s\n%s\n%s\n", r.Method, r.URL.Path, r.URL.Query().Encode(), b.mediaType)
		out = io.MultiWriter(&text, sum)
	}
	if _, err := io.Copy(out, in); err != nil {
		return b, unreadable(err, "The body broke off or is damaged.")
	}
	var err error
	if b.text, err = b.decode(text.String(), charset); err != nil {
		return b, err
	}
	if sum != nil {
		b.fingerprint = hex.EncodeToString(sum.Sum(nil))
	}
	return b, nil
}

// decode makes UTF-8 of a body.
func (b *body) decode(text, charset string) (string, error) {
	switch {
	case strings.HasPrefix(text, "PK\x03\x04"):
		return "", kindMediaType.problem("This is a workbook or an archive. Send its addresses as text, CSV or JSON.")
	case b.mediaType == "application/json":
		if charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
			return "", kindMediaType.problem("The charset of JSON must be UTF-8.")
		}
		return text, nil
	}
	text, err := UTF8(text, charset)
	if errors.Is(err, ErrCharset) {
		return "", kindMediaType.problem("The charset " + clip(charset) + " is none of utf-8, utf-16, windows-1252, iso-8859-1.")
	}
	if err != nil {
		return "", kindSyntax.problem("The body is not in the charset it is said to be in.")
	}
	return text, nil
}

func unreadable(err error, detail string) error {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return kindSyntax.problem(detail)
}

// limited refuses what goes beyond a number of bytes.
type limited struct {
	r    io.Reader
	left int64
	what string
	all  int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.all += int64(n)
	if l.all > l.left {
		return n, kindTooLarge.problem(fmt.Sprintf(
			"The %s is larger than %d bytes. Send more addresses in chunks: see \"open\" at /docs.", l.what, l.left))
	}
	return n, err
}

// decodeJSON reads a JSON object into v and refuses fields it does not know.
func decodeJSON(text string, v any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return jsonFault(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return kindSyntax.problem("There is something behind the JSON object.")
	}
	return nil
}

func jsonFault(err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	var field *job.FieldError
	switch {
	case errors.As(err, &field):
		return field
	case errors.As(err, &wrong):
		return &job.FieldError{Field: wrong.Field, Reason: fmt.Sprintf("must not be a JSON %s", wrong.Value)}
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return kindSyntax.problem("The body is not JSON: " + err.Error() + ".")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &job.FieldError{Field: strings.Trim(name, `"`), Reason: "is not known"}
	}
	return kindSyntax.problem("The body cannot be read: " + err.Error() + ".")
}
