package dynamostore_test

import (
	"crypto/rand"
	"flag"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/dynamostore"
)

func TestMain(m *testing.M) {
	flag.Parse()
	set := func(name, value string) {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	set("test.parallel", "16") // most of the time a test waits for DynamoDB Local
	set("rapid.checks", "15")  // which takes its time
	os.Exit(m.Run())
}

// open returns a Store on a table of the test's own, on the DynamoDB that all
// tests share. The table has no stream, which DynamoDB Local is slow with.
func open(tb testing.TB, opts ...dynamostore.Option) *dynamostore.Store {
	tb.Helper()
	s, _, _ := openTable(tb, opts...)
	return s
}

func openTable(tb testing.TB, opts ...dynamostore.Option) (*dynamostore.Store, *dynamodb.Client, string) {
	tb.Helper()
	client := emulators.DynamoDB(emulators.URL(tb, emulators.ServiceDynamoDB))
	table := "gleaner-test-" + rand.Text()
	in := dynamostore.TableInput(table)
	in.StreamSpecification = nil
	emulators.CreateTable(tb, client, in)
	return dynamostore.New(client, table, opts...), client, table
}
