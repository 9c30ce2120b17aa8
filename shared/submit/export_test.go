package submit

import "time"

// SetWait sets how long a repeated request waits for the first.
func SetWait(s *Service, d time.Duration) { s.wait = d }
