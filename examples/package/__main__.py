"""Uses components of Studios through their package, as a program in any language would: by type and arguments alone.

With the SDK that `pulumi package add` generates, these are classes with typed arguments; the program is the same.
"""

from typing import Any

import pulumi

config = pulumi.Config()
host = config.require("host")


class Component(pulumi.ComponentResource):
    """A component of the package, made by its plugin."""

    def __init__(self, kind: str, name: str, arguments: dict[str, Any], outputs: list[str]) -> None:
        super().__init__(f"studios:index:{kind}", name, {**arguments, **dict.fromkeys(outputs)}, remote=True)

    def output(self, name: str) -> pulumi.Output[str]:
        """One of the outputs that were asked for."""
        value: pulumi.Output[str] = self.__dict__[name]
        return value


credentials = Component("OidcCredentials", "credentials", {"rsaBits": 3072}, ["registrationToken", "pem"])
configuration = Component(
    "StudiosConfiguration",
    "configuration",
    {
        "namespace": config.require("namespace"),
        "pemSecret": "package-certs",
        "pemKey": "oidc.pem",
        "pem": credentials.output("pem"),
        "tokenSecret": "package-token",
        "tokenKey": "token",
        "token": credentials.output("registrationToken"),
        "credentialsSecret": "package-credentials",
        "proxyConfigMap": "package-proxy",
        "serverConfigMap": "package-server",
        "proxyEnvironment": {"PLATFORM_URL": f"https://{host}"},
        "serverEnvironment": {"CONNECT_LOG_LEVEL": "INFO"},
    },
    ["tokenSecretName"],
)

pulumi.export("tokenSecretName", configuration.output("tokenSecretName"))
pulumi.export("registrationToken", credentials.output("registrationToken"))
