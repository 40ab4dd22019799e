"""What does the work: containers, proxy, dns, registry, git."""
