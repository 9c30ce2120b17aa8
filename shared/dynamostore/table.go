package dynamostore

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Names of the table's indexes. Both are sparse and hold keys only.
const (
	IndexDue    = "due"    // open batches of a shard by when they are due
	IndexStatus = "status" // jobs by status, oldest first; deleted ones by when
)

// AttributeTTL is the attribute that the table's time to live must be set to.
const AttributeTTL = attrTTL

// TableInput is the table the Store works on, for tests and emulators; on AWS
// the template defines the same. Time to live is switched on apart from it
// (TTLInput), as the API has it.
//
// The stream carries keys only: whoever is told that a job changed reads its
// figures afresh, and there is nothing personal in it.
func TableInput(name string) *dynamodb.CreateTableInput {
	hash := func(attr string) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: aws.String(attr), KeyType: types.KeyTypeHash}
	}
	sorted := func(attr string) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: aws.String(attr), KeyType: types.KeyTypeRange}
	}
	define := func(attr string, t types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(attr), AttributeType: t}
	}
	keysOnly := &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	return &dynamodb.CreateTableInput{
		TableName:   aws.String(name),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   []types.KeySchemaElement{hash(attrPK), sorted(attrSK)},
		AttributeDefinitions: []types.AttributeDefinition{
			define(attrPK, types.ScalarAttributeTypeS),
			define(attrSK, types.ScalarAttributeTypeS),
			define(attrDue, types.ScalarAttributeTypeN),
			define(attrStatusIndex, types.ScalarAttributeTypeS),
			define(attrStatusOrder, types.ScalarAttributeTypeS),
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			{
				IndexName:  aws.String(IndexDue),
				KeySchema:  []types.KeySchemaElement{hash(attrPK), sorted(attrDue)},
				Projection: keysOnly,
			},
			{
				IndexName:  aws.String(IndexStatus),
				KeySchema:  []types.KeySchemaElement{hash(attrStatusIndex), sorted(attrStatusOrder)},
				Projection: keysOnly,
			},
		},
		StreamSpecification: &types.StreamSpecification{
			StreamEnabled:  aws.Bool(true),
			StreamViewType: types.StreamViewTypeKeysOnly,
		},
	}
}

// TTLInput switches the table's time to live on.
func TTLInput(name string) *dynamodb.UpdateTimeToLiveInput {
	return &dynamodb.UpdateTimeToLiveInput{
		TableName: aws.String(name),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(AttributeTTL),
			Enabled:       aws.Bool(true),
		},
	}
}
