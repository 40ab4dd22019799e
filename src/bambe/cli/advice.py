"""What a person can do about the reasons that CloudFormation gives for a failure."""

from __future__ import annotations

import re

AGAIN = "then run `bambe up` again"
ADVICE = (
    (
        r"access token for server type|OAuthProviderException|not authorized.*connection",
        "let CodeBuild read the repository: `source.connection` in bambe.yml names a connection, or"
        " `bambe aws codebuild import-source-credentials` gives it a token",
    ),
    (
        r"PriorityInUse|Priority .* is currently in use",
        "another service has that route still: give it another first, or take it out with `bambe up --yes`",
    ),
    (
        r"already exists",
        "something of that name is there that this stack did not make: delete it, or name it in `existing`",
    ),
    (
        r"is not authorized to perform|AccessDenied|UnauthorizedOperation|security token .* invalid",
        "give these credentials the right that is named",
    ),
    (
        r"[Ll]imit ?[Ee]xceeded|maximum number of|exceeds? .*(quota|limit)|AddressLimit|VpcLimit",
        "have the quota raised (Service Quotas), or delete what is not needed",
    ),
    (
        r"service.linked role",
        "`bambe aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com` makes it",
    ),
    (
        r"[Cc]ircuit [Bb]reaker|did not stabilize|exceeded attempts to wait|failed to stabilize",
        "tasks do not come to run: what they printed last is told above",
    ),
    (r"certificate.*(validat|FAILED)|Certificate.*timed out", "make the DNS record of the certificate"),
)
"""Patterns of reasons, and what helps; the first that fits."""


def advice(reason: str) -> str:
    """What to do about a reason, in a sentence; "" where nothing is known to help."""
    found = next((said for pattern, said in ADVICE if re.search(pattern, reason)), "")
    return f"{found}; {AGAIN}" if found else ""
