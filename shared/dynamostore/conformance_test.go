package dynamostore_test

import (
	"testing"

	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
)

func TestAWSJobStore(t *testing.T) {
	s := open(t)
	jobtest.Run(t, func(*testing.T) job.Store { return s })
}
