"""The loop kit: a queue of keys, backoff, resync, and the runner that drives reconcilers."""

from bambe.control.queue import KeyQueue
from bambe.control.reconciler import Key, Reconciler
from bambe.control.runner import Runner

__all__ = ["Key", "KeyQueue", "Reconciler", "Runner"]
