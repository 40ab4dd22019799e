"""Errors of the OCI distribution API, each with its code and HTTP status."""

from __future__ import annotations

from bambe.kernel.errors import BambeError


class RegistryError(BambeError):
    """An error for the client; a subclass says code and status."""

    code = "UNKNOWN"
    status = 500


class Unauthorized(RegistryError):
    """Nobody, or nobody we know."""

    code, status = "UNAUTHORIZED", 401


class NameUnknown(RegistryError):
    """The repository does not exist."""

    code, status = "NAME_UNKNOWN", 404


class NameInvalid(RegistryError):
    """No name a repository could have."""

    code, status = "NAME_INVALID", 400


class BlobUnknown(RegistryError):
    """The blob does not exist."""

    code, status = "BLOB_UNKNOWN", 404


class UploadUnknown(RegistryError):
    """The upload does not exist (any more)."""

    code, status = "BLOB_UPLOAD_UNKNOWN", 404


class UploadInvalid(RegistryError):
    """A chunk that does not follow the one before."""

    code, status = "BLOB_UPLOAD_INVALID", 416


class DigestInvalid(RegistryError):
    """The content is not what its digest says."""

    code, status = "DIGEST_INVALID", 400


class ManifestUnknown(RegistryError):
    """The manifest does not exist."""

    code, status = "MANIFEST_UNKNOWN", 404


class ManifestInvalid(RegistryError):
    """No manifest, or one that names blobs nobody has pushed."""

    code, status = "MANIFEST_INVALID", 400


class Denied(RegistryError):
    """The repository's own rule says no (an immutable tag is taken)."""

    code, status = "DENIED", 403


class Unsupported(RegistryError):
    """No such operation."""

    code, status = "UNSUPPORTED", 405
