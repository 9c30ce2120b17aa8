package extract

import "strings"

// yourOwn reports whether a word is made of "your" and one of things, with or
// without a sign between the two: "your-company", "ihrefirma", "votre.nom".
func yourOwn(word string, things map[string]struct{}) bool {
	for i := 2; i < len(word)-1 && i < 10; i++ {
		if !in(sampleYour(), word[:i]) {
			continue
		}
		// Two letters begin too many words: what follows must be long.
		rest := strings.TrimLeft(word[i:], ".-_")
		if (i > 2 || len(rest) < len(word)-i || len(rest) > 4) && in(things, rest) {
			return true
		}
	}
	return false
}
