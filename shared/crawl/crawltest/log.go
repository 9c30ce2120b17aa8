package crawltest

import (
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Log is how a host was treated.
type Log struct {
	mu       sync.Mutex
	requests []Entry
	active   int
	busiest  int
	conns    map[net.Conn]struct{}
	most     int
	opened   int
}

// Entry is one request.
type Entry struct {
	At     time.Time
	Path   string
	Header http.Header
	Proto  string
}

func (l *Log) init() { l.conns = map[net.Conn]struct{}{} }

func (l *Log) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.requests = append(l.requests, Entry{At: time.Now(), Path: r.URL.RequestURI(), Header: r.Header, Proto: r.Proto})
		l.active++
		l.busiest = max(l.busiest, l.active)
		l.mu.Unlock()
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.active--
		}()
		next.ServeHTTP(w, r)
	})
}

func (l *Log) connState(c net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = t.NetConn()
	}
	if state == http.StateClosed {
		delete(l.conns, c)
	}
}

// countingListener counts the connections that are open at the other end when
// a new one is accepted: one that the client has closed already does not count,
// even if the server has not noticed yet.
type countingListener struct {
	net.Listener
	log *Log
}

// Accept implements net.Listener.
func (c *countingListener) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	for other := range l.conns {
		if !established(other) {
			delete(l.conns, other)
		}
	}
	l.conns[conn] = struct{}{}
	l.opened++
	l.most = max(l.most, len(l.conns))
	return conn, nil
}

const tcpEstablished = 1

// established asks the kernel whether neither side has closed the connection.
func established(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	state := byte(0)
	err = raw.Control(func(fd uintptr) {
		var info [256]byte
		size := uint32(len(info))
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno == 0 {
			state = info[0]
		}
	})
	return err == nil && state == tcpEstablished
}

// Requests are the requests so far, in order of arrival.
func (l *Log) Requests() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry(nil), l.requests...)
}

// Count is the number of requests for a path.
func (l *Log) Count(path string) int {
	n := 0
	for _, e := range l.Requests() {
		if e.Path == path {
			n++
		}
	}
	return n
}

// Busiest is the largest number of requests that ran at the same time.
func (l *Log) Busiest() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busiest
}

// Connections is the largest number of connections open at the same time, and
// how many were opened in all.
func (l *Log) Connections() (most, opened int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most, l.opened
}

// Gap is the smallest time between two requests in succession; 0 if there were
// fewer than two.
func (l *Log) Gap() time.Duration {
	all := l.Requests()
	var least time.Duration
	for i := 1; i < len(all); i++ {
		if gap := all[i].At.Sub(all[i-1].At); i == 1 || gap < least {
			least = gap
		}
	}
	return least
}
