"""How many tasks a service has as its load changes: the part `scaling:` of a service."""

from __future__ import annotations

from pydantic import Field, model_validator

from bambe.project.words import Strict


class Scaling(Strict):
    """Between `min` and `max` tasks, so many that the measures stay near what is said here."""

    min: int = Field(ge=1, le=100, strict=True)
    max: int = Field(ge=1, le=1000, strict=True)
    cpu: int | None = Field(default=None, ge=1, le=100, strict=True, description="percent of the tasks' CPU")
    requests: int | None = Field(
        default=None, ge=1, le=1_000_000, strict=True, description="a task, in a minute"
    )

    @model_validator(mode="after")
    def _goes_by_something(self) -> Scaling:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}")
        if self.cpu is None and self.requests is None:
            raise ValueError("scaling goes by `cpu`, by `requests`, or by both")
        return self
