"""AWS CodeBuild: builds by buildspec in a container, started by a call or by a push."""
