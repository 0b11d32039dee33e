"""The Role that `docs/rbac.yml` documents, from the one list of rights."""

from __future__ import annotations

from survey.rights import RULES, Rule

_HEAD = """\
# What the user who runs `pulumi preview`, `up` and `destroy` may do in Platform's namespace, and nothing beyond it.
# Put your namespace in place of platform-stage, your user or group in place of studios-deployer, and apply it as an
# administrator.
# A preview also works with the verbs get, list and watch: it warns then that `up` would be refused.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: studios-deployer
  namespace: platform-stage
rules:
"""
_BINDING = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: studios-deployer
  namespace: platform-stage
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: studios-deployer
subjects:
  - kind: User
    name: studios-deployer
    apiGroup: rbac.authorization.k8s.io
"""


def role_document() -> str:
    """The Role and its binding, in YAML."""
    return _HEAD + "".join(map(_rule, RULES)) + _BINDING


def _rule(rule: Rule) -> str:
    comment = "".join(f"  # {line}\n" for line in rule.why.splitlines())
    group = rule.group or '""'
    return (
        f"{comment}  - apiGroups: [{group}]\n"
        f"    resources: [{', '.join(rule.resources)}]\n"
        f"    verbs: [{', '.join(rule.verbs)}]\n"
    )
