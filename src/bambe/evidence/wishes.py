"""What AWS has no API for, asked by tags: on AWS they change nothing.

A stack sets these on a CodeDeploy deployment group, all but the queue on an ECS service that shifts its
own traffic too:

bambe:queue      newest | wait      deployments that builds ask for wait for their turn; with `newest` an
                                    old version's termination wait ends when a newer one is ready
bambe:analysis   rollback | report  what a new version found worse than the old one leads to
bambe:events     canary             consumers of both versions report what became of events (CloudWatch:
                                    Bambe/Consumers), and the new version is judged by that too
bambe:synthetic  paths              requests of our own to these, separated by spaces, while there are
                                    few others

A person sets these, with a deployment's id, on the same; for any other deployment they mean nothing:

bambe:hold       stay at the present step and in the present wait
bambe:promote    give the new version all traffic now
bambe:finish     end the old version now, once the new one has all traffic (ECS; CodeDeploy has a call for it)
"""

from __future__ import annotations

QUEUE = "bambe:queue"
ANALYSIS = "bambe:analysis"
EVENTS = "bambe:events"
SYNTHETIC = "bambe:synthetic"
HOLD = "bambe:hold"
PROMOTE = "bambe:promote"
FINISH = "bambe:finish"
BY_PEOPLE = frozenset({HOLD, PROMOTE, FINISH})
"""No stack has set them, so none takes them away."""

NEWEST = "newest"
WAIT = "wait"
ROLLBACK = "rollback"
CANARY = "canary"
