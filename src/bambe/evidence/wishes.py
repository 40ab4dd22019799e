"""What AWS has no API for, asked by tags of the deployment group (CodeDeploy) or the service (ECS): on AWS
they change nothing.

bambe:queue    newest | wait    deployments that builds ask for wait for their turn; with `newest` an
                                old version's termination wait ends when a newer one is ready
bambe:analysis  rollback         go back when the new version is found worse than the old one
bambe:synthetic  paths          requests of our own to these, separated by spaces, while there are few others
bambe:hold     a deployment id  stay at the present step and in the present wait
bambe:promote  a deployment id  give the new version all traffic now
"""

from __future__ import annotations

QUEUE = "bambe:queue"
ANALYSIS = "bambe:analysis"
SYNTHETIC = "bambe:synthetic"
HOLD = "bambe:hold"
PROMOTE = "bambe:promote"

NEWEST = "newest"
WAIT = "wait"
ROLLBACK = "rollback"
