from __future__ import annotations

from testbed.loadbalancer import groups
from testbed.loadbalancer.groups import GroupId
from testbed.tests.ingresses import cluster, ingress


def test_an_ingress_without_a_group_name_is_a_group_of_its_own() -> None:
    [group] = groups.load(cluster(ingress("front")))[0]
    assert group.id == GroupId("ns", "front")
    assert group.id.finalizer == "ingress.k8s.aws/resources"


def test_members_stand_by_group_order_then_by_name() -> None:
    state = cluster(
        ingress("a", group__name="g", group__order="10"),
        ingress("c", group__name="g"),
        ingress("b", group__name="g"),
        ingress("z", group__name="g", group__order="-1"),
    )
    [group] = groups.load(state)[0]
    assert [member.name for member in group.members] == ["z", "b", "c", "a"]
    assert group.id.finalizer == "group.ingress.k8s.aws/g"


def test_a_deleted_ingress_leaves_each_group_whose_finalizer_it_holds() -> None:
    held = ["ingress.k8s.aws/resources", "group.ingress.k8s.aws/g", "other/finalizer"]
    found, _ = groups.load(cluster(ingress("front", deleting=True, finalizers=held)))
    assert [(group.id, group.members, [each.name for each in group.leaving]) for group in found] == [
        (GroupId("", "g"), [], ["front"]),
        (GroupId("ns", "front"), [], ["front"]),
    ]


def test_an_ingress_that_changes_its_group_leaves_the_old_one() -> None:
    found, _ = groups.load(cluster(ingress("front", group__name="new", finalizers=["group.ingress.k8s.aws/old"])))
    summary = {str(group.id): (len(group.members), len(group.leaving)) for group in found}
    assert summary == {"new": (1, 0), "old": (0, 1)}


def test_an_ingress_of_another_class_is_nobodys_member() -> None:
    state = cluster(ingress("front", class_name=None))
    assert groups.load(state) == ([], [])


def test_an_ingress_of_a_class_that_does_not_exist_is_refused() -> None:
    _, [(refused, reason)] = groups.load(cluster(ingress("front", class_name="abl")))
    assert (refused.key, reason) == (
        "ns/front",
        'invalid ingress class: IngressClass.networking.k8s.io "abl" not found',
    )


def test_a_malformed_group_name_is_refused() -> None:
    found, [(refused, reason)] = groups.load(cluster(ingress("front", group__name="My_Group")))
    assert (found, refused.key) == ([], "ns/front")
    assert reason.startswith("invalid ingress group: groupName must consist of lower case alphanumeric characters")
