// Command aws-load-balancer-controller is the official controller without the parts that the testbed can't host: its
// own main always starts a webhook server on all interfaces, and controllers of kinds that the testbed doesn't have.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	elbv2api "sigs.k8s.io/aws-load-balancer-controller/apis/elbv2/v1beta1"
	elbv2 "sigs.k8s.io/aws-load-balancer-controller/controllers/elbv2"
	"sigs.k8s.io/aws-load-balancer-controller/controllers/ingress"
	"sigs.k8s.io/aws-load-balancer-controller/controllers/service"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/aws"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/aws/throttle"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/config"
	elbv2deploy "sigs.k8s.io/aws-load-balancer-controller/pkg/deploy/elbv2"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/k8s"
	awsmetrics "sigs.k8s.io/aws-load-balancer-controller/pkg/metrics/aws"
	lbcmetrics "sigs.k8s.io/aws-load-balancer-controller/pkg/metrics/lbc"
	metricsutil "sigs.k8s.io/aws-load-balancer-controller/pkg/metrics/util"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/networking"
	conciselog "sigs.k8s.io/aws-load-balancer-controller/pkg/runtime"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/shared_utils"
	"sigs.k8s.io/aws-load-balancer-controller/pkg/targetgroupbinding"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "aws-load-balancer-controller:", err)
		os.Exit(1)
	}
}

// run follows the order of the official main; what it leaves out is the gateway and Global Accelerator controllers, the
// webhooks and the health checks.
func run() error {
	cfg := config.ControllerConfig{
		AWSConfig:    aws.CloudConfig{ThrottleConfig: throttle.NewDefaultServiceOperationsThrottleConfig()},
		FeatureGates: config.NewFeatureGates(),
	}
	flags := pflag.NewFlagSet("", pflag.ExitOnError)
	cfg.BindFlags(flags)
	if err := flags.Parse(os.Args); err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	log := conciselog.NewConciseLogger(zap.New(zap.UseDevMode(false)))
	ctrl.SetLogger(log)
	klog.SetLoggerWithOptions(log, klog.ContextualLogger(true))

	cloud, err := aws.NewCloud(
		cfg.AWSConfig, cfg.ClusterName, awsmetrics.NewCollector(metrics.Registry), log, nil, aws.DefaultLbStabilizationTime,
	)
	if err != nil {
		return err
	}
	rest, err := config.BuildRestConfig(cfg.RuntimeConfig)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := elbv2api.AddToScheme(scheme); err != nil {
		return err
	}
	options, err := config.BuildRuntimeOptions(cfg.RuntimeConfig, scheme)
	if err != nil {
		return err
	}
	// Nothing of the testbed may be reached from outside, and this server has no flag for its address.
	options.WebhookServer = nil
	mgr, err := ctrl.NewManager(rest, options)
	if err != nil {
		return err
	}
	clients, err := kubernetes.NewForConfig(mgr.GetConfig())
	if err != nil {
		return err
	}

	counters := metricsutil.NewReconcileCounters()
	collector := lbcmetrics.NewCollector(metrics.Registry, mgr, counters, log)
	targetGroups := awsmetrics.NewTargetGroupCollector(metrics.Registry)
	podInfo := k8s.NewDefaultPodInfoRepo(
		clients.CoreV1().RESTClient(), cfg.RuntimeConfig.WatchNamespace,
		cfg.ServerIDInjectionConfig.EnvironmentVariableName, log,
	)
	finalizers := k8s.NewDefaultFinalizerManager(mgr.GetClient(), log)
	groups := networking.NewDefaultSecurityGroupManager(cloud.EC2(), log)
	groupReconciler := networking.NewDefaultSecurityGroupReconciler(groups, log)
	zones := networking.NewDefaultAZInfoProvider(cloud.EC2(), log)
	vpcs := networking.NewDefaultVPCInfoProvider(cloud.EC2(), log)
	subnets := networking.NewDefaultSubnetsResolver(
		zones, cloud.EC2(), cloud.VpcID(), cfg.ClusterName, cfg.FeatureGates.Enabled(config.SubnetsClusterTagCheck),
		cfg.FeatureGates.Enabled(config.ALBSingleSubnet), cfg.FeatureGates.Enabled(config.SubnetDiscoveryByReachability), log,
	)
	nodes := networking.NewDefaultNodeInfoProvider(cloud.EC2(), log)
	networks := networking.NewDefaultNetworkingManager(
		mgr.GetClient(), networking.NewDefaultPodENIInfoResolver(mgr.GetClient(), cloud.EC2(), nodes, cloud.VpcID(), log),
		networking.NewDefaultNodeENIInfoResolver(nodes, log), groups, groupReconciler, cloud.VpcID(), cfg.ClusterName,
		cfg.ServiceTargetENISGTags, log, cfg.DisableRestrictedSGRules,
	)
	bindings := targetgroupbinding.NewDefaultResourceManager(
		mgr.GetClient(), cloud.ELBV2(), podInfo, networks, vpcs,
		targetgroupbinding.NewMultiClusterManager(mgr.GetClient(), mgr.GetAPIReader(), log), collector, cloud.VpcID(),
		cfg.FeatureGates.Enabled(config.EndpointsFailOpen), cfg.EnableEndpointSlices,
		mgr.GetEventRecorderFor("targetGroupBinding"), log, cfg.MaxTargetsPerTargetGroup,
	)
	backendGroups := networking.NewBackendSGProvider(
		cfg.ClusterName, cfg.BackendSecurityGroup, cloud.VpcID(), cloud.EC2(), mgr.GetClient(), cfg.DefaultTags, false, log,
	)
	groupResolver := networking.NewDefaultSecurityGroupResolver(cloud.EC2(), cloud.VpcID())
	tagging := elbv2deploy.NewDefaultTaggingManager(cloud.ELBV2(), cloud.VpcID(), cfg.FeatureGates, cloud.RGT(), log)

	ctx := ctrl.SetupSignalHandler()
	if err := ingress.NewGroupReconciler(
		cloud, mgr.GetClient(), mgr.GetEventRecorderFor("ingress"), finalizers, groups, networks, groupReconciler, subnets,
		tagging, cfg, backendGroups, groupResolver, log.WithName("controllers").WithName("ingress"), collector, counters,
		targetGroups, shared_utils.NewTargetGroupNameToArnMapper(cloud.ELBV2()),
	).SetupWithManager(ctx, mgr, clients); err != nil {
		return err
	}
	if err := service.NewServiceReconciler(
		cloud, mgr.GetClient(), mgr.GetEventRecorderFor("service"), finalizers, networks, groups, groupReconciler, subnets,
		vpcs, tagging, cfg, backendGroups, groupResolver, log.WithName("controllers").WithName("service"), collector,
		counters, targetGroups,
	).SetupWithManager(ctx, mgr); err != nil {
		return err
	}
	deferred := elbv2.NewDeferredTargetGroupBindingReconciler(
		workqueue.NewDelayingQueueWithConfig(workqueue.DelayingQueueConfig{Name: "delayed-target-group-binding"}),
		cfg.RuntimeConfig.SyncPeriod, mgr.GetClient(), log,
	)
	if err := elbv2.NewTargetGroupBindingReconciler(
		mgr.GetClient(), mgr.GetEventRecorderFor("targetGroupBinding"), finalizers, bindings, cfg, deferred,
		log.WithName("controllers").WithName("targetGroupBinding"), collector, counters,
	).SetupWithManager(ctx, mgr); err != nil {
		return err
	}

	failed := make(chan error, 1)
	go func() { failed <- podInfo.Start(ctx) }()
	go deferred.Run()
	if err := podInfo.WaitForCacheSync(ctx); err != nil {
		return err
	}
	go func() { failed <- mgr.Start(ctx) }()
	return <-failed
}
