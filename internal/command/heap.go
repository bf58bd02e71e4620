package command

import "runtime/metrics"

// heapFloor is how much a running service holds and never touches: it takes
// addresses, and no memory. The garbage collector counts it as live, and so comes
// again only after as many bytes of garbage more. Without it a service with 2 MB
// of live heap is collected after every 2 MB, which is a twentieth of what a small
// request costs.
const heapFloor = 4 << 20

// holdHeap returns the floor: less where GOMEMLIMIT is low, which counts it, too,
// and nothing where GOGC is not Go's default, as somebody has decided then.
func holdHeap() []byte {
	set := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(set)
	if set[0].Value.Uint64() != 100 {
		return nil
	}
	return make([]byte, min(heapFloor, set[1].Value.Uint64()/16))
}
