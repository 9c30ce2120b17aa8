package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/quota"
	"gleaner/shared/submit"
)

// jobRequest is the JSON body of POST /jobs; a chunk has only urls or text.
type jobRequest struct {
	Name    string       `json:"name"`
	URLs    []string     `json:"urls"`
	Text    string       `json:"text"`
	Options *jobSettings `json:"options"`
	Open    bool         `json:"open"`
	Expect  int          `json:"expect"`

	list submit.List
}

// created answers POST /jobs and PUT …/chunks/{n}.
type created struct {
	Job           *jobView          `json:"job,omitempty"`
	Chunk         *int              `json:"chunk,omitempty"`
	Accepted      int               `json:"accepted"`
	Duplicates    int               `json:"duplicates"`
	RejectedCount int               `json:"rejected_count"`
	Rejected      []submit.Rejected `json:"rejected"`
	StartedMillis *int64            `json:"started_in_ms,omitempty"`
}

func createdOf(s submit.Answer) created {
	c := created{
		Accepted: s.Accepted, Duplicates: s.Duplicates,
		RejectedCount: s.RejectedCount, Rejected: s.Rejected,
	}
	if c.Rejected == nil {
		c.Rejected = []submit.Rejected{}
	}
	return c
}

func (a *api) create(w http.ResponseWriter, r *http.Request, c *call) error {
	b, err := a.readBody(r)
	if err != nil {
		return err
	}
	in, err := decodeJob(b, r.URL.Query())
	if err != nil {
		return err
	}
	request := submit.Request{Owner: c.owner, Name: in.Name, List: in.list, Open: in.Open, Expect: in.Expect}
	if in.Options != nil {
		request.Options = in.Options.options()
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		request.Idempotency = &job.Idempotency{Key: key, Fingerprint: b.fingerprint}
	}
	charge := quota.Charge{URLs: len(in.list.Targets), Starts: !in.Open}
	if request.Idempotency != nil {
		charge.Request = "job " + b.fingerprint + " " + request.Idempotency.Key
	}
	var s submit.Answer
	err = a.charged(r, c, charge, func() (err error) {
		s, err = a.Submit.Create(r.Context(), request)
		return err
	})
	if err != nil {
		return err
	}
	out := createdOf(s)
	out.Job = viewOf(s.Job)
	millis := time.Since(c.began).Milliseconds()
	out.StartedMillis = &millis
	w.Header().Set("Location", "/jobs/"+string(s.Job.ID))
	status := http.StatusAccepted
	if in.Open {
		status = http.StatusCreated
	}
	return answer(w, status, out)
}

func (a *api) appendChunk(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return parameterError("n", "is not a number")
	}
	b, err := a.readBody(r)
	if err != nil {
		return err
	}
	in, err := decodeJob(b, r.URL.Query())
	if err != nil {
		return err
	}
	if in.Name != "" || in.Options != nil || in.Open || in.Expect != 0 {
		return &job.FieldError{Field: "urls", Reason: "is all that a chunk holds; name and options belong to the job"}
	}
	var s submit.Answer
	err = a.charged(r, c, quota.Charge{URLs: len(in.list.Targets), Request: "chunk " + b.fingerprint}, func() (err error) {
		s, err = a.Submit.Append(r.Context(), c.owner, id, n, in.list)
		return err
	})
	if err != nil {
		return err
	}
	out := createdOf(s)
	out.Chunk = &n
	return answer(w, http.StatusOK, out)
}

func (a *api) start(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var in struct {
		Chunks int `json:"chunks"`
	}
	if err := a.readJSON(r, &in); err != nil {
		return err
	}
	if err := a.mayStart(r, c, func(j *job.Job) bool { return j.Status == job.Creating && j.Open }); err != nil {
		return err
	}
	j, err := a.Submit.Start(r.Context(), c.owner, id, in.Chunks)
	if err != nil {
		return err
	}
	return answer(w, http.StatusAccepted, map[string]any{"job": viewOf(j)})
}

// decodeJob reads a list in one of its forms, with what belongs to it.
func decodeJob(b body, query url.Values) (jobRequest, error) {
	mediaType := b.mediaType
	if mediaType == "" {
		mediaType = "text/plain"
		if strings.HasPrefix(strings.TrimLeft(b.text, " \t\r\n"), "{") {
			mediaType = "application/json"
		}
	}
	switch mediaType {
	case "application/json":
		return decodeJSONJob(b.text)
	case "text/plain", "text/csv":
		in, column, err := queryJob(query)
		if err != nil {
			return in, err
		}
		if mediaType == "text/csv" {
			in.list, err = submit.ParseCSV(b.text, column)
		} else {
			in.list = submit.ParseText(b.text)
		}
		return in, err
	case "application/x-www-form-urlencoded":
		return jobRequest{}, kindMediaType.problem(
			"A form is no list. With curl: -H 'Content-Type: text/plain' --data-binary @urls.txt")
	}
	return jobRequest{}, kindMediaType.problem("Send application/json, text/plain or text/csv.")
}

// maxCommas is more than a list that is taken can have, and keeps one of
// millions of empty strings from filling the memory.
const maxCommas = 10 * submit.MaxListURLs

func decodeJSONJob(text string) (jobRequest, error) {
	if strings.Count(text, ",") > maxCommas {
		return jobRequest{}, &job.FieldError{
			Field:  "urls",
			Reason: fmt.Sprintf("has more than the %d addresses of one request", submit.MaxListURLs),
		}
	}
	urls, rest, fast := cutURLs(text)
	if !fast {
		rest = text
	}
	var in jobRequest
	if err := decodeJSON(rest, &in); err != nil {
		return in, err
	}
	if fast {
		in.URLs = urls
	}
	switch {
	case len(in.URLs) > 0 && in.Text != "":
		return in, &job.FieldError{Field: "text", Reason: "and urls exclude each other"}
	case in.Text != "":
		in.list = submit.ParseText(in.Text)
	case len(in.URLs) > 0:
		in.list = submit.FromStrings(in.URLs)
	}
	return in, nil
}

// jobSettings is job.Options as JSON, where the gap is a number of milliseconds.
type jobSettings struct {
	*plainOptions
	Gap float64 `json:"gap_ms"`
}

// plainOptions is job.Options without methods, so that its fields are read one by one.
type plainOptions job.Options

// UnmarshalJSON implements json.Unmarshaler.
func (s *jobSettings) UnmarshalJSON(text []byte) error {
	type fields jobSettings // without this method
	f := fields{plainOptions: new(plainOptions)}
	if err := decodeJSON(string(text), &f); err != nil {
		return prefixed(err, "options")
	}
	*s = jobSettings(f)
	return nil
}

func prefixed(err error, parent string) error {
	if field, ok := err.(*job.FieldError); ok { //nolint:errorlint // made right here, never wrapped
		return &job.FieldError{Field: strings.TrimSuffix(parent+"."+field.Field, "."), Reason: field.Reason}
	}
	return err
}

func (s *jobSettings) options() job.Options {
	o := job.Options(*s.plainOptions)
	o.Gap = time.Duration(s.Gap * float64(time.Millisecond))
	return o
}

func settingsOf(o job.Options) *jobSettings {
	p := plainOptions(o)
	return &jobSettings{plainOptions: &p, Gap: float64(o.Gap) / float64(time.Millisecond)}
}

// queryJob reads name, options and the like from a query, each under its JSON name.
func queryJob(query url.Values) (in jobRequest, column string, err error) {
	options := map[string]json.RawMessage{}
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "name":
			in.Name = value
		case "column":
			column = value
		case "open":
			if in.Open, err = strconv.ParseBool(value); err != nil {
				return in, "", parameterError(name, "is neither true nor false")
			}
		case "expect":
			if in.Expect, err = strconv.Atoi(value); err != nil {
				return in, "", parameterError(name, "is not a number")
			}
		case "follow", "source", "webhook", "language":
			if options[name], err = json.Marshal(value); err != nil {
				return in, "", parameterError(name, "is not valid")
			}
		default: // numbers and truth values stand for themselves
			if !knownOption(name) {
				return in, "", parameterError(name, "is not known")
			}
			if !json.Valid([]byte(value)) {
				return in, "", parameterError(name, "is not valid")
			}
			options[name] = json.RawMessage(value)
		}
	}
	if len(options) == 0 {
		return in, column, nil
	}
	text, err := json.Marshal(options)
	if err != nil {
		return in, "", parameterError("options", "are not valid")
	}
	in.Options = new(jobSettings)
	if err := in.Options.UnmarshalJSON(text); err != nil {
		if field, ok := err.(*job.FieldError); ok { //nolint:errorlint // made by UnmarshalJSON, never wrapped
			return in, "", parameterError(strings.TrimPrefix(field.Field, "options."), field.Reason)
		}
		return in, "", err
	}
	return in, column, nil
}

// knownOption reports whether a job has an option of this name.
func knownOption(name string) bool {
	err := new(jobSettings).UnmarshalJSON([]byte(`{` + strconv.Quote(name) + `:null}`))
	return err == nil
}

// jobView is a job as the API shows it.
type jobView struct {
	plainJob
	Options *jobSettings `json:"options"`
}

// plainJob is job.Job without methods.
type plainJob job.Job

func viewOf(j job.Job) *jobView {
	if j.History == nil {
		j.History = []job.Change{}
	}
	return &jobView{plainJob: plainJob(j), Options: settingsOf(j.Options)}
}

// jobID reads the path's job id.
func jobID(r *http.Request) (job.ID, error) { return job.ParseID(r.PathValue("id")) }

// own returns the job of the path if it is the caller's.
func (a *api) own(ctx context.Context, r *http.Request, c *call) (job.Job, error) {
	id, err := jobID(r)
	if err != nil {
		return job.Job{}, err
	}
	j, err := a.Store.Job(ctx, id)
	if err != nil {
		return job.Job{}, err
	}
	if j.Owner != c.owner || !j.DeletedAt.IsZero() {
		return job.Job{}, job.ErrNotFound
	}
	return j, nil
}
