"""One real node: kubelet, kube-proxy, containerd, runc, CNI plugins, CoreDNS and an engine of NetworkPolicies.

It lives in mount, network, process, host name and IPC namespaces of its own, beside the host only by a pair of network
devices. What it needs of the host passes there: the API server, by a relay, and the images, by a registry.
"""
