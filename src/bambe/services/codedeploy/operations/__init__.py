"""What clients may ask of CodeDeploy, one module per resource."""
