"""Uses components of Studios through their package, with the SDK that `pulumi package add` makes."""

import pulumi
import pulumi_studios as studios

config = pulumi.Config()
host = config.require("host")

credentials = studios.OidcCredentials("credentials", rsa_bits=3072)
configuration = studios.StudiosConfiguration(
    "configuration",
    namespace=config.require("namespace"),
    pem_secret="package-certs",
    pem_key="oidc.pem",
    pem=credentials.pem,
    token_secret="package-token",
    token_key="token",
    token=credentials.registration_token,
    credentials_secret="package-credentials",
    proxy_config_map="package-proxy",
    server_config_map="package-server",
    proxy_environment={"PLATFORM_URL": f"https://{host}"},
    server_environment={"CONNECT_LOG_LEVEL": "INFO"},
)

pulumi.export("tokenSecretName", configuration.token_secret_name)
pulumi.export("registrationToken", credentials.registration_token)
