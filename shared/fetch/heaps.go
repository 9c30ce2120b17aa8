package fetch

import "time"

func (q *queue[T]) len() int { return q.urgent.len() + q.normal.len() }

func (q *queue[T]) pop() T {
	if q.urgent.len() > 0 {
		return q.urgent.pop()
	}
	return q.normal.pop()
}

// fifo is a first-in, first-out queue.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(item T) {
	if q.head > 32 && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

func (q *fifo[T]) pop() T {
	var none T
	item := q.items[q.head]
	q.items[q.head] = none
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return item
}

// byTurn orders hosts by who has waited longest.
type byTurn[T any] []*queue[T]

func (h byTurn[T]) Len() int           { return len(h) }
func (h byTurn[T]) Less(i, j int) bool { return h[i].turn < h[j].turn }
func (h byTurn[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *byTurn[T]) Push(x any) { *h = append(*h, x.(*queue[T])) }

// Pop implements heap.Interface.
func (h *byTurn[T]) Pop() any { return popLast((*[]*queue[T])(h)) }

// byWake orders hosts by when they may be asked.
type byWake[T any] []*queue[T]

func (h byWake[T]) Len() int           { return len(h) }
func (h byWake[T]) Less(i, j int) bool { return earlier(h[i].wake, h[j].wake, h[i].turn, h[j].turn) }
func (h byWake[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *byWake[T]) Push(x any) { *h = append(*h, x.(*queue[T])) }

// Pop implements heap.Interface.
func (h *byWake[T]) Pop() any { return popLast((*[]*queue[T])(h)) }

// byTime orders items by when they are to be queued.
type byTime[T any] []delayed[T]

func (h byTime[T]) Len() int           { return len(h) }
func (h byTime[T]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h byTime[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *byTime[T]) Push(x any) { *h = append(*h, x.(delayed[T])) }

// Pop implements heap.Interface.
func (h *byTime[T]) Pop() any { return popLast((*[]delayed[T])(h)) }

func popLast[E any](s *[]E) E {
	var none E
	last := len(*s) - 1
	item := (*s)[last]
	(*s)[last] = none
	*s = (*s)[:last]
	return item
}

func earlier(a, b time.Time, turnA, turnB uint64) bool {
	if !a.Equal(b) {
		return a.Before(b)
	}
	return turnA < turnB
}
