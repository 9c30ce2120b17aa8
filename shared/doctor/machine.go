package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"time"

	"gleaner/shared/job"
)

// Limits of the machine.
const (
	// skewNoted is how far clocks may be apart before it is worth a word. Dates
	// of answers are whole seconds, and leases allow for a few.
	skewNoted = 5 * time.Second
	// skewWrong is beyond what AWS accepts of signed requests with room to spare.
	skewWrong = 2 * time.Minute

	lowDisk   = 2 << 30   // bytes
	emptyDisk = 200 << 20 // bytes
)

func (d *Doctor) version(context.Context) finding {
	return fine(fmt.Sprintf("Gleaner %s, %s on %s/%s", d.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}

// clock compares this machine's time with that of its peers, and with what the
// newest jobs say: nothing stored can have happened in the future.
func (d *Doctor) clock(ctx context.Context) finding {
	var seen []string
	var worst time.Duration
	note := func(name string, skew time.Duration) {
		seen = append(seen, fmt.Sprintf("%s %+.1f s", name, skew.Seconds()))
		if skew.Abs() > worst.Abs() {
			worst = skew
		}
	}
	unknown := ""
	for _, p := range d.Peers {
		if p.URL == "" {
			continue
		}
		skew, err := d.skew(ctx, p)
		if err != nil {
			unknown = fmt.Sprintf("%s: %v", p.Name, err)
			continue
		}
		note(p.Name, skew)
	}
	page, err := d.Jobs.JobsByStatus(ctx, job.Running, "", lookedAt)
	if err == nil {
		now := d.Now()
		for i := range page.Items {
			if ahead := page.Items[i].CreatedAt.Sub(now); ahead > skewNoted {
				note("job "+string(page.Items[i].ID), -ahead)
			}
		}
	}
	const advice = "Set this machine's clock by NTP (timedatectl set-ntp true). Leases, signatures and times of the dashboard go by it."
	switch {
	case worst.Abs() > skewWrong:
		return finding{Failing, "this clock is wrong against " + strings.Join(seen, ", "), advice}
	case worst.Abs() > skewNoted:
		return finding{Degraded, "this clock differs: " + strings.Join(seen, ", "), advice}
	case unknown != "":
		return finding{Degraded, "not compared with " + unknown, "The service could not be asked for its time: can this machine reach it?"}
	case len(seen) > 0:
		return fine("agrees with " + strings.Join(seen, ", "))
	}
	return fine("nothing that is stored lies in the future")
}

// skew is how far this clock is ahead of a peer's.
func (d *Doctor) skew(ctx context.Context, p Peer) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, nil)
	if err != nil {
		return 0, err
	}
	before := d.Now()
	res, err := d.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	after := d.Now()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("no Date in its answer: %w", err)
	}
	// The date was cut to whole seconds, at some moment between before and after.
	low, high := before.Sub(date.Add(time.Second)), after.Sub(date)
	switch {
	case low > 0:
		return low, nil
	case high < 0:
		return high, nil
	}
	return 0, nil
}

func (d *Doctor) descriptors(context.Context) finding {
	limit, open, err := descriptors()
	if err != nil {
		return finding{Degraded, "the limit could not be read: " + err.Error(), "See what the system's log says."}
	}
	if limit == 0 {
		return fine("this system has no such limit")
	}
	detail := fmt.Sprintf("%d open of %d; %d connections wanted at most", open, limit, d.Sockets)
	if int(limit) < d.Sockets+open {
		return finding{
			Degraded, detail,
			fmt.Sprintf("Raise the limit (ulimit -n %d, or LimitNOFILE= of the service), or run fewer workers.", 2*(d.Sockets+open)),
		}
	}
	return fine(detail)
}

func (d *Doctor) disk(context.Context) finding {
	free, err := freeBytes(d.Dir)
	if err != nil {
		return finding{Failing, fmt.Sprintf("the data directory %s cannot be looked at: %v", d.Dir, err), "Is it there, and is its file system mounted?"}
	}
	detail := fmt.Sprintf("%.1f GB free for %s", float64(free)/1e9, d.Dir)
	const advice = "Make room, or delete jobs that are no longer needed. Jobs go on by themselves once there is room."
	switch {
	case free < emptyDisk:
		return finding{Failing, detail, advice}
	case free < lowDisk:
		return finding{Degraded, detail, advice}
	}
	return fine(detail)
}

func (d *Doctor) configuration(context.Context) finding {
	if d.Contact == "" {
		return finding{
			Degraded, "the User-Agent names no page about who crawls",
			"Name one with --contact https://… (on AWS: the template's parameter ContactURL), so that webmasters know whom to ask instead of blocking.",
		}
	}
	return fine("the User-Agent names " + d.Contact)
}
