package dynamostore_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// billed returns a client whose transactions tell what AWS bills for them.
// DynamoDB Local counts items of equal size within a transaction only once, so
// each item is written by itself, which it measures well (indexes included), and
// counted double, as transactions are. That is no longer one write, of course:
// callers must come one at a time.
func billed(client *dynamodb.Client) *dynamodb.Client {
	return dynamodb.New(client.Options(), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("billed", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				transaction, ok := in.Parameters.(*dynamodb.TransactWriteItemsInput)
				if !ok {
					return next.HandleInitialize(ctx, in)
				}
				units, err := oneByOne(ctx, client, transaction.TransactItems)
				return middleware.InitializeOutput{Result: &dynamodb.TransactWriteItemsOutput{
					ConsumedCapacity: []types.ConsumedCapacity{{CapacityUnits: aws.Float64(2 * units)}},
				}}, middleware.Metadata{}, err
			}), middleware.Before)
		})
	})
}

func oneByOne(ctx context.Context, client *dynamodb.Client, writes []types.TransactWriteItem) (units float64, err error) {
	for i := range writes {
		var consumed *types.ConsumedCapacity
		switch w := writes[i]; {
		case w.Put != nil:
			var out *dynamodb.PutItemOutput
			out, err = client.PutItem(ctx, &dynamodb.PutItemInput{
				TableName: w.Put.TableName, Item: w.Put.Item,
				ConditionExpression: w.Put.ConditionExpression, ExpressionAttributeNames: w.Put.ExpressionAttributeNames,
				ExpressionAttributeValues: w.Put.ExpressionAttributeValues, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			if err == nil {
				consumed = out.ConsumedCapacity
			}
		case w.Update != nil:
			var out *dynamodb.UpdateItemOutput
			out, err = client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: w.Update.TableName, Key: w.Update.Key, UpdateExpression: w.Update.UpdateExpression,
				ConditionExpression: w.Update.ConditionExpression, ExpressionAttributeNames: w.Update.ExpressionAttributeNames,
				ExpressionAttributeValues: w.Update.ExpressionAttributeValues, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			if err == nil {
				consumed = out.ConsumedCapacity
			}
		default:
			return units, fmt.Errorf("write %d of the transaction is neither put nor update", i)
		}
		if err != nil {
			return units, err
		}
		units += *consumed.CapacityUnits
	}
	return units, nil
}
