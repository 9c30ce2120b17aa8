package job_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"gleaner/shared/job"
)

// listOf makes no difference between no list and an empty one, as stored forms do.
func listOf(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	return words
}

func zstdFrame(t testing.TB, version byte, plain []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return enc.EncodeAll(plain, []byte{version})
}

// The bytes of version 2 are pinned, as those of version 1 are.
func TestVersion2StaysReadable(t *testing.T) {
	t.Parallel()
	want := job.Result{
		Visits: []job.Visit{
			{URL: "https://a.de/", Outcome: "found", Status: 200, FinalURL: "https://a.de/x", Pages: 2, Addresses: 1, Attempts: 3, Millis: 70, BadCert: true},
			{URL: "https://b.de/", Outcome: "found", Detail: "late"},
		},
		Addresses: []job.Address{
			{
				Email: "anna@a.de", SourceURL: "https://a.de/", Sources: []string{"https://b.de/"}, FoundBy: "mailto", Kind: "personal",
				Confidence: 0.5, Reasons: []string{"mailto"}, Raw: "anna at a.de", OwnDomain: true, FirstSeen: time.Unix(5, 7).UTC(),
			},
			{Email: "b@a.de", SourceURL: "https://a.de/", FoundBy: "mailto", Kind: "personal", Confidence: 0.5, FirstSeen: time.Unix(4, 0).UTC()},
		},
		Pages: 3, Bytes: -4,
	}
	plain, err := hex.DecodeString("0607" + "0202" +
		"fe01" + "000d" + hex.EncodeToString([]byte("https://a.de/")) + "0005" + hex.EncodeToString([]byte("found")) +
		"9003" + "0e" + hex.EncodeToString([]byte("https://a.de/x")) + "04" + "02" + "06" + "8c01" +
		"01" + "000d" + hex.EncodeToString([]byte("https://b.de/")) + "02" + "0004" + hex.EncodeToString([]byte("late")) +
		"0f" + "09" + hex.EncodeToString([]byte("anna@a.de")) + "01" + "0006" + hex.EncodeToString([]byte("mailto")) +
		"0008" + hex.EncodeToString([]byte("personal")) + "003fe0000000000000" + "0a" + "07" + "0103" + "0105" +
		"0c" + hex.EncodeToString([]byte("anna at a.de")) +
		"00" + "06" + hex.EncodeToString([]byte("b@a.de")) + "01" + "05" + "06" + "07" + "01" + "00")
	if err != nil {
		t.Fatal(err)
	}
	got, err := job.DecodeResult(zstdFrame(t, 2, plain))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	stored, err := job.EncodeResult(&want)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	if written, err := dec.DecodeAll(stored[1:], nil); err != nil || stored[0] != 2 || !bytes.Equal(plain, written) {
		t.Errorf("version %d, %v\n%x, want\n%x", stored[0], err, written, plain)
	}
	for n := range plain { // no part of it is a whole
		if r, err := job.DecodeResult(zstdFrame(t, 2, plain[:n])); !errors.Is(err, job.ErrEncoding) {
			t.Errorf("the first %d bytes: %+v, %v", n, r, err)
		}
	}
}

func TestTextThatIsNoUTF8IsReplaced(t *testing.T) {
	t.Parallel()
	stored, err := job.EncodeResult(&job.Result{Visits: []job.Visit{{URL: "https://a.de/", Outcome: "none", Detail: "caf\xe9"}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := job.DecodeResult(stored)
	if err != nil || got.Visits[0].Detail != "caf\uFFFD" {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzDecodeResult(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{2, 4, 1, 1, 0, 0, 1, 'u', 0, 4, 'n', 'o', 'n', 'e', 0, 1, 'e', 1, 0, 1, 'f', 0, 1, 'k', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9})
	sample := benchResult(3)
	stored, err := job.EncodeResult(&sample)
	if err != nil {
		f.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := dec.DecodeAll(stored[1:], nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	// Above the frame, which zstd checks: its own fuzzing is not ours.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		r, err := job.DecodeResult(enc.EncodeAll(plain, []byte{2}))
		if err != nil {
			if !errors.Is(err, job.ErrEncoding) {
				t.Fatal(err)
			}
			return
		}
		again, err := job.EncodeResult(r)
		if err != nil {
			t.Fatal(err)
		}
		first, err := job.DecodeResult(again)
		if err != nil {
			t.Fatal(err)
		}
		if again, err = job.EncodeResult(first); err != nil {
			t.Fatal(err)
		}
		second, err := job.DecodeResult(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second, cmpopts.EquateNaNs()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func benchResult(n int) job.Result {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	res := job.Result{Pages: 2 * n, Bytes: int64(90_000 * n)}
	for i := range n {
		host := fmt.Sprintf("firma-%06d.de", i*7919%1_000_003)
		v := job.Visit{URL: "https://www." + host + "/ueber-uns/", Outcome: job.OutcomeNone, Status: 200, Pages: 2, Millis: 130 + i*37%900}
		switch {
		case i%3 == 0:
			v.Outcome, v.Addresses = job.OutcomeFound, 1
			res.Addresses = append(res.Addresses, job.Address{
				Email: "kontakt@" + host, SourceURL: "https://www." + host + "/impressum", FoundBy: "mailto", Kind: "role", Confidence: 0.95,
				Reasons: []string{"mailto link", "own domain"}, OwnDomain: true, FirstSeen: now.Add(time.Duration(i*7_919_131) * time.Microsecond),
			})
		case i%10 == 1:
			v.Outcome, v.Detail, v.Status = job.OutcomeTimeout, "no byte for 20 s", 0
		}
		res.Visits = append(res.Visits, v)
	}
	return res
}

// BenchmarkResult is version 2 beside the JSON of version 1.
func BenchmarkResult(b *testing.B) {
	res := benchResult(500)
	v2, err := job.EncodeResult(&res)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := json.Marshal(res)
	if err != nil {
		b.Fatal(err)
	}
	fast, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10))
	if err != nil {
		b.Fatal(err)
	}
	v1 := fast.EncodeAll(plain, []byte{1})
	decode := func(stored []byte) func(b *testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := job.DecodeResult(stored); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(stored)), "stored-bytes")
		}
	}
	b.Run("decode/v1", decode(v1))
	b.Run("decode/v2", decode(v2))
	b.Run("encode/v2", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := job.EncodeResult(&res); err != nil {
				b.Fatal(err)
			}
		}
	})
}
