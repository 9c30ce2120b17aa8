package follow

import (
	"strings"
	"testing"
)

// Every phrase of the vocabulary, as the whole text of a link, must count for
// what it is listed under or, where it serves two subjects, for the weightier.
func TestEveryPhraseIsFound(t *testing.T) {
	seen := 0
	for _, p := range vocabulary {
		for phrase := range strings.SplitSeq(p.list, ",") {
			phrase = strings.TrimSuffix(strings.TrimSpace(phrase), "*")
			if phrase == "" {
				t.Errorf("%s: an empty phrase in %q", p.language, p.list)
				continue
			}
			seen++
			score := textScore(phrase)
			switch {
			case p.subject == elsewhere && score >= 0:
				t.Errorf("%s: %q scores %d, but leads elsewhere", p.language, phrase, score)
			case p.subject != elsewhere && score < weights[p.subject]-wordiness*4:
				t.Errorf("%s: %q scores %d, want about %d", p.language, phrase, score, weights[p.subject])
			}
			if upper := strings.ToUpper(phrase); p.language != "tr" && p.language != "az" && textScore(upper) != score {
				t.Errorf("%s: %q scores %d, %q %d", p.language, phrase, score, upper, textScore(upper))
			}
		}
	}
	if seen < 3000 {
		t.Errorf("only %d phrases", seen)
	}
}

func TestEveryLanguageHasTheEssentials(t *testing.T) {
	has := make(map[string]map[subject]bool)
	for _, p := range vocabulary {
		if has[p.language] == nil {
			has[p.language] = make(map[subject]bool)
		}
		if has[p.language][p.subject] {
			t.Errorf("%s has subject %d twice", p.language, p.subject)
		}
		has[p.language][p.subject] = true
	}
	for _, language := range strings.Fields("en de fr es it pt nl pl cs sk hu ro sv no da fi el tr ru uk bg hr sr sl et lv lt ja zh ko ar he hi id vi th") {
		for _, what := range []subject{contact, people, about, privacy} {
			if !has[language][what] {
				t.Errorf("%s lacks words for subject %d", language, what)
			}
		}
	}
}

func TestFolding(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		camel    bool
	}{
		{"", " ", false},
		{"Über-uns/TEAM.html", " uber uns team html ", false},
		{"ContactUs", " contact us ", true},
		{"ContactUs", " contactus ", false},
		{"FAQ", " faq ", true},
		{"  a  \t b ", " a b ", false},
		{"L’équipe d'Anna", " lequipe danna ", false},
		{"Straße Łódź Æble İletişim", " strasse lodz aeble iletisim ", false},
		{"Kontaktní ÚDAJE", " kontaktni udaje ", false},
		{"ÉQUIPE e\u0301quipe", " equipe equipe ", false},
		{"Επικοινωνία ΤΎΠΟΣ", " επικοινωνια τυποσ ", false},
		{"Ёлка й", " елка и ", false},
		{"أَعْلِن", " اعلن ", false},
		{"お問い合わせ・採用", " お問い合わせ 採用 ", false},
	} {
		if got := string(appendFolded(nil, tt.in, tt.camel)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func BenchmarkRate(b *testing.B) {
	words()
	b.ReportAllocs()
	for b.Loop() {
		textScore("Was Sie über unser neues Roggenbrot wissen sollten")
		textScore("Kontakt")
	}
}

// BenchmarkLexicon is what building the table costs once per process.
func BenchmarkLexicon(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if len(newLexicon().nodes) == 0 {
			b.Fatal("empty")
		}
	}
}
