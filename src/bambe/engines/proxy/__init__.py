"""Traffic: Envoy, told the whole truth by files each time."""
