package dynamostore_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"gleaner/shared/dynamostore"
)

// TestClientKeepsItsConnections: whether or not the configuration brings an HTTP
// client, a worker that writes many addresses at once opens no connection anew for
// each.
func TestClientKeepsItsConnections(t *testing.T) {
	for name, cfg := range map[string]aws.Config{
		"none":    {Region: "eu-central-1"},
		"the SDK": {Region: "eu-central-1", HTTPClient: awshttp.NewBuildableClient()},
	} {
		c, ok := dynamostore.NewClient(cfg).Options().HTTPClient.(*awshttp.BuildableClient)
		if !ok {
			t.Fatalf("%s: the client is another", name)
		}
		if tr := c.GetTransport(); tr.MaxIdleConnsPerHost < 32 || tr.ResponseHeaderTimeout == 0 {
			t.Errorf("%s: %d connections kept, %v for an answer", name, tr.MaxIdleConnsPerHost, tr.ResponseHeaderTimeout)
		}
	}
}
