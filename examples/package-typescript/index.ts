import * as pulumi from "@pulumi/pulumi";
import * as studios from "@pulumi/studios";

const config = new pulumi.Config();
const host = config.require("host");

const credentials = new studios.OidcCredentials("credentials", { rsaBits: 3072 });
const certificate = new studios.WildcardCertificate("certificate", {
    host: host,
    connectHost: `connect.${host}`,
    zoneId: config.require("zoneId"),
});

export const certificateArn = certificate.certificateArn;
export const registrationToken = credentials.registrationToken;
