package doctor

// Report is what a health check found.
type Report struct {
	Status string  `json:"status"` // ok, degraded or failing
	Checks []Check `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"`           // ok, degraded or failing
	Detail string `json:"detail,omitempty"` // what was seen
	Advice string `json:"advice,omitempty"` // what to do about it
	Millis int64  `json:"ms"`
}
