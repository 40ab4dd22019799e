// A small app on aws-cdk-lib's own constructs, as somebody would write it for AWS. VERSION changes a task.
const { App, BootstraplessSynthesizer, CfnOutput, Duration, RemovalPolicy, Stack } = require("aws-cdk-lib");
const codedeploy = require("aws-cdk-lib/aws-codedeploy");
const ec2 = require("aws-cdk-lib/aws-ec2");
const ecs = require("aws-cdk-lib/aws-ecs");
const elb = require("aws-cdk-lib/aws-elasticloadbalancingv2");
const logs = require("aws-cdk-lib/aws-logs");
const servicediscovery = require("aws-cdk-lib/aws-servicediscovery");

const SERVER = [
  "import http.server, os",
  "class Shown(http.server.BaseHTTPRequestHandler):",
  "    def do_GET(self):",
  "        body = os.environ['VERSION'].encode()",
  "        self.send_response(200)",
  "        self.send_header('content-length', str(len(body)))",
  "        self.end_headers()",
  "        self.wfile.write(body)",
  "http.server.ThreadingHTTPServer(('', 8080), Shown).serve_forever()",
].join("\n");

class Shop extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, "Vpc", { maxAzs: 2, natGateways: 1 });
    const cluster = new ecs.Cluster(this, "Cluster", { vpc });
    const namespace = new servicediscovery.PrivateDnsNamespace(this, "Namespace", { name: "cdk.local", vpc });
    const log = new logs.LogGroup(this, "Log", {
      retention: process.env.VERSION === "1" ? logs.RetentionDays.ONE_WEEK : logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const web = new ecs.FargateService(this, "Web", {
      cluster,
      taskDefinition: this.task("WebTask", log, "web", "1"),
      desiredCount: 1,
      deploymentController: { type: ecs.DeploymentControllerType.CODE_DEPLOY },
      cloudMapOptions: { name: "web", cloudMapNamespace: namespace, dnsTtl: Duration.seconds(2) },
    });
    const balancer = new elb.ApplicationLoadBalancer(this, "Balancer", { vpc, internetFacing: true });
    const listener = balancer.addListener("Listener", { port: Number(process.env.PORT), protocol: "HTTP" });
    const groups = ["Blue", "Green"].map(
      (name) =>
        new elb.ApplicationTargetGroup(this, name, {
          vpc,
          port: 8080,
          protocol: elb.ApplicationProtocol.HTTP,
          targetType: elb.TargetType.IP,
          deregistrationDelay: Duration.seconds(5),
          healthCheck: {
            interval: Duration.seconds(5), timeout: Duration.seconds(2), healthyThresholdCount: 2,
          },
        }),
    );
    listener.addTargetGroups("Groups", { targetGroups: [groups[0]] });
    groups[0].addTarget(web);
    new codedeploy.EcsDeploymentGroup(this, "Releases", {
      application: new codedeploy.EcsApplication(this, "Application"),
      service: web,
      deploymentConfig: codedeploy.EcsDeploymentConfig.CANARY_10PERCENT_5MINUTES,
      blueGreenDeploymentConfig: {
        blueTargetGroup: groups[0],
        greenTargetGroup: groups[1],
        listener,
        terminationWaitTime: Duration.minutes(30),
      },
      autoRollback: { failedDeployment: true },
    });
    const worker = new ecs.FargateService(this, "Worker", {
      cluster,
      taskDefinition: this.task("WorkerTask", log, "worker", process.env.VERSION),
      desiredCount: 1,
      minHealthyPercent: 0,
      circuitBreaker: { rollback: true },
    });
    new CfnOutput(this, "Url", { value: `http://${balancer.loadBalancerDnsName}:${process.env.PORT}` });
    new CfnOutput(this, "Cluster_", { key: "ClusterName", value: cluster.clusterName });
    new CfnOutput(this, "Worker_", { key: "WorkerName", value: worker.serviceName });
  }

  task(id, logGroup, streamPrefix, version) {
    const task = new ecs.FargateTaskDefinition(this, id, { cpu: 256, memoryLimitMiB: 512 });
    task.addContainer("web", {
      image: ecs.ContainerImage.fromRegistry("python:3.11-slim"),
      command: ["python3", "-u", "-c", SERVER],
      environment: { VERSION: version },
      portMappings: [{ containerPort: 8080 }],
      stopTimeout: Duration.seconds(2),
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix }),
    });
    return task;
  }
}

const app = new App();
new Shop(app, "cdk-shop", {
  // Bambe has no S3 to bootstrap: the template goes with the request.
  synthesizer: new BootstraplessSynthesizer(),
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
