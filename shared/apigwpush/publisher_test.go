package apigwpush

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"gleaner/shared/push"
	"gleaner/shared/push/pushtest"
)

func config() aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	pushtest.Run(t, func(t testing.TB, h pushtest.Handler) pushtest.Front {
		g := pushtest.NewGateway(t, h)
		return pushtest.Front{Publisher: New(config(), g.URL), Dial: g.Dial}
	})
}

// A gateway may answer with an exception's name, or with a status alone.
func TestGone(t *testing.T) {
	t.Parallel()
	for _, exception := range []string{"GoneException", ""} {
		g := pushtest.NewGateway(t, nil)
		g.Answer = func(string) (int, string) { return http.StatusGone, exception }
		p := New(config(), g.URL)
		if err := p.Post(t.Context(), "AbCdEfGhIjKlMnOp=", []byte("x")); !errors.Is(err, push.ErrGone) {
			t.Errorf("%q: error %v, want ErrGone", exception, err)
		}
		if err := p.Close(t.Context(), "AbCdEfGhIjKlMnOp="); err != nil {
			t.Errorf("%q: close: %v", exception, err)
		}
	}
}

func TestRepeatsWhatIsThrottled(t *testing.T) {
	t.Parallel()
	for status, exception := range map[int]string{http.StatusTooManyRequests: "LimitExceededException", http.StatusServiceUnavailable: ""} {
		var requests atomic.Int64
		g := pushtest.NewGateway(t, nil)
		g.Answer = func(string) (int, string) {
			if requests.Add(1) < attempts {
				return status, exception
			}
			return http.StatusOK, ""
		}
		if err := New(config(), g.URL).Post(t.Context(), "AbCdEfGhIjKlMnOp=", []byte("x")); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		if n := requests.Load(); n != attempts {
			t.Errorf("%d: %d requests, want %d", status, n, attempts)
		}
	}
}

func TestRefusalIsAnError(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	g := pushtest.NewGateway(t, nil)
	g.Answer = func(string) (int, string) {
		requests.Add(1)
		return http.StatusForbidden, "ForbiddenException"
	}
	p := New(config(), g.URL)
	if err := p.Post(t.Context(), "AbCdEfGhIjKlMnOp=", []byte("x")); err == nil || errors.Is(err, push.ErrGone) {
		t.Errorf("error %v", err)
	}
	if err := p.Close(t.Context(), "AbCdEfGhIjKlMnOp="); err == nil {
		t.Error("closing succeeded")
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests for two that cannot succeed", n)
	}
}

// As many connections are kept as messages are posted at once, also with the
// client of the SDK's default configuration.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(20 * time.Millisecond)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	cfg := config()
	cfg.HTTPClient = awshttp.NewBuildableClient()
	p := New(cfg, server.URL)
	const posts = 40
	for range 3 {
		var wg sync.WaitGroup
		for range posts {
			wg.Go(func() {
				if err := p.Post(t.Context(), "AbCdEfGhIjKlMnOp=", []byte("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if n := opened.Load(); n > posts+posts/2 {
		t.Errorf("%d connections for three times %d posts", n, posts)
	}
}
