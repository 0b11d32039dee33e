import pytest

from components.dns import WildcardRecord, WildcardRecordArgs, hosted_zone_id
from survey.aws import AwsAccess, AwsAccount
from tests.unit.components.mocks import run


def test_the_record_is_an_alias_of_the_load_balancer_and_overwrites_no_other() -> None:
    def program() -> None:
        args = WildcardRecordArgs(record_name="*.example.com", zone_id="Z1", load_balancer_hostname="lb.example.net")
        WildcardRecord("record", args)

    recording = run(program)
    assert recording.parents == {"record": "", "record-alias": "record"}
    assert recording["record-alias"].inputs == {
        "zoneId": "Z1",
        "name": "*.example.com",
        "type": "A",
        "aliases": [{"name": "lb.example.net", "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": False}],
    }
    assert recording["record"].outputs == {"fqdn": "*.example.com"}


def test_a_zone_is_looked_up_by_its_name_among_the_public_ones() -> None:
    def program() -> None:
        parent = WildcardRecord(
            "record", WildcardRecordArgs(record_name="*.example.com", zone_id="Z1", load_balancer_hostname="lb")
        )
        hosted_zone_id("example.com", parent)

    assert ("aws:route53/getZone:getZone", {"name": "example.com", "privateZone": False}) in run(program).calls


@pytest.mark.parametrize(
    ("role", "arn", "external"),
    [
        (True, "", ""),
        (
            {"roleArn": "arn:aws:iam::444455556666:role/dns", "externalId": "x"},
            "arn:aws:iam::444455556666:role/dns",
            "x",
        ),
    ],
)
def test_a_record_that_is_taken_over_is_recorded_first_and_taken_away_by_what_brings_the_other_back(
    monkeypatch: pytest.MonkeyPatch, role: bool | dict[str, str], arn: str, external: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    account = AwsAccount(AwsAccess(region="eu-west-1"))

    def program() -> None:
        args = WildcardRecordArgs(record_name="*.example.com", zone_id="Z1", load_balancer_hostname="lb.example.net")
        WildcardRecord("record", args, account=account, take_over=role)

    recording = run(program)
    found, alias = recording["record-as-found"], recording["record-alias"]
    assert {key: value for key, value in found.inputs.items() if key != "__provider"} == {
        "zone_id": "Z1",
        "record_name": "*.example.com",
        "load_balancer_hostname": "lb.example.net",
        "region": "eu-west-1",
        "profile": "",
        "role_arn": arn,
        "external_id": external,
    }
    assert alias.depends_on == {"record-as-found"}
    assert alias.retain_on_delete
    assert alias.inputs["allowOverwrite"] is True


def test_no_record_is_taken_over_in_an_account_that_can_not_be_read() -> None:
    def program() -> None:
        args = WildcardRecordArgs(record_name="*.example.com", zone_id="Z1", load_balancer_hostname="lb.example.net")
        WildcardRecord("record", args, take_over=True)

    with pytest.raises(ValueError, match="only in an account that the program can read"):
        run(program)
