"""How EC2's resources are read back, to see what has drifted."""

from __future__ import annotations

from bambe.services.ec2.drift.networks import NETWORKS
from bambe.services.ec2.drift.security_groups import SECURITY_GROUPS

READS = {**NETWORKS, **SECURITY_GROUPS}
