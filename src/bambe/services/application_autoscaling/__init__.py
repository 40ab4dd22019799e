"""Application Auto Scaling: how many tasks a service has, by the hour and by what they have to do."""
