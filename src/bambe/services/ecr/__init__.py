"""Amazon Elastic Container Registry: repositories, images, and who may push them."""
