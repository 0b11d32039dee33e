"""The forms that values take in a stack's file, each refused with what to write instead."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from settings import hosts, versions

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SUBDOMAIN = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_OBJECT = re.compile(rf"(?=.{{1,253}}\Z){_SUBDOMAIN}", re.ASCII)
_STATEFUL_SET = re.compile(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?", re.ASCII)
_GROUP = re.compile(rf"(?=.{{1,63}}\Z){_SUBDOMAIN}", re.ASCII)
_DATA_KEY = re.compile(r"(?!\.\.|\.\Z)[A-Za-z0-9._-]{1,253}", re.ASCII)
_LABEL_KEY = re.compile(rf"((?=[^/]{{1,253}}/){_SUBDOMAIN}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+", re.ASCII)
_QUANTITY = re.compile(r"(?=[0.]*[1-9])\d{1,15}(\.\d{1,3})?(Ki|Mi|Gi|k|M|G)?", re.ASCII)
IMAGE = re.compile(
    r"(?P<repository>[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(:\d{1,5}(?=/))?(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+", re.ASCII)
_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}", re.ASCII)
_CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_SUCCESS_CODES = re.compile(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*", re.ASCII)
_SSL_POLICY = re.compile(r"ELBSecurityPolicy-[A-Za-z0-9-]{1,100}", re.ASCII)
_ATTRIBUTE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
_ATTRIBUTE_VALUE = re.compile(r"[!-+\--~]*", re.ASCII)
_ENVIRONMENT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
_MOUNTED_FILE = re.compile(r"(/[A-Za-z0-9._-]*[A-Za-z0-9_-]){2,}(\.[A-Za-z0-9]+)?", re.ASCII)
_PLATFORM_OBJECT = re.compile(rf"(ConfigMap|Deployment)/(?=.{{1,253}}\Z){_SUBDOMAIN}", re.ASCII)
_HTTPS_ADDRESS = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.:-]*(/[!-~]*)?", re.ASCII)
_URL_PATH = re.compile(r"/[!-~]{0,1023}", re.ASCII)
_INSTANCE = re.compile(r"i-[0-9a-f]{8}([0-9a-f]{9})?", re.ASCII)
_SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8}([0-9a-f]{9})?", re.ASCII)
_LOAD_BALANCER = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
    r"|arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]+",
    re.ASCII,
)
_LISTENER = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[A-Za-z0-9-]+/[0-9a-f]+/[0-9a-f]+", re.ASCII
)
_YAML_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ya?ml", re.ASCII)
_COMPOSE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_TAG_KEY = re.compile(r"(?!aws:)[A-Za-z0-9 _.:/=+@-]{1,128}", re.ASCII)
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]*[A-Za-z0-9_-])+", re.ASCII)


def form(pattern: re.Pattern[str], wanted: str) -> AfterValidator:
    """Refuses text that does not match as a whole, with what is wanted as the message."""

    def check(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise ValueError(wanted)
        return text

    return AfterValidator(check)


def fits_in_one_line(text: str) -> bool:
    """Whether a text can be the value of an environment variable, and be read where it is shown."""
    return _ENVIRONMENT.fullmatch(text) is not None


def _number_as_text(value: Any) -> Any:
    # 25.3 without quotes in a YAML file is a number.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _parsed(value: Any, opening: str, separator: str | None) -> Any:
    """A list or a map out of the text that `pulumi config set` stores."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith(opening):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            like = '["one", "two"]' if opening == "[" else '{"key": "value"}'
            raise ValueError(f"is no JSON: {error.msg} at character {error.pos + 1}; write it like {like}") from None
    if separator is None or not text:
        return value
    return [item.strip() for item in text.split(separator)]


def _list_in_text(value: Any) -> Any:
    return _parsed(value, "[", ",")


def map_in_text(value: Any) -> Any:
    """The map in a JSON text; anything else is returned as it is."""
    return _parsed(value, "{", None)


def _as_label_text(value: Any) -> Any:
    # A YAML `true` or `301` means the text.
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number_as_text(value)


def _single(value: Any) -> Any:
    """One value in a text; the engine hands lists and maps over as JSON in a text, too."""
    if not isinstance(value, str):
        return value
    text = value.strip(" ")
    if text[:1] in ("[", "{"):
        try:
            several = json.loads(text)
        except ValueError:
            return text
        raise ValueError(f"is a {'list' if isinstance(several, list) else 'map'}; write a single value")
    return text


def _without_repeats(items: tuple[Any, ...]) -> tuple[Any, ...]:
    repeated = sorted({str(item) for item in items if items.count(item) > 1})
    if repeated:
        raise ValueError(f"has {', '.join(repeated)} more than once; write it once")
    return items


def _version(parse: Callable[[str], versions.Version]) -> BeforeValidator:
    def read(value: Any) -> versions.Version:
        if isinstance(value, versions.Version):
            return value
        return parse(str(_number_as_text(value)))

    return BeforeValidator(read)


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"is no network ({error}); write one such as 10.0.0.0/16") from None


def _ascending(codes: str) -> str:
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if last and last < first:
            raise ValueError(f"has {part}, which ends before it begins; write {last}-{first}")
    return codes


def _workspaces(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in ("all", "none"):
        return value.strip().lower()
    has_digit = isinstance(value, str) and any("0" <= character <= "9" for character in value)
    items = value if isinstance(value, str) and not has_digit and "[" not in value else _list_in_text(value)
    if isinstance(items, int) and not isinstance(items, bool):
        items = [items]
    wanted = 'write "all", "none" or a list of workspace ids such as [1, 2]'
    if not isinstance(items, list | tuple):
        raise ValueError(f"is neither a word nor a list; {wanted}")  # noqa: TRY004 (pydantic takes ValueError)
    ids: list[int] = []
    for item in items:
        text = str(item).strip()
        if isinstance(item, bool | float) or not text.isascii() or not text.isdigit() or int(text) < 1:
            raise ValueError(f"holds {json.dumps(item, default=str)}, which is no workspace id; {wanted}")
        ids.append(int(text))
    if not ids:
        raise ValueError('is empty; write "none" to switch Studios off, or "all"')
    return tuple(_without_repeats(tuple(ids)))


LogWord = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


def _log_level(value: Any) -> Any:
    upper = value.strip().upper() if isinstance(value, str) else value
    return upper if upper in get_args(LogWord) else value


PlatformVersion = Annotated[versions.Version, _version(versions.platform_version)]
ConnectVersion = Annotated[versions.Version, _version(versions.connect_version)]
Workspaces = Annotated[Literal["all", "none"] | tuple[int, ...], BeforeValidator(_workspaces)]

LONGEST_TEXT = 2048
"""Nothing that is written in one line is longer, and many such texts fit into one ConfigMap."""

Text = Annotated[
    str, BeforeValidator(_number_as_text), BeforeValidator(_single), Field(min_length=1, max_length=LONGEST_TEXT)
]
HttpsUrl = Annotated[Text, AfterValidator(hosts.https_url)]
HttpsAddress = Annotated[
    Text, form(_HTTPS_ADDRESS, "is no https URL; write one such as https://example.com/features.json")
]
Domain = Annotated[Text, AfterValidator(hosts.domain_name)]
RedisAddress = Annotated[Text, AfterValidator(lambda text: hosts.address_with_port(text, default_port=6379))]
EnvironmentText = Annotated[Text, form(_ENVIRONMENT, "has a line break or a control character; write it in one line")]

Label = Annotated[
    Text, form(_LABEL, "is no Kubernetes name; write up to 63 of a-z, 0-9 and '-', with a letter or digit at both ends")
]
StatefulSetName = Annotated[
    Text,
    # The label that Kubernetes gives its pods holds the name and a hash, in 63 characters.
    form(
        _STATEFUL_SET,
        "is no name of a StatefulSet and its Service; write up to 52 of a-z, 0-9 and '-', beginning with a letter",
    ),
]
GroupName = Annotated[Text, form(_GROUP, "is no name of an Ingress group; write up to 63 of a-z, 0-9, '-' and '.'")]
SslPolicy = Annotated[
    Text,
    form(_SSL_POLICY, "is no TLS policy of a load balancer; write one such as ELBSecurityPolicy-TLS13-1-2-2021-06"),
]
ServiceName = Annotated[
    Text, form(_SERVICE, "is no Service name; write up to 63 of a-z, 0-9 and '-', beginning with a letter")
]
ObjectName = Annotated[
    Text, form(_OBJECT, "is no Kubernetes name; write up to 253 of a-z, 0-9, '-' and '.', as `kubectl get` prints it")
]
DataKey = Annotated[Text, form(_DATA_KEY, "is no key of a ConfigMap; write letters, digits, '-', '_' and '.'")]
UrlPath = Annotated[Text, form(_URL_PATH, "is no path of a URL; write one that begins with /, without spaces")]
MountedFile = Annotated[
    Text, form(_MOUNTED_FILE, "is no file in a folder of its own; write an absolute path such as /data/certs/oidc.pem")
]
Folder = Annotated[Text, form(_FOLDER, "is no absolute path; write one such as /data")]
Port = Annotated[int, Field(ge=1, le=65535)]
UnprivilegedPort = Annotated[int, Field(ge=1024, le=65535)]
Duration = Annotated[Text, form(_DURATION, "is no duration; write numbers with units, such as 2m or 1h30m")]
Quantity = Annotated[Text, form(_QUANTITY, "is no amount of storage; write one such as 100Mi")]
Image = Annotated[
    Text, form(IMAGE, "is no image; write repository, repository:tag or repository@sha256:<digest>, without a scheme")
]
CertificateArn = Annotated[
    Text,
    form(_CERTIFICATE, "is no ARN of an ACM certificate; write arn:aws:acm:<region>:<account>:certificate/<id>"),
]
HostedZoneId = Annotated[Text, form(_ZONE_ID, "is no Route 53 zone id; write one such as Z0123456789ABCDEFGHIJ")]
ClusterName = Annotated[Text, form(_CLUSTER, "is no name of an EKS cluster; `aws eks list-clusters` prints them")]
InstanceId = Annotated[Text, form(_INSTANCE, "is no id of an EC2 instance; write one such as i-0123456789abcdef0")]
SecurityGroupId = Annotated[
    Text, form(_SECURITY_GROUP, "is no id of a security group; write one such as sg-0123456789abcdef0")
]
LoadBalancer = Annotated[
    Text, form(_LOAD_BALANCER, "is neither name nor ARN of an application load balancer; write one of them")
]
ListenerArn = Annotated[
    Text, form(_LISTENER, "is no ARN of a listener; `aws elbv2 describe-listeners` prints them as ListenerArn")
]
YamlFile = Annotated[
    Text, form(_YAML_FILE, "is no name of a YAML file; write one such as docker-compose.yml, without its folder")
]
ComposeService = Annotated[
    Text, form(_COMPOSE_NAME, "is no service of a compose file; `docker compose config --services` prints them")
]
SuccessCodes = Annotated[
    Text,
    form(_SUCCESS_CODES, "are no status codes; write codes from 200 to 499, such as 200-399 or 200,302"),
    AfterValidator(_ascending),
]
LogLevel = Annotated[
    LogWord,
    BeforeValidator(_log_level),
]

ObjectNames = Annotated[tuple[ObjectName, ...], BeforeValidator(_list_in_text), AfterValidator(_without_repeats)]
PlatformObjects = Annotated[
    tuple[
        Annotated[
            Text, form(_PLATFORM_OBJECT, "is none of Platform's objects; write ConfigMap/<name> or Deployment/<name>")
        ],
        ...,
    ],
    BeforeValidator(_list_in_text),
    AfterValidator(_without_repeats),
]
Texts = Annotated[tuple[EnvironmentText, ...], BeforeValidator(_list_in_text), AfterValidator(_without_repeats)]
Cidrs = Annotated[
    tuple[Annotated[Text, AfterValidator(_cidr)], ...],
    BeforeValidator(_list_in_text),
    AfterValidator(_without_repeats),
]
ComposeNetworks = Annotated[
    tuple[
        Annotated[Text, form(_COMPOSE_NAME, "is no network of a compose file; `docker compose config` prints them")],
        ...,
    ],
    BeforeValidator(_list_in_text),
    AfterValidator(_without_repeats),
    Field(min_length=1),
]
Tags = Annotated[
    dict[
        Annotated[str, form(_TAG_KEY, "is no key of a tag; write one such as Name")],
        Annotated[str, BeforeValidator(_as_label_text), Field(max_length=256)],
    ],
    BeforeValidator(map_in_text),
    Field(min_length=1),
]
NodeLabels = Annotated[
    dict[
        Annotated[str, form(_LABEL_KEY, "is no key of a node label; write one such as kubernetes.io/arch")],
        Annotated[
            str,
            BeforeValidator(_as_label_text),
            form(_LABEL_VALUE, "is no value of a node label; write up to 63 letters, digits, '-', '_' and '.'"),
        ],
    ],
    BeforeValidator(map_in_text),
]
LoadBalancerAttributes = Annotated[
    dict[
        Annotated[str, form(_ATTRIBUTE, "is no attribute of a load balancer; write one such as routing.http2.enabled")],
        Annotated[
            str,
            BeforeValidator(_as_label_text),
            form(_ATTRIBUTE_VALUE, "has a comma, a space or a control character, which the annotation cannot hold"),
        ],
    ],
    BeforeValidator(map_in_text),
]
