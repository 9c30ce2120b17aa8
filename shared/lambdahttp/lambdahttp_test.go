package lambdahttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

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

func TestHeadersStayWhole(t *testing.T) {
	const date = "Fri, 20 Nov 2026 09:31:14 GMT"
	var got http.Header
	handle := lambdahttp.Whole(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.WriteHeader(http.StatusOK)
	}))
	_, err := handle(t.Context(), events.APIGatewayV2HTTPRequest{
		RawPath: "/", Headers: map[string]string{"if-modified-since": date, "accept-encoding": "gzip, br"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodGet}},
	})
	if err != nil || got.Get("If-Modified-Since") != date || strings.ReplaceAll(got.Get("Accept-Encoding"), " ", "") != "gzip,br" {
		t.Errorf("%v %v", got, err)
	}
}

func TestEitherRefusesWhatIsNoEvent(t *testing.T) {
	if _, err := lambdahttp.Either(echo(""), echo(""))(t.Context(), json.RawMessage(`[1]`)); err == nil {
		t.Fatal("no error")
	}
}

func urlEvent() *events.LambdaFunctionURLRequest {
	return &events.LambdaFunctionURLRequest{
		RawPath: "/jobs/1/events",
		RequestContext: events.LambdaFunctionURLRequestContext{
			DomainName: "abc.lambda-url.eu-central-1.on.aws",
			HTTP:       events.LambdaFunctionURLRequestContextHTTPDescription{Method: http.MethodGet},
		},
	}
}

func TestStreamEndsBeforeItsInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		handle := lambdahttp.Stream(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "begun, ")
			<-r.Context().Done()
			_, _ = io.WriteString(w, "ended")
		}))
		answer, err := handle(ctx, urlEvent())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || string(body) != "begun, ended" || ctx.Err() != nil {
			t.Errorf("%q, %v; invocation: %v", body, err, ctx.Err())
		}
	})
}

func TestStreamThatIsGivenUp(t *testing.T) {
	handle := lambdahttp.Stream(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half of a fi")
		panic(http.ErrAbortHandler)
	}))
	answer, err := handle(t.Context(), urlEvent())
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); !errors.Is(err, lambdahttp.ErrAborted) || string(body) != "half of a fi" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestStreamThatNobodyReads(t *testing.T) {
	ended := make(chan error, 1)
	handle := lambdahttp.Stream(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		<-r.Context().Done()
		_, err := io.WriteString(w, "anybody?")
		ended <- err
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	answer, err := handle(ctx, urlEvent())
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the handler could write to nobody")
	}
}

func TestRequestID(t *testing.T) {
	if id := lambdahttp.RequestID(t.Context()); id != "" {
		t.Errorf("%q outside of an invocation", id)
	}
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "8476a536"})
	if id := lambdahttp.RequestID(ctx); id != "8476a536" {
		t.Errorf("%q", id)
	}
}
