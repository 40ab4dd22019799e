"""Elastic Load Balancing: application load balancers, their listeners, rules and target groups."""
