"""Systems Manager as AWS has it: documents that are checked, commands that really run, and associations."""

from __future__ import annotations

from typing import Final

from testbed.emulator import ssm_associations, ssm_commands, ssm_documents

#: What takes the place of moto's own, or is added to it: class, attribute, and its new value.
PATCHES: Final = (*ssm_documents.PATCHES, *ssm_commands.PATCHES, *ssm_associations.PATCHES)
