// Command networkpolicies is the engine of kube-network-policies by itself: it
// judges the first packet of each connection that netfilter puts into its queue.
//
//	networkpolicies KUBECONFIG NODE QUEUE
//
// The project's own program also writes the nftables rules that fill the queue,
// in a form that not every kernel knows. Here whoever starts it writes rules of
// iptables, and what the program writes may fail.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "networkpolicies:", err)
		os.Exit(1)
	}
}

func run(words []string) error {
	if len(words) != 3 {
		return fmt.Errorf("write a kubeconfig, the node's name, and the number of the queue")
	}
	queue, err := strconv.ParseUint(words[2], 10, 16)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", words[0])
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	factory := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		factory.Networking().V1().NetworkPolicies(),
		factory.Core().V1().Namespaces(),
		factory.Core().V1().Pods(),
		nil, nil, nil, nil, // admin network policies, which are not in use
		networkpolicy.Config{QueueID: int(queue), NodeName: words[1]},
	)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	return controller.Run(ctx)
}
