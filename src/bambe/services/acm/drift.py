"""How certificates are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _certificate(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.acm.describe_certificate(CertificateArn=made.physical_id)
    found = answer["Certificate"]
    # The domain itself is always among the names, whether the template says so or not.
    said = {found["DomainName"]} & set(expected.get("SubjectAlternativeNames") or ())
    names = {*found["SubjectAlternativeNames"]} - {found["DomainName"]} | said
    return {"DomainName": found["DomainName"], "SubjectAlternativeNames": sorted(names)}


READS = {"AWS::CertificateManager::Certificate": _certificate}
