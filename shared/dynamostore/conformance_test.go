package dynamostore_test

import (
	"testing"

	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
	"gleaner/shared/record"
	"gleaner/shared/record/recordtest"
)

func TestAWSJobStore(t *testing.T) {
	t.Parallel()
	s := open(t)
	jobtest.Run(t, func(*testing.T) job.Store { return s })
}

func TestAWSRecordStore(t *testing.T) {
	t.Parallel()
	s := open(t)
	recordtest.Run(t, func(*testing.T) record.Store { return s })
}
