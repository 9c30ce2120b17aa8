package job

import (
	"fmt"
	"strings"
	"time"
)

// Follow says which pages beyond those listed are visited.
type Follow string

// The ways to follow links.
const (
	FollowAuto    Follow = "auto"    // contact pages for a bare home page, none for any other URL
	FollowNone    Follow = "none"    // only the pages listed
	FollowContact Follow = "contact" // the likeliest contact, imprint, about and team pages of the site
	FollowSite    Follow = "site"    // the whole site, within depth and budget
)

// Source says where a site's pages come from.
type Source string

// The sources of pages.
const (
	SourceList    Source = "list"    // the URLs given
	SourceSitemap Source = "sitemap" // also the sitemaps named in robots.txt of each URL's host
)

// Options are a job's settings. The zero value of a field means its default;
// Normalise fills it in.
type Options struct {
	Follow     Follow `json:"follow"`
	Source     Source `json:"source"`
	MaxDepth   int    `json:"max_depth"`   // links away from the listed page, for follow=site
	PageBudget int    `json:"page_budget"` // pages per listed URL, itself included

	PerHost int           `json:"per_host"` // connections per host
	Gap     time.Duration `json:"gap_ms"`   // least time between two requests to a host (JSON: milliseconds)

	StopAfterSite int `json:"stop_after_site,omitempty"` // addresses per site after which the rest of it is skipped; 0: never
	StopAfterJob  int `json:"stop_after,omitempty"`      // addresses of the whole job after which it ends; 0: never

	KeepObfuscated bool `json:"keep_obfuscated,omitempty"` // do not decode deliberately obfuscated addresses
	InsecureTLS    bool `json:"insecure_tls,omitempty"`    // read sites with broken certificates too, and say so in their outcome
	IgnoreRobots   bool `json:"-"`                         // never settable from outside: only the tests of a site's own owner

	RetentionDays int    `json:"retention_days"`     // days until the job and all it found are dropped
	Webhook       string `json:"webhook,omitempty"`  // URL called on completion
	MinConfidence int    `json:"min_confidence"`     // percent; addresses below it are not kept
	Language      string `json:"language,omitempty"` // Accept-Language sent to sites
}

// Limits of the options.
const (
	MaxWorkers     = 300 // workers of one job at once
	MaxConnections = 100 // connections of one worker

	DefaultPerHost = 2
	MaxPerHost     = 8
	MaxGap         = time.Minute

	DefaultPageBudget = 6
	MaxPageBudget     = 200
	DefaultMaxDepth   = 2
	MaxMaxDepth       = 5

	DefaultRetentionDays = 30
	MaxRetentionDays     = 365
)

// FieldError is bad input: it names the field (a JSON pointer without the
// leading slash, dots for levels) and says in plain words what is wrong.
type FieldError struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Normalise fills in defaults and checks every field; the first fault is
// returned as a *FieldError.
func (o *Options) Normalise() error {
	if o.Follow == "" {
		o.Follow = FollowAuto
	}
	switch o.Follow {
	case FollowAuto, FollowNone, FollowContact, FollowSite:
	default:
		return &FieldError{"options.follow", fmt.Sprintf("%q is none of auto, none, contact, site", o.Follow)}
	}
	if o.Source == "" {
		o.Source = SourceList
	}
	if o.Source != SourceList && o.Source != SourceSitemap {
		return &FieldError{"options.source", fmt.Sprintf("%q is none of list, sitemap", o.Source)}
	}
	for _, n := range []struct {
		field         string
		value         *int
		def, low, top int
	}{
		{"max_depth", &o.MaxDepth, DefaultMaxDepth, 1, MaxMaxDepth},
		{"page_budget", &o.PageBudget, DefaultPageBudget, 1, MaxPageBudget},
		{"per_host", &o.PerHost, DefaultPerHost, 1, MaxPerHost},
		{"retention_days", &o.RetentionDays, DefaultRetentionDays, 1, MaxRetentionDays},
		{"stop_after_site", &o.StopAfterSite, 0, 0, 1_000_000},
		{"stop_after", &o.StopAfterJob, 0, 0, 1_000_000_000},
		{"min_confidence", &o.MinConfidence, 0, 0, 100},
	} {
		if *n.value == 0 {
			*n.value = n.def
		}
		if *n.value < n.low || *n.value > n.top {
			return &FieldError{"options." + n.field, fmt.Sprintf("%d is not between %d and %d", *n.value, n.low, n.top)}
		}
	}
	if o.Gap < 0 || o.Gap > MaxGap {
		return &FieldError{"options.gap_ms", fmt.Sprintf("%d is not between 0 and %d", o.Gap.Milliseconds(), MaxGap.Milliseconds())}
	}
	if o.Webhook != "" && !strings.HasPrefix(o.Webhook, "https://") && !strings.HasPrefix(o.Webhook, "http://") {
		return &FieldError{"options.webhook", "must be an http or https URL"}
	}
	if len(o.Webhook) > 2048 {
		return &FieldError{"options.webhook", "is longer than 2048 bytes"}
	}
	if len(o.Language) > 64 || strings.ContainsAny(o.Language, "\r\n") {
		return &FieldError{"options.language", "is not an Accept-Language value"}
	}
	return nil
}

// Retention is how long the job and all it found are kept.
func (o Options) Retention() time.Duration {
	return time.Duration(o.RetentionDays) * 24 * time.Hour
}
