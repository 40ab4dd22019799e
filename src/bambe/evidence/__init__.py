"""What a release can show for itself: requests and events by version, a ledger of them, a verdict on them.

Pure: numbers in, records and verdicts out. Services that release (CodeDeploy, ECS) feed it.
"""
