import * as pulumi from "@pulumi/pulumi";
import * as studios from "@pulumi/studios";

const config = new pulumi.Config();

const all = new studios.KubernetesStudios("studios", {
    platformUrl: config.require("platformUrl"),
    platformVersion: "25.3",
    namespace: config.require("namespace"),
    hostedZone: config.require("hostedZone"),
    redisAddress: "redis:6379",
    redisPassword: config.requireSecret("redisPassword"),
    allowedWorkspaces: [101, 202],
});

export const connectUrl = all.connectUrl;
export const registrationToken = all.registrationToken;
