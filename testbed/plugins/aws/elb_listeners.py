"""``aws:lb``: listeners of network load balancers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from testbed.plugins.aws import elb_rule_parts as parts
from testbed.plugins.aws import tagging
from testbed.plugins.aws.elb_rules import tag, tags_of
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_HIGHEST_PORT = 65535


class Listener(ResourceType):
    """A listener that forwards TCP."""

    qualified_name = "aws:lb/listener:Listener"
    title = "ELBv2 Listener"
    arguments: ClassVar[Arguments] = {
        "loadBalancerArn": Argument("string", required=True, replaces=True),
        "port": Argument("int"),
        "protocol": Argument("string", computed=True),
        "defaultActions": Argument("list", required=True, same=parts.actions_form, fields=parts.ACTION),
    }
    attributes = frozenset({"arn"})
    missing = frozenset(
        {"alpnPolicy", "certificateArn", "mutualAuthentication", "sslPolicy", "tcpIdleTimeoutSeconds"}
    ) | {
        f"routingHttp{each}"
        for each in (
            "RequestXAmznMtlsClientcertHeaderName",
            "RequestXAmznMtlsClientcertIssuerHeaderName",
            "RequestXAmznMtlsClientcertLeafHeaderName",
            "RequestXAmznMtlsClientcertSerialNumberHeaderName",
            "RequestXAmznMtlsClientcertSubjectHeaderName",
            "RequestXAmznMtlsClientcertValidityHeaderName",
            "RequestXAmznTlsCipherSuiteHeaderName",
            "RequestXAmznTlsVersionHeaderName",
            "ResponseAccessControlAllowCredentialsHeaderValue",
            "ResponseAccessControlAllowHeadersHeaderValue",
            "ResponseAccessControlAllowMethodsHeaderValue",
            "ResponseAccessControlAllowOriginHeaderValue",
            "ResponseAccessControlExposeHeadersHeaderValue",
            "ResponseAccessControlMaxAgeHeaderValue",
            "ResponseContentSecurityPolicyHeaderValue",
            "ResponseServerEnabled",
            "ResponseStrictTransportSecurityHeaderValue",
            "ResponseXContentTypeOptionsHeaderValue",
            "ResponseXFrameOptionsHeaderValue",
        )
    }
    tagged = True

    def label(self, inputs: Properties) -> str:
        """Its load balancer."""
        return str(inputs["loadBalancerArn"])

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """The port's range."""
        port = inputs.get("port")
        if isinstance(port, int) and not 1 <= port <= _HIGHEST_PORT:
            yield CheckFailure("port", f"expected port to be in the range (1 - {_HIGHEST_PORT}), got {port}")

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """AWS refuses a second one at a port."""
        tags = tagging.to_list(inputs.get("tagsAll"))
        answer = aws.client("elbv2").create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **_wanted(inputs), **({"Tags": tags} if tags else {})
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As AWS describes it."""
        try:
            found = aws.client("elbv2").describe_listeners(ListenerArns=[id])["Listeners"]
        except ClientError as error:
            if code_of(error) in ("ListenerNotFound", "LoadBalancerNotFound"):
                return None
            raise
        if not found:
            return None
        (listener,) = found
        actions = sorted(listener["DefaultActions"], key=lambda action: action.get("Order") or 0)
        return {
            "arn": id,
            "loadBalancerArn": listener["LoadBalancerArn"],
            "port": listener.get("Port"),
            "protocol": listener.get("Protocol"),
            "defaultActions": [parts.from_action(index, action) for index, action in enumerate(actions, 1)],
            "tagsAll": tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """All of it at once."""
        aws.client("elbv2").modify_listener(ListenerArn=id, **_wanted(new))

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As for all of the service."""
        tag(aws, id, put, drop)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
        try:
            aws.client("elbv2").delete_listener(ListenerArn=id)
        except ClientError as error:
            if code_of(error) != "ListenerNotFound":
                raise


def _wanted(inputs: Properties) -> dict[str, Any]:
    wanted = {
        "Port": inputs.get("port"),
        "Protocol": inputs.get("protocol"),
        "DefaultActions": [parts.to_action(index, action) for index, action in enumerate(inputs["defaultActions"], 1)],
    }
    return {key: value for key, value in wanted.items() if value is not None}
