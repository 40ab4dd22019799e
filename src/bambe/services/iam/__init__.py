"""AWS Identity and Access Management: roles and policies, recorded."""
