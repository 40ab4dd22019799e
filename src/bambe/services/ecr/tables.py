"""The tables of ECR."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.ecr.model import Image, Password, Removal, Repository
from bambe.store import Migration, Table

REPOSITORIES = Table("ecr_repositories", Repository, ("account", "region", "name"))
IMAGES = Table("ecr_images", Image, ("account", "region", "repository", "digest"))
PASSWORDS = Table("ecr_passwords", Password, ("hash",))
REMOVALS = Table("ecr_removals", Removal, ("account", "region", "repository", "reference"))


def _tables(tx: Tx) -> None:
    REPOSITORIES.create(tx)
    IMAGES.create(tx)
    PASSWORDS.create(tx)
    REMOVALS.create(tx)


MIGRATIONS = (Migration("ecr/0001_tables", _tables),)


def images_of(tx: Tx, repository: Repository) -> list[Image]:
    """The repository's images."""
    key = {"account": repository.account, "region": repository.region}
    return IMAGES.list(tx, **key, repository=repository.name)
