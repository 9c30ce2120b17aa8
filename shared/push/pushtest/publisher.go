package pushtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/push"
)

// recorder is a function that notes its events and accepts everybody, unless
// the query says otherwise.
type recorder struct {
	mu        sync.Mutex
	events    []events.APIGatewayWebsocketProxyRequest
	onConnect func(connection string)
}

func (r *recorder) handle(_ context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	r.mu.Lock()
	r.events = append(r.events, e)
	r.mu.Unlock()
	if e.RequestContext.EventType == "CONNECT" {
		if r.onConnect != nil {
			r.onConnect(e.RequestContext.ConnectionID)
		}
		if e.QueryStringParameters["refuse"] != "" {
			return events.APIGatewayProxyResponse{StatusCode: http.StatusForbidden}, nil
		}
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
}

// last is the connection of the latest event of a type, and how many there were.
func (r *recorder) last(kind string) (connection string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.RequestContext.EventType == kind {
			connection = e.RequestContext.ConnectionID
			n++
		}
	}
	return connection, n
}

func (r *recorder) disconnected(connection string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.RequestContext.EventType == "DISCONNECT" && e.RequestContext.ConnectionID == connection {
			return true
		}
	}
	return false
}

// bench is a front with a recorder behind it.
type bench struct {
	*recorder
	Front
}

func newBench(t *testing.T, setup Setup) *bench {
	b := &bench{recorder: &recorder{}}
	b.Front = setup(t, b.handle)
	return b
}

func (b *bench) open(t *testing.T) (Client, string) {
	t.Helper()
	c := dial(t, b.Front, nil)
	id, _ := b.last("CONNECT")
	return c, id
}

func (b *bench) post(t *testing.T, connection, text string) {
	t.Helper()
	if err := b.Publisher.Post(within(t), connection, []byte(text)); err != nil {
		t.Fatalf("post: %v", err)
	}
}

func (b *bench) gone(t *testing.T, connection string) {
	t.Helper()
	eventually(t, "posting says that the connection is gone", func() bool {
		err := b.Publisher.Post(within(t), connection, []byte("anybody there?"))
		if err != nil && !errors.Is(err, push.ErrGone) {
			t.Fatalf("post: %v, want ErrGone", err)
		}
		return err != nil
	})
}

// testPublisher checks the contract of push.Publisher.
func testPublisher(t *testing.T, setup Setup) {
	t.Run("DeliversTextAsItIs", func(t *testing.T) {
		b := newBench(t, setup)
		c, id := b.open(t)
		for _, text := range []string{`{"a":"ü 漢 😀"}`, " line\nline ", strings.Repeat("x", push.MaxMessage)} {
			b.post(t, id, text)
			if got := receive(t, c); !bytes.Equal(got, []byte(text)) {
				t.Errorf("%d bytes arrived as %d: %.80q", len(text), len(got), got)
			}
		}
	})

	t.Run("KeepsOrder", func(t *testing.T) {
		b := newBench(t, setup)
		c, id := b.open(t)
		const n = 100
		for i := range n {
			b.post(t, id, fmt.Sprint(i))
		}
		for i := range n {
			if got := string(receive(t, c)); got != fmt.Sprint(i) {
				t.Fatalf("message %d is %q", i, got)
			}
		}
	})

	t.Run("RefusesWhatIsTooLarge", func(t *testing.T) {
		b := newBench(t, setup)
		c, id := b.open(t)
		err := b.Publisher.Post(within(t), id, make([]byte, push.MaxMessage+1))
		if !errors.Is(err, push.ErrTooLarge) {
			t.Errorf("error %v, want ErrTooLarge", err)
		}
		b.post(t, id, "still open")
		if got := string(receive(t, c)); got != "still open" {
			t.Errorf("got %q", got)
		}
	})

	t.Run("UnknownConnectionIsGone", func(t *testing.T) {
		b := newBench(t, setup)
		if err := b.Publisher.Post(within(t), "AbCdEfGhIjKlMnOp=", []byte("x")); !errors.Is(err, push.ErrGone) {
			t.Errorf("error %v, want ErrGone", err)
		}
	})

	t.Run("ClosedByClientIsGone", func(t *testing.T) {
		b := newBench(t, setup)
		c, id := b.open(t)
		if err := c.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		b.gone(t, id)
		eventually(t, "the function is told of it", func() bool { return b.disconnected(id) })
	})

	t.Run("Close", func(t *testing.T) {
		b := newBench(t, setup)
		c, id := b.open(t)
		b.post(t, id, "last words")
		for range 2 {
			if err := b.Publisher.Close(within(t), id); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
		if got := string(receive(t, c)); got != "last words" {
			t.Errorf("got %q before the end", got)
		}
		if data, err := c.Receive(within(t)); err == nil {
			t.Errorf("got %q after the end", data)
		}
		b.gone(t, id)
		eventually(t, "the function is told of it", func() bool { return b.disconnected(id) })
	})

	t.Run("RefusedConnectionNeverWas", func(t *testing.T) {
		b := newBench(t, setup)
		_, err := b.Dial(within(t), map[string][]string{"refuse": {"yes"}})
		var refused *Refused
		if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
			t.Fatalf("dial: %v, want 403", err)
		}
		id, n := b.last("CONNECT")
		if n != 1 {
			t.Fatalf("%d connect events", n)
		}
		if err := b.Publisher.Post(within(t), id, []byte("x")); !errors.Is(err, push.ErrGone) {
			t.Errorf("error %v, want ErrGone", err)
		}
		if _, n := b.last("DISCONNECT"); n != 0 {
			t.Errorf("the function was told that a refused connection ended")
		}
	})

	t.Run("NotBeforeItIsEstablished", func(t *testing.T) {
		b := &bench{recorder: &recorder{}}
		early := make(chan error, 1)
		b.onConnect = func(connection string) {
			early <- b.Publisher.Post(context.WithoutCancel(t.Context()), connection, []byte("too early"))
		}
		b.Front = setup(t, b.handle)
		c, id := b.open(t)
		if err := <-early; !errors.Is(err, push.ErrGone) {
			t.Errorf("error %v, want ErrGone", err)
		}
		b.post(t, id, "now")
		if got := string(receive(t, c)); got != "now" {
			t.Errorf("got %q", got)
		}
	})

	t.Run("EndsWithItsContext", func(t *testing.T) {
		b := newBench(t, setup)
		_, id := b.open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Publisher.Post(ctx, id, []byte("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
	})

	t.Run("ManyAtOnce", func(t *testing.T) {
		b := newBench(t, setup)
		const connections, each = 10, 10
		clients := make([]Client, connections)
		ids := make([]string, connections)
		for i := range clients {
			clients[i], ids[i] = b.open(t)
		}
		ctx := within(t)
		var wg sync.WaitGroup
		for i := range connections * each {
			wg.Go(func() {
				if err := b.Publisher.Post(ctx, ids[i%connections], []byte(ids[i%connections])); err != nil {
					t.Errorf("post: %v", err)
				}
			})
		}
		wg.Wait()
		for i, c := range clients {
			for range each {
				if got := string(receive(t, c)); got != ids[i] {
					t.Fatalf("client of %s got %q", ids[i], got)
				}
			}
		}
	})
}
