package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gleaner/shared/job"
)

// jobFlags are the options of a job as flags.
type jobFlags struct {
	follow, source string
	options        job.Options
	confidence     confidence
	column         string
	name           string
}

func (f *jobFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	o := &f.options
	flags.StringVar(&f.follow, "follow", string(job.FollowAuto), "`pages` visited beyond those given: auto, none, contact or site")
	flags.StringVar(&f.source, "source", string(job.SourceList), "where pages come from: list, or sitemap for those of the sites' sitemaps too")
	flags.IntVar(&o.PageBudget, "page-budget", job.DefaultPageBudget, "pages visited for each URL given, itself included")
	flags.IntVar(&o.MaxDepth, "max-depth", job.DefaultMaxDepth, "links away from the page given, with --follow site")
	flags.IntVar(&o.PerHost, "per-host", job.DefaultPerHost, "connections to one host")
	flags.DurationVar(&o.Gap, "gap", 0, "least `time` between two requests to a host, such as 500ms")
	flags.IntVar(&o.StopAfterJob, "stop-after", 0, "end the job when it has found so many `addresses`")
	flags.IntVar(&o.StopAfterSite, "stop-after-site", 0, "leave a site when it has given so many `addresses`")
	flags.BoolVar(&o.KeepObfuscated, "keep-obfuscated", false, "leave alone what sites hide from programs")
	flags.Var(&f.confidence, "min-confidence", "keep only addresses that are at least so sure, such as 0.8 or 80%")
	flags.BoolVar(&o.InsecureTLS, "insecure-tls", false, "read sites with broken certificates too")
	flags.StringVar(&o.Language, "language", "", "Accept-Language sent to sites, such as `de`")
	flags.StringVar(&f.column, "column", "", "`name` or number (from 1) of the column with the URLs in CSV and XLSX files")
	flags.StringVar(&f.name, "name", "", "name of the job")
	offer(cmd, "follow", "auto", "none", "contact", "site")
	offer(cmd, "source", "list", "sitemap")
}

// job is the options that the flags amount to, checked.
func (f *jobFlags) job() (job.Options, error) {
	o := f.options
	o.Follow, o.Source = job.Follow(f.follow), job.Source(f.source)
	o.MinConfidence = int(math.Round(float64(f.confidence) * 100))
	check := o
	if err := check.Normalise(); err != nil {
		return o, flagError(err)
	}
	return o, nil
}

// flagError names the flag for the option that is wrong.
func flagError(err error) error {
	field, ok := err.(*job.FieldError) //nolint:errorlint // Normalise wraps nothing
	if !ok {
		return err
	}
	name := strings.TrimSuffix(strings.TrimPrefix(field.Field, "options."), "_ms")
	return fmt.Errorf("--%s: %s", strings.ReplaceAll(name, "_", "-"), field.Reason)
}

// confidence is a flag that takes 0.8, 80% and 80 for the same.
type confidence float64

// String implements pflag.Value.
func (c *confidence) String() string { return strconv.FormatFloat(float64(*c), 'f', -1, 64) }

// Type implements pflag.Value.
func (*confidence) Type() string { return "share" }

// Set implements pflag.Value.
func (c *confidence) Set(text string) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return fmt.Errorf("%q is no number", text)
	}
	if percent || n > 1 {
		n /= 100
	}
	if !(n >= 0 && n <= 1) {
		return fmt.Errorf("%q is not between 0 and 1, or 0%% and 100%%", text)
	}
	*c = confidence(n)
	return nil
}
