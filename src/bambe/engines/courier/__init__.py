"""The engine that carries messages to endpoints of this machine."""
