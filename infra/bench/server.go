package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// server is a handler behind a real server on loopback, and its client.
type server struct {
	base   string
	http   *http.Server
	client *http.Client
}

func serve(ctx context.Context, h http.Handler) (*server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{
		base:   "http://" + l.Addr().String(),
		http:   &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 2 * time.Minute},
	}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

func (s *server) close() {
	s.client.CloseIdleConnections()
	_ = s.http.Close()
}

// do sends a request, wants a status, and returns the body.
func (s *server) do(ctx context.Context, method, path, contentType string, body []byte, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != want {
		return nil, fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, answer)
	}
	return answer, nil
}

// drain fetches a path and says how many lines and bytes came.
func (s *server) drain(ctx context.Context, path string) (lines, size int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, http.NoBody)
	if err != nil {
		return 0, 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	if resp.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buf)
		size += n
		lines += bytes.Count(buf[:n], []byte{'\n'})
		if err == io.EOF {
			return lines, size, nil
		}
		if err != nil {
			return lines, size, err
		}
	}
}

// listOf makes so many addresses of companies, twenty pages each.
func listOf(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("https://www.firma-%d.de/unternehmen/seite-%d.html", i%max(1, n/20), i)
	}
	return lines
}

// asJSON is the body of POST /jobs.
func asJSON(urls []string) []byte {
	body, err := json.Marshal(map[string]any{"name": "bench", "urls": urls})
	if err != nil {
		panic(err) // strings always marshal
	}
	return body
}

func asText(urls []string) []byte { return []byte(strings.Join(urls, "\n")) }

// jobAnswer is what POST /jobs answers, as far as it is looked at.
type jobAnswer struct {
	Job struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		URLs    int    `json:"urls"`
		Batches int    `json:"batches"`
	} `json:"job"`
}
