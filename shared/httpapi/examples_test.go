package httpapi_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gleaner/shared/doctor"
	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/push"
)

// TestExamples runs every operation with its examples: each body, and all
// parameters at once, against a site where there is something to see.
func TestExamples(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) {
		c.Tickets = httpapi.PushTickets{Tickets: push.NewTickets(c.Records)}
		c.Doctor = doctorFunc(func() doctor.Report {
			return doctor.Report{Status: "ok", Checks: []doctor.Check{{Name: "store", Status: "ok", Detail: "answers", Millis: 1}}}
		})
	})
	o := loadOpenAPI(t, s)
	for _, r := range httpapi.Routes() {
		method := strings.ToLower(r.Method)
		item := o.at("paths", r.Pattern).(map[string]any)
		op := item[method].(map[string]any)
		bodies := map[string][]any{"": {nil}}
		if content, ok := o.at("paths", r.Pattern, method, "requestBody", "content").(map[string]any); ok {
			bodies = map[string][]any{}
			for mediaType, media := range content {
				examples := media.(map[string]any)["examples"].(map[string]any)
				for _, example := range examples {
					value := example.(map[string]any)["value"]
					if mediaType == "application/json" {
						o.check(pointerTo("paths", r.Pattern, method, "requestBody", "content", mediaType, "schema"), mustJSON(t, value))
					}
					bodies[mediaType] = append(bodies[mediaType], value)
				}
			}
		}
		for mediaType, values := range bodies {
			for i, value := range values {
				t.Run(fmt.Sprintf("%s %s %d", op["operationId"], mediaType, i), func(t *testing.T) {
					s.in(t)
					o.t = t
					o.runExample(s, r, item, op, mediaType, value)
				})
			}
		}
	}
}

type doctorFunc func() doctor.Report

func (f doctorFunc) Examine(context.Context) doctor.Report { return f() }

func (o *openAPI) runExample(s *site, r httpapi.Route, item, op map[string]any, mediaType string, value any) {
	id, keyID := s.prepare(op["operationId"].(string))
	target := r.Pattern
	query := url.Values{}
	var headers []string
	params, _ := item["parameters"].([]any)
	own, _ := op["parameters"].([]any)
	for i, p := range append(slices.Clone(params), own...) {
		param := o.deref(p).(map[string]any)
		name, example := param["name"].(string), param["example"]
		if example == nil {
			o.t.Errorf("parameter %d %s has no example", i, name)
		}
		switch param["in"] {
		case "path":
			value := fmt.Sprint(example)
			if name == "id" {
				if value = string(id); keyID != "" {
					value = keyID
				}
			}
			target = strings.ReplaceAll(target, "{"+name+"}", value)
		case "header":
			if name == "Idempotency-Key" { // each example is a request of its own
				example = fmt.Sprintf("%v-%x", example, sha256.Sum256(mustJSON(o.t, value)))
			}
			headers = append(headers, name, fmt.Sprint(example))
		case "query":
			// Those of a plain list have no place beside JSON.
			if op["operationId"] == "createJob" && mediaType == "application/json" || name == "column" && mediaType != "text/csv" {
				continue
			}
			switch example := example.(type) {
			case []any:
				var words []string
				for _, word := range example {
					words = append(words, fmt.Sprint(word))
				}
				query.Set(name, strings.Join(words, ","))
			case map[string]any:
				for k, v := range example {
					query.Set(k, fmt.Sprint(v))
				}
			default:
				query.Set(name, fmt.Sprint(example))
			}
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	body := ""
	if mediaType != "" {
		headers = append(headers, "Content-Type", mediaType)
		if text, ok := value.(string); ok {
			body = text
		} else {
			body = string(mustJSON(o.t, value))
		}
	}
	w := s.do(r.Method, target, body, headers...)
	o.checkAnswer(r, w)
	if w.Code >= 400 {
		o.t.Errorf("%s %s: %d: %s", r.Method, target, w.Code, w.Body)
	}
}

// checkAnswer wants the status documented and the body as its schema says.
func (o *openAPI) checkAnswer(r httpapi.Route, w *httptest.ResponseRecorder) {
	o.t.Helper()
	method, status := strings.ToLower(r.Method), strconv.Itoa(w.Code)
	if o.at("paths", r.Pattern, method, "responses", status) == nil {
		if status = "default"; o.at("paths", r.Pattern, method, "responses", status) == nil {
			o.t.Fatalf("%s %s: status %d is not documented", r.Method, r.Pattern, w.Code)
		}
	}
	content, _ := o.at("paths", r.Pattern, method, "responses", status, "content").(map[string]any)
	got, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	if len(content) == 0 {
		if w.Body.Len() > 0 {
			o.t.Errorf("%s %s: %d has a body", r.Method, r.Pattern, w.Code)
		}
		return
	}
	if content[got] == nil {
		o.t.Fatalf("%s %s: %d is %q, which is not documented", r.Method, r.Pattern, w.Code, got)
	}
	if strings.HasSuffix(got, "json") && got != "application/x-ndjson" {
		pointer := pointerTo("paths", r.Pattern, method, "responses", status, "content", got, "schema")
		if status == "default" {
			pointer = pointerTo("components", "schemas", "Problem")
		}
		o.check(pointer, w.Body.Bytes())
	}
}

// prepare makes what an operation needs: a job in the right state, or a key.
func (s *site) prepare(operation string) (id job.ID, keyID string) {
	s.t.Helper()
	open := func() job.ID {
		var a jobAnswer
		s.want(http.StatusCreated, &a, "POST", "/jobs", `{"open":true}`)
		return a.Job.ID
	}
	mixed := func(url string) job.Outcome {
		return []job.Outcome{job.OutcomeFound, job.OutcomeTimeout, job.OutcomeRobots}[len(url)%3]
	}
	switch operation {
	case "appendChunk":
		return open(), ""
	case "startJob":
		id = open()
		s.want(http.StatusOK, nil, "PUT", "/jobs/"+string(id)+"/chunks/0", "muehle-harlesiel.de", "Content-Type", "text/plain")
		return id, ""
	case "revokeKey":
		var made struct{ Key struct{ ID string } }
		s.want(http.StatusCreated, &made, "POST", "/keys", `{"name":"laptop"}`)
		return "", made.Key.ID
	case "sendAgain", "listDeliveries":
		return s.announced(`{"text":"muehle-harlesiel.de","options":{"webhook":"https://crm.baeckerei-lindhorst.de/done"}}`), ""
	case "cancelJob", "pauseJob", "deleteJob":
		return s.submitList("muehle-harlesiel.de"), ""
	}
	id = s.submitList("baeckerei-lindhorst.de", "https://baeckerei-lindhorst.de/a", "https://baeckerei-lindhorst.de/ab")
	switch operation {
	case "resumeJob":
		s.want(http.StatusOK, nil, "POST", "/jobs/"+string(id)+"/pause", "")
	case "restoreJob":
		s.want(http.StatusAccepted, nil, "DELETE", "/jobs/"+string(id), "")
	default:
		s.crawl(id, mixed)
	}
	return id, ""
}
