package job_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"gleaner/shared/job"
)

func TestTargetsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		targets := rapid.SliceOf(rapid.Custom(func(t *rapid.T) job.Target {
			return job.Target{
				// Any bytes: a URL is stored as it is, whatever is in it.
				URL:     string(rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "url")),
				Guessed: rapid.Bool().Draw(t, "guessed"),
			}
		})).Draw(t, "targets")
		stored, err := job.EncodeTargets(targets)
		if err != nil {
			t.Fatal(err)
		}
		got, err := job.DecodeTargets(stored)
		if err != nil {
			t.Fatal(err)
		}
		if len(targets) == 0 {
			targets = nil
		}
		if diff := cmp.Diff(targets, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestResultComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := job.Result{Pages: rapid.Int().Draw(t, "pages"), Bytes: rapid.Int64().Draw(t, "bytes")}
		for range rapid.IntRange(0, 20).Draw(t, "visits") {
			r.Visits = append(r.Visits, job.Visit{
				URL: rapid.String().Draw(t, "url"), Outcome: rapid.SampledFrom(job.Outcomes()).Draw(t, "outcome"),
				Detail: rapid.String().Draw(t, "detail"), Status: rapid.IntRange(0, 999).Draw(t, "status"),
				BadCert: rapid.Bool().Draw(t, "bad"), Millis: rapid.Int().Draw(t, "ms"),
				FinalURL: rapid.String().Draw(t, "final"), Pages: rapid.Int().Draw(t, "visited"),
				Addresses: rapid.Int().Draw(t, "addresses"), Attempts: rapid.Int().Draw(t, "attempts"),
			})
			words := rapid.SampledFrom([]string{"mailto link", "own domain", "", "https://a.de/<&>", "ü"})
			r.Addresses = append(r.Addresses, job.Address{
				Email: rapid.String().Draw(t, "email"), SourceURL: "https://a.de/<&>", Confidence: rapid.Float64().Draw(t, "confidence"),
				FirstSeen: time.Unix(rapid.Int64Range(-1e10, 4e9).Draw(t, "seen"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC(),
				FoundBy:   words.Draw(t, "found by"), Kind: words.Draw(t, "kind"), OwnDomain: rapid.Bool().Draw(t, "own"),
				Raw:     rapid.String().Draw(t, "raw"),
				Sources: listOf(rapid.SliceOfN(words, 0, job.MaxSources).Draw(t, "sources")),
				Reasons: listOf(rapid.SliceOfN(words, 0, 4).Draw(t, "reasons")),
			})
		}
		r.Remainder = []job.Target{{URL: "https://a.de/left"}}
		stored, err := job.EncodeResult(&r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := job.DecodeResult(stored)
		if err != nil {
			t.Fatal(err)
		}
		r.Remainder = nil // lives in the continuation
		if diff := cmp.Diff(&r, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A stored item must stay readable for as long as jobs are kept, so the bytes of
// each version are pinned here.
func TestStoredVersionsStayReadable(t *testing.T) {
	t.Parallel()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	url := "https://lindhorst.de/ü"
	plain := append([]byte{2, byte(len(url) << 1)}, url...)
	plain = append(plain, 3, 'x')
	targets, err := job.DecodeTargets(enc.EncodeAll(plain, []byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]job.Target{{URL: url}, {URL: "x", Guessed: true}}, targets); diff != "" {
		t.Error(diff)
	}
	// And of version 2: the second URL begins with 17 bytes of the first.
	plain = append([]byte{2, byte(len(url) << 1), 0}, url...)
	plain = append(plain, 4<<1|1, 17, 'w', 'a', 's', 't')
	if targets, err = job.DecodeTargets(enc.EncodeAll(plain, []byte{2})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]job.Target{{URL: url}, {URL: "https://lindhorstwast", Guessed: true}}, targets); diff != "" {
		t.Error(diff)
	}
	r, err := job.DecodeResult(enc.EncodeAll([]byte(`{"v":[{"url":"x","outcome":"none"}],"p":3,"n":4}`), []byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&job.Result{Visits: []job.Visit{{URL: "x", Outcome: job.OutcomeNone}}, Pages: 3, Bytes: 4}, r); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	t.Parallel()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	pack := func(plain []byte) []byte { return enc.EncodeAll(plain, []byte{1}) }
	pack2 := func(plain ...byte) []byte { return enc.EncodeAll(plain, []byte{2}) }
	whole, err := job.EncodeTargets([]job.Target{{URL: "https://lindhorst.de/"}})
	if err != nil {
		t.Fatal(err)
	}
	// Each repeats the one before it: a few bytes that would be gigabytes.
	swollen := binary.AppendUvarint([]byte{0x81, 0x80, 0x08}, 2<<20) // 2^17+1 targets, the first with a megabyte
	swollen = append(append(swollen, 0), make([]byte, 1<<20)...)
	for range 1 << 17 {
		swollen = append(swollen, 0, 0x80, 0x80, 0x40) // nothing of its own, a megabyte of the one before
	}
	for name, stored := range map[string][]byte{
		"empty":              {},
		"unknown version":    append([]byte{9}, whole[1:]...),
		"no frame":           {1, 'n', 'o'},
		"cut off":            whole[:len(whole)-2],
		"count without URLs": pack([]byte{5}),
		"huge count":         pack(binary.AppendUvarint(nil, 1<<60)),
		"long URL":           pack(append([]byte{1}, binary.AppendUvarint(nil, 1<<62)...)),
		"overlong number":    pack(append([]byte{1}, bytes.Repeat([]byte{0xff}, 12)...)),
		"trailing bytes":     pack([]byte{1, 2, 'x', 'y'}),
		"nothing":            pack(nil),
		"bomb":               pack(make([]byte, job.MaxDecoded+1)),

		"2: count without URLs":           pack2(5),
		"2: no length in common":          pack2(1, 2),
		"2: long URL":                     pack2(1, 4, 0, 'x'),
		"2: more in common than there is": pack2(2, 2, 0, 'x', 2, 2, 'y'),
		"2: trailing bytes":               pack2(1, 2, 0, 'x', 'y'),
		"2: swollen":                      pack2(swollen...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if targets, err := job.DecodeTargets(stored); !errors.Is(err, job.ErrEncoding) {
				t.Errorf("targets: %v, %v", targets, err)
			}
			if r, err := job.DecodeResult(stored); !errors.Is(err, job.ErrEncoding) {
				t.Errorf("result: %v, %v", r, err)
			}
		})
	}
}

func TestEncodeRefusesTheOversized(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", job.MaxDecoded/4)
	if _, err := job.EncodeTargets([]job.Target{{URL: long}, {URL: long}, {URL: long}, {URL: long}}); !errors.Is(err, job.ErrEncoding) {
		t.Errorf("got %v", err)
	}
}

func FuzzDecodeTargets(f *testing.F) {
	whole, err := job.EncodeTargets([]job.Target{{URL: "https://lindhorst.de/"}, {URL: "http://a.de/", Guessed: true}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte{1})
	f.Add(append([]byte{1}, whole[1:]...))
	f.Fuzz(func(t *testing.T, stored []byte) {
		targets, err := job.DecodeTargets(stored)
		if err != nil {
			if !errors.Is(err, job.ErrEncoding) {
				t.Fatal(err)
			}
			return
		}
		again, err := job.EncodeTargets(targets)
		if err != nil {
			t.Fatal(err)
		}
		back, err := job.DecodeTargets(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(targets, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkEncodeTargets(b *testing.B) {
	var targets []job.Target
	var size int64
	for i := range 500 {
		targets = append(targets, job.Target{URL: fmt.Sprintf("https://www.firma-%d.de/seite/%d.html", i/20, i*7919)})
		size += int64(len(targets[i].URL))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := job.EncodeTargets(targets); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeTargets(b *testing.B) {
	var targets []job.Target
	for i := range 500 {
		targets = append(targets, job.Target{URL: fmt.Sprintf("https://www.firma-%d.de/seite/%d.html", i/20, i*7919)})
	}
	stored, err := job.EncodeTargets(targets)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(stored)), "stored-bytes")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := job.DecodeTargets(stored); err != nil {
			b.Fatal(err)
		}
	}
}
