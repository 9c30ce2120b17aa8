package bench
import ("testing";"gleaner/shared/extract")
func BenchmarkLargePage(b *testing.B){ x:=extract.New(extract.Options{}); doc:=extract.Document{URL:"https://www.tischlerei-brenk.de/",ContentType:"text/html",Body:largePage()}; b.SetBytes(int64(len(doc.Body))); b.ReportAllocs(); for b.Loop(){x.Extract(doc)} }
