"""Base images: what a FROM line and a build need, also where no registry answers."""

from bambe.engines.images.base import BaseImages
from bambe.engines.images.port import Images, Say

__all__ = ["BaseImages", "Images", "Say"]
