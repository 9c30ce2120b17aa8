package emulators

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Billed returns a client of DynamoDB Local that reports what AWS would bill. Of a
// transaction the emulator reports too little, but of a single write the right
// figure: so a transaction is carried out write by write, and each counted double.
// It is no transaction any more: nothing else may write at the time. And keys of a
// BatchGetItem that are not there are counted, which the emulator leaves out.
func Billed(client *dynamodb.Client) *dynamodb.Client {
	split := middleware.InitializeMiddlewareFunc("split", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (out middleware.InitializeOutput, meta middleware.Metadata, err error) {
		transaction, ok := in.Parameters.(*dynamodb.TransactWriteItemsInput)
		if !ok {
			return next.HandleInitialize(ctx, in)
		}
		total := 0.0
		for i := range transaction.TransactItems {
			units, err := single(ctx, client, &transaction.TransactItems[i])
			if err != nil {
				return out, meta, err
			}
			total += 2 * units
		}
		out.Result = &dynamodb.TransactWriteItemsOutput{ConsumedCapacity: []types.ConsumedCapacity{{CapacityUnits: &total}}}
		return out, meta, nil
	})
	return dynamodb.New(client.Options(), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions,
			func(s *middleware.Stack) error { return s.Initialize.Add(split, middleware.Before) },
			func(s *middleware.Stack) error { return s.Initialize.Add(missing, middleware.Before) },
		)
	})
}

// missing counts the items a BatchGetItem asked for that were not there: AWS bills
// each as the smallest read, DynamoDB Local does not.
var missing = middleware.InitializeMiddlewareFunc("missing", func(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleInitialize(ctx, in)
	asked, isRead := in.Parameters.(*dynamodb.BatchGetItemInput)
	got, ok := out.Result.(*dynamodb.BatchGetItemOutput)
	if !isRead || !ok || err != nil {
		return out, meta, err
	}
	units := 0.0
	for table, keys := range asked.RequestItems {
		smallest := 0.5
		if aws.ToBool(keys.ConsistentRead) {
			smallest = 1
		}
		absent := len(keys.Keys) - len(got.Responses[table]) - len(got.UnprocessedKeys[table].Keys)
		units += smallest * float64(absent)
	}
	if units > 0 {
		got.ConsumedCapacity = append(got.ConsumedCapacity, types.ConsumedCapacity{CapacityUnits: &units})
	}
	return out, meta, err
})

// single carries out one write of a transaction and returns its units.
func single(ctx context.Context, client *dynamodb.Client, w *types.TransactWriteItem) (float64, error) {
	switch {
	case w.Put != nil:
		out, err := client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: w.Put.TableName, Item: w.Put.Item, ConditionExpression: w.Put.ConditionExpression,
			ExpressionAttributeNames: w.Put.ExpressionAttributeNames, ExpressionAttributeValues: w.Put.ExpressionAttributeValues,
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			return 0, err
		}
		return aws.ToFloat64(out.ConsumedCapacity.CapacityUnits), nil
	case w.Update != nil:
		out, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: w.Update.TableName, Key: w.Update.Key, UpdateExpression: w.Update.UpdateExpression,
			ConditionExpression: w.Update.ConditionExpression, ExpressionAttributeNames: w.Update.ExpressionAttributeNames,
			ExpressionAttributeValues: w.Update.ExpressionAttributeValues, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			return 0, err
		}
		return aws.ToFloat64(out.ConsumedCapacity.CapacityUnits), nil
	default:
		return 0, fmt.Errorf("a write of a transaction is neither put nor update")
	}
}
