package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// scriptWord is a set of words that a script holds.
type scriptWord uint16

const (
	holdsAtob scriptWord = 1 << iota
	holdsCharCode
	holdsDecrypt
	holdsTextDecoder
	holdsBase64 // the head of "mailto:", and names of lists of addresses
	holdsCloudflare
)

// scriptWords are the words whose presence in a script decides how it is read;
// rare is the offset of the two bytes in each that are the rarest in scripts.
var scriptWords = [...]struct {
	word string
	rare int
	is   scriptWord
}{
	{"atob(", 2, holdsAtob},
	{"harCode", 2, holdsCharCode},
	{"CodePoint", 3, holdsCharCode},
	{"UnCrypt", 5, holdsDecrypt},
	{"DeCrypt", 5, holdsDecrypt},
	{"decrypt", 5, holdsDecrypt},
	{"TextDecoder", 3, holdsTextDecoder},
	{"bWFpbHRv", 1, holdsBase64},
	{"emo_", 2, holdsBase64},
	{"ase64", 2, holdsBase64},
	{"cfemail=", 0, holdsCloudflare},
	{"email-protection#", 4, holdsCloudflare},
}

// rareInScripts marks their rarest pairs of bytes.
var rareInScripts = func() (t [1 << 16]uint8) {
	for _, w := range scriptWords {
		t[uint(w.word[w.rare])|uint(w.word[w.rare+1])<<8] = 1
	}
	return t
}()

// wordsOf returns which of scriptWords b holds. One look for all of them is
// faster than one for each: their first bytes are common.
func wordsOf(b []byte) (held scriptWord) {
	i := 0
	for ; i+8 <= len(b); i += 7 {
		x := binary.LittleEndian.Uint64(b[i:])
		found := uint(rareInScripts[uint16(x)]) | uint(rareInScripts[uint16(x>>8)])<<1 | uint(rareInScripts[uint16(x>>16)])<<2 |
			uint(rareInScripts[uint16(x>>24)])<<3 | uint(rareInScripts[uint16(x>>32)])<<4 | uint(rareInScripts[uint16(x>>40)])<<5 |
			uint(rareInScripts[uint16(x>>48)])<<6
		for ; found != 0; found &= found - 1 {
			held |= wordAround(b, i+bits.TrailingZeros(found))
		}
	}
	for ; i+1 < len(b); i++ {
		held |= wordAround(b, i)
	}
	return held
}

// wordAround returns which word's rarest pair stands at b[i].
func wordAround(b []byte, i int) scriptWord {
	for k := range scriptWords {
		if w := &scriptWords[k]; i >= w.rare && b[i] == w.word[w.rare] && bytes.HasPrefix(b[i-w.rare:], []byte(w.word)) {
			return w.is
		}
	}
	return 0
}
