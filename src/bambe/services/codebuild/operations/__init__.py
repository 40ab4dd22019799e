"""What clients may ask of CodeBuild, one module per resource."""
