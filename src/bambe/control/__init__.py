"""The loop kit: a queue of keys, backoff, resync, the runner of reconcilers, and how rows expire."""

from bambe.control.expiry import Expiry
from bambe.control.queue import KeyQueue
from bambe.control.reconciler import Key, Reconciler
from bambe.control.runner import Runner

__all__ = ["Expiry", "Key", "KeyQueue", "Reconciler", "Runner"]
