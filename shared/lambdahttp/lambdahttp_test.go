package lambdahttp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/lambdahttp"
)

func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Name", name)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, name+" "+r.Method+" "+r.URL.RequestURI()+" "+string(body))
	})
}

func event(t *testing.T, domain string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": "/jobs", "rawQueryString": "a=b", "body": "hello",
		"requestContext": map[string]any{
			"domainName": domain, "http": map[string]any{"method": "POST", "path": "/jobs", "sourceIp": "192.0.2.1"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEitherTellsTheTwoApart(t *testing.T) {
	handle := lambdahttp.Either(echo("whole"), echo("stream"))
	got, err := handle(t.Context(), event(t, "abc.execute-api.eu-central-1.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	whole, ok := got.(events.APIGatewayV2HTTPResponse)
	if !ok || whole.StatusCode != http.StatusAccepted || whole.Body != "whole POST /jobs?a=b hello" {
		t.Fatalf("%#v", got)
	}
	got, err = handle(t.Context(), event(t, "abc.lambda-url.eu-central-1.on.aws"))
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := got.(*events.LambdaFunctionURLStreamingResponse)
	if !ok || stream.StatusCode != http.StatusAccepted || stream.Headers["X-Name"] != "stream" {
		t.Fatalf("%#v", got)
	}
	body, err := io.ReadAll(stream.Body)
	if err != nil || !strings.HasPrefix(string(body), "stream POST /jobs?a=b hello") {
		t.Fatalf("%q %v", body, err)
	}
}

func TestEitherRefusesWhatIsNoEvent(t *testing.T) {
	if _, err := lambdahttp.Either(echo(""), echo(""))(t.Context(), json.RawMessage(`[1]`)); err == nil {
		t.Fatal("no error")
	}
}
