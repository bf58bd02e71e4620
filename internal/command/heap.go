package command

import (
	"math"
	"runtime/metrics"
)

// heapFloor is how much a running service holds and never touches: it takes
// addresses, and no memory. The garbage collector counts it as live, and so comes
// again only after as many bytes of garbage more. Without it a service with 2 MB
// of live heap is collected after every 2 MB, which is a twentieth of what a small
// request costs.
//
// Where GOMEMLIMIT says how much memory there is, it is a sixteenth of that, and
// at most so much.
const (
	heapFloor     = 4 << 20
	mostHeapFloor = 16 << 20
)

// holdHeap returns the floor: nothing where GOGC is not Go's default, as somebody
// has decided then.
func holdHeap() []byte {
	set := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(set)
	gogc, limit := set[0].Value.Uint64(), set[1].Value.Uint64()
	switch {
	case gogc != 100:
		return nil
	case limit == math.MaxInt64: // none
		return make([]byte, heapFloor)
	default:
		return make([]byte, min(limit/16, mostHeapFloor))
	}
}
