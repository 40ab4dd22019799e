"""The errors of STS that its model does not list."""

from bambe.kernel.errors import CommonError


class AccessDenied(CommonError):
    """The role does not exist or may not be assumed; AWS does not say which."""

    status = 403
