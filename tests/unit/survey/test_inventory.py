"""What an account has to choose from, for who has named something that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from survey.aws import AwsAccess, AwsAccount
from survey.aws_errors import AwsError
from survey.inventory import Candidate, Inventory, listed
from testbed.tests.aws_account import Account, strict_account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with strict_account(monkeypatch) as made:
        yield made


@pytest.fixture
def inventory(account: Account) -> Inventory:
    return Inventory(AwsAccount(AwsAccess(region="us-east-1")))


def test_running_instances_are_listed_with_their_tags(account: Account, inventory: Inventory) -> None:
    image = account.ec2.register_image(Name="image")["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "platform"}]}]
    made = account.ec2.run_instances(
        ImageId=image, MinCount=2, MaxCount=2, SubnetId=account.subnets[0], TagSpecifications=tags
    )["Instances"]
    account.ec2.stop_instances(InstanceIds=[made[1]["InstanceId"]])
    assert inventory.instances() == [Candidate(made[0]["InstanceId"], {"Name": "platform"})]


def test_application_load_balancers_and_their_https_listeners_are_listed(
    account: Account, inventory: Inventory
) -> None:
    certificate = account.certificate()
    account.validate(certificate)
    balancer = account.load_balancer()["LoadBalancerArn"]
    account.elb.create_load_balancer(Name="net", Subnets=account.subnets, Type="network")
    account.listener(balancer, Protocol="HTTP", Port=80)
    first = account.listener(balancer, certificate)
    second = account.listener(balancer, certificate, Port=8443)
    account.elb.add_tags(ResourceArns=[balancer, second], Tags=[{"Key": "env", "Value": "prod"}])
    assert inventory.load_balancers() == [Candidate("front", {"env": "prod"})]
    assert inventory.listeners(balancer) == [Candidate(first, {}), Candidate(second, {"env": "prod"})]


def test_tags_are_read_in_as_many_calls_as_aws_wants(account: Account, inventory: Inventory) -> None:
    names = [f"front-{number:02}" for number in range(21)]
    for name in names:
        arn = account.elb.create_load_balancer(Name=name, Subnets=account.subnets)["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        account.elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "Name", "Value": name}])
    assert sorted(choice.shown([]) for choice in inventory.load_balancers()) == [
        f"{name} (Name={name})" for name in names
    ]


def test_a_message_lists_ten_and_counts_the_others() -> None:
    assert listed(list, "listener") == "; there are no listeners"
    twelve = [Candidate(f"l{number}", {}) for number in range(12)]
    assert listed(lambda: twelve[:1], "listener") == "; the listeners are l0"
    assert listed(lambda: twelve, "listener") == "; the listeners are l0, l1, l2, l3, l4, l5, l6, l7, l8, l9 and 2 more"


def test_who_may_not_list_is_told_what_is_wrong_all_the_same() -> None:
    def refuse() -> list[Candidate]:
        raise AwsError("denied")

    assert listed(refuse, "listener") == ""


def test_a_choice_has_all_of_the_tags_or_is_none() -> None:
    choice = Candidate("x", {"Name": "a", "env": "prod"})
    assert choice.has({"env": "prod", "Name": "a"})
    assert not choice.has({"env": "prod", "Name": "b"})
    assert not choice.has({"env": "prod", "cost": "1"})
