"""AWS CodeDeploy on the ECS platform: green beside blue, traffic by weights, the way back."""
