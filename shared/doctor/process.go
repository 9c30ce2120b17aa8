package doctor

import (
	"context"
	"fmt"
	"time"
)

// WorkerProcess is the process in which a server on one machine has its batches
// crawled.
type WorkerProcess struct {
	Since  time.Time // since when it runs; zero: it does not
	Deaths int       // of those before it, since the server started
	Died   time.Time // when the last of them did
	Cause  error     // why
}

// deathAfter is how long a death is worth a word.
const deathAfter = 10 * time.Minute

// process looks whether batches are crawled at all, and by what.
func (d *Doctor) process(context.Context) finding {
	p, now := d.WorkerProcess(), d.Now()
	ago := func(t time.Time) string { return now.Sub(t).Round(time.Second).String() }
	switch {
	case p.Since.IsZero() && p.Deaths == 0:
		return finding{Failing, "the worker process was not started yet", "It starts with the server. If it does not within seconds, see the log."}
	case p.Since.IsZero():
		return finding{
			Failing, fmt.Sprintf("no worker process runs; the last died %s ago: %v", ago(p.Died), p.Cause),
			"The server starts it again every few seconds, and nothing is lost meanwhile, but nothing is crawled. The log says why it ends; is the program still where it was when the server started?",
		}
	case p.Deaths > 0 && now.Sub(p.Died) < deathAfter:
		return finding{
			Degraded, fmt.Sprintf("the worker process died %s, last %s ago: %v", times(p.Deaths), ago(p.Died), p.Cause),
			"What it had under way was begun anew. If the system killed it for want of memory, give the machine more, or crawl fewer batches at once (--workers).",
		}
	}
	detail := "the worker process has run for " + ago(p.Since)
	if p.Deaths > 0 {
		detail += "; before that it died " + times(p.Deaths)
	}
	return fine(detail)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
