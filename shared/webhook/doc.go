// Package webhook tells a job's owner that the job is completed, by a POST to
// the URL in its options.
//
// # What is sent
//
// The body is JSON, Content-Type application/json, the same at every try:
//
//	{"id": "<job>-<time of completion in ms>", "type": "job.completed",
//	 "created_at": "<time of completion>", "job": "<job>", "progress": {…}}
//
// progress is the snapshot that GET /jobs/{id}/progress gives, without the newest
// addresses: no address leaves this way. The headers are
//
//	Gleaner-Delivery:  the id; the same for every try, so that repeats can be told
//	Gleaner-Attempt:   the number of the try in its round, from 1
//	Gleaner-Signature: t=<seconds since 1970>,v1=<signature>
//
// A signature is the HMAC-SHA256 (RFC 2104) of "<t>.<body>" in hex, keyed with the
// owner's secret; Verify checks it. For RotationTime after a new secret was made
// there is a second v1 with the old one: one that fits is enough.
//
// # How often
//
// At least once. Any 2xx is success. Everything else is tried again, up to
// MaxAttempts times in about an hour, with growing gaps or as Retry-After asks;
// redirects are not followed. 410 ends it, and so does an address that must not be
// reached: webhooks are guarded like fetches. A job that is retried afterwards is
// announced again when it is completed again, under another id.
//
// SendAgain has a call sent again, for a receiver that was down for longer: the
// same body under the same id, with the attempts counted from 1 anew.
package webhook
