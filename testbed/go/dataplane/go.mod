// The data plane of the emulator's load balancers; it needs Go's own library only.
module dataplane

go 1.26
