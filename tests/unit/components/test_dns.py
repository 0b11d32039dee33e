from components.dns import WildcardRecord, WildcardRecordArgs, hosted_zone_id
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
