"""The operations of AWS Lambda, a module for each subject."""
