"""The first preview for an install unlike the guide's: what stands against it is told, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.platform.shapes import GUIDE
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import ZONE, Install
from tests.engine.stack import Stack

OLD = "old-lb.us-east-1.elb.amazonaws.com"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"


@dataclass
class First:
    """A stack that was never up, and the install that it is for."""

    install: Install
    stack: Stack

    def refused(self, **settings: Any) -> list[str]:
        """The problems of a preview with these settings, which changes nothing: without the project's prefix."""
        before = self.snapshot()
        self.stack.set(**settings)
        preview = self.stack.preview_text()
        self.stack.set(**dict.fromkeys(settings))
        assert preview.code != 0, preview.text
        assert "Traceback" not in preview.text
        assert "Exception calling application" not in preview.text
        assert self.snapshot() == before
        lines = (line.strip().removeprefix("error: ") for line in preview.text.splitlines())
        return [line.removeprefix("seqera-studios:") for line in lines if line.startswith(("seqera-studios:", "aws:"))]

    def snapshot(self) -> tuple[Any, ...]:
        """Everything that a refused run must leave as it is."""
        return self.install.objects(), self.install.records(), self.install.certificates()


@pytest.fixture(scope="module")
def first(new_install: NewInstall, new_stack: NewStack) -> First:
    install = new_install("first", shape=GUIDE)
    return First(install, new_stack(install))


@pytest.fixture
def wildcard(first: First) -> Iterator[None]:
    """A record of an earlier setup at the sessions' hosts."""
    record = {"Name": f"*.{first.install.host}", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": OLD}]}
    route53 = first.install.client("route53")

    def change(action: str) -> None:
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=first.install.zone_id, ChangeBatch=changes)

    change("CREATE")
    yield
    change("DELETE")


@pytest.mark.slow
def test_a_managed_redis_needs_no_stateful_set_in_the_namespace(first: First) -> None:
    first.install.kubectl("delete", "statefulset", "redis")
    first.stack.set(redisAddress="studios.abc123.0001.use1.cache.amazonaws.com:6379")
    assert first.stack.preview_text().ok()
    first.stack.set(redisAddress="redis:6379")


def test_a_zone_that_is_not_there_is_told_beside_what_the_cluster_lacks_and_the_settings_need(first: First) -> None:
    misspelt, zone, cron = first.refused(hostedZone=first.install.host, cronDeployment="cron-jobs", proxyReplica=3)
    assert misspelt == "proxyReplica: is not a setting; did you mean proxyReplicas?"
    assert zone.startswith(f'hostedZone: "{first.install.host}" is not a hosted zone of account 123456789012; it has ')
    assert ZONE in zone
    assert cron.startswith('cronDeployment: "cron-jobs" is not a Deployment in namespace')
    first.stack.set(hostedZone=ZONE)


def test_a_profile_that_is_missing_is_one_message(first: First) -> None:
    (problem,) = first.refused(**{"aws:profile": "no-such-profile"})
    assert problem == (
        'aws:profile: "no-such-profile" gives no way to AWS: there is no such profile in the AWS configuration; '
        "check that `aws sts get-caller-identity --profile no-such-profile` works from here"
    )


def test_a_variable_that_the_container_sets_itself_is_refused_with_both_values(first: First) -> None:
    env = [{"name": URL, "value": "https://old.example.com"}]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "backend", "env": env}]}}}}
    first.install.kubectl("patch", "deployment/backend", "-p", json.dumps(patch))
    (problem,) = first.refused()
    first.install.kubectl("set", "env", "deployment/backend", f"{URL}-")
    assert problem == (
        f'connectUrl: Deployment/backend, container backend: {URL} is "https://old.example.com" from env of the '
        f'container, which wins over "https://connect.{first.install.host}" in ConfigMap/tower-backend-cfg; remove it '
        "there, or write the same value in connectUrl"
    )


@pytest.mark.slow
def test_workspaces_that_somebody_has_set_in_tower_yml_are_refused(first: First) -> None:
    live = first.install.get("configmap", "tower-yml")["data"]["tower.yml"]
    limited = live.replace("tower:\n", "tower:\n  data-studio:\n    allowed-workspaces: [7]\n")

    def write(text: str) -> None:
        patch = json.dumps({"data": {"tower.yml": text}})
        first.install.kubectl("patch", "configmap/tower-yml", "--type=merge", "--field-manager=helm", "-p", patch)

    write(limited)
    (problem,) = first.refused()
    write(live)
    assert problem.startswith("allowedWorkspaces: ConfigMap/tower-yml has [7] for tower.data-studio.allowed-workspaces")
    assert problem.endswith("pulumi config set --path 'takeOver[0]' ConfigMap/tower-yml")


@pytest.mark.slow
def test_the_namespace_of_another_platform_is_refused(first: First) -> None:
    (problem, *_) = first.refused(platformUrl=f"https://other-{first.install.host}")
    first.stack.set(platformUrl=f"https://{first.install.host}")
    assert problem.startswith(f'platformUrl: "https://other-{first.install.host}" is not the URL of the Platform in')


@pytest.mark.usefixtures("wildcard")
def test_a_wildcard_record_of_an_earlier_setup_is_told_with_its_target(first: First) -> None:
    (problem,) = first.refused()
    assert problem.startswith(
        f'sessionRecord: "create" would make the record *.{first.install.host}, which exists already (CNAME {OLD}) and '
        "which this stack has not made"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("wildcard")
def test_a_wildcard_record_may_be_left_to_its_owner(first: First) -> None:
    first.stack.set(sessionRecord="existing")
    changes = first.stack.preview().changes
    first.stack.set(sessionRecord=None)
    assert "studios-record-alias" not in changes
    assert changes["studios-platform-edits"] == "create"
