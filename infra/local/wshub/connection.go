package wshub

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// connection is one client. The request's goroutine reads and calls the
// function; another writes.
type connection struct {
	hub         *Hub
	id          string
	domain      string
	sourceIP    string
	userAgent   string
	connectedAt time.Time
	conn        *websocket.Conn

	active atomic.Int64 // Unix nanoseconds of the last message in either direction
	idle   *time.Timer
	cut    context.CancelFunc // ends reading and writing at once

	mu       sync.Mutex
	out      chan []byte // written to only under mu, while not finished
	finished bool
	code     websocket.StatusCode // how it ended
	reason   string
	ended    chan struct{} // closed when it is finished
}

func newConnection(h *Hub, r *http.Request) *connection {
	c := &connection{
		hub: h, id: newID(), domain: r.Host, sourceIP: hostOf(r.RemoteAddr), userAgent: r.UserAgent(),
		connectedAt: time.Now(), out: make(chan []byte, h.cfg.Buffer), ended: make(chan struct{}),
	}
	c.active.Store(c.connectedAt.UnixNano())
	return c
}

// serve runs a connection that the function has let in to its end, and tells the
// function of it. accept upgrades the request.
func (c *connection) serve(ctx context.Context, accept func() (*websocket.Conn, error)) {
	traffic, cut := context.WithCancel(ctx)
	defer cut()
	c.cut = cut
	c.idle = time.AfterFunc(c.hub.cfg.IdleTimeout, c.goAway)
	defer c.idle.Stop()
	defer time.AfterFunc(c.hub.cfg.MaxAge, c.goAway).Stop()
	// Before the client learns that it is connected, so that nobody finds it
	// missing who hears of it from the client.
	c.hub.register(c)
	code, reason := c.converse(traffic, accept)
	c.disconnect(ctx, code, reason)
}

// converse reads and writes until the connection ends, and says how it ended.
func (c *connection) converse(traffic context.Context, accept func() (*websocket.Conn, error)) (websocket.StatusCode, string) {
	defer c.hub.unregister(c)
	var err error
	if c.conn, err = accept(); err != nil {
		c.hub.cfg.Log.DebugContext(traffic, "handshake failed", "connection", c.id, "error", err)
		c.finish(closing(err))
		return closing(err)
	}
	c.conn.SetReadLimit(MaxMessage)
	var writer sync.WaitGroup
	writer.Go(func() { c.write(traffic) })
	if c.finish(closing(c.read(traffic))) {
		c.cut() // the client is gone: nothing of what waits can be sent
	}
	writer.Wait()
	_ = c.conn.CloseNow() // closed already, in most cases
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code, c.reason
}

func (c *connection) goAway() { c.finish(websocket.StatusGoingAway, "Going away") }

func (c *connection) touch() {
	c.active.Store(time.Now().UnixNano())
	c.idle.Reset(c.hub.cfg.IdleTimeout)
}

// read calls the function with one message after the other until reading fails.
func (c *connection) read(traffic context.Context) error {
	ctx := context.WithoutCancel(traffic) // a call is not broken off with its connection
	for {
		kind, data, err := c.conn.Read(traffic)
		if err != nil {
			return err
		}
		c.touch()
		e := c.messageEvent(kind, data)
		if _, err := c.hub.call(ctx, e); err != nil {
			c.hub.cfg.Log.ErrorContext(ctx, "message failed", "connection", c.id, "request", e.RequestContext.RequestID, "error", err)
			c.enqueue(failure(c.id, e.RequestContext.RequestID))
		}
	}
}

// failure is what API Gateway sends when the function fails.
func failure(connection, request string) []byte {
	text, _ := json.Marshal(struct { // strings always encode
		Message      string `json:"message"`
		ConnectionID string `json:"connectionId"`
		RequestID    string `json:"requestId"`
	}{"Internal server error", connection, request})
	return text
}

// enqueue lets a message wait for the writer; false if the connection is
// finished, or is now because the client is too slow.
func (c *connection) enqueue(data []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return false
	}
	select {
	case c.out <- data:
		return true
	default:
	}
	c.hub.cfg.Log.Warn("client is too slow and was dropped", "connection", c.id, "waiting", len(c.out))
	c.end(websocket.StatusAbnormalClosure, "Connection Closed Abnormally")
	c.cut()
	return false
}

// finish has the connection closed from this side after the messages that
// wait; false if it was finished already.
func (c *connection) finish(code websocket.StatusCode, reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return false
	}
	c.end(code, reason)
	return true
}

func (c *connection) end(code websocket.StatusCode, reason string) {
	c.finished, c.code, c.reason = true, code, reason
	close(c.ended)
}

// write sends what waits until the connection is finished, then the rest, then
// closes it. A write that fails closes it at once, which ends reading.
func (c *connection) write(traffic context.Context) {
	for {
		select {
		case data := <-c.out:
			if !c.send(traffic, data) {
				return
			}
			continue
		case <-c.ended:
		}
		break
	}
	for len(c.out) > 0 { // nobody adds to it any more
		if !c.send(traffic, <-c.out) {
			return
		}
	}
	if traffic.Err() == nil {
		_ = c.conn.Close(c.code, c.reason) // whether the client answers makes no difference
	}
}

func (c *connection) send(traffic context.Context, data []byte) bool {
	ctx, cancel := context.WithTimeout(traffic, c.hub.cfg.WriteTimeout)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, data); err != nil {
		if traffic.Err() == nil {
			c.hub.cfg.Log.DebugContext(traffic, "message not sent", "connection", c.id, "error", err)
		}
		_ = c.conn.CloseNow()
		return false
	}
	c.touch()
	return true
}
