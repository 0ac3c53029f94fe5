"""Where the files of weights come from: a download, a package of the index, a person's hand, or
this repository.

Parsed with the Snakefile, so it knows no torch and no NumPy.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from restoration.records.base import Sha256

RESOURCES = Path(__file__).resolve().parents[3] / "resources"
"""The folder of the repository in which weights of our own lie."""


class ListSection(BaseModel):
    """A section of the list of weights: no key beside those that are known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class UrlSource(ListSection):
    """A file that is downloaded."""

    url: Annotated[str, Field(pattern=r"^https://")]

    def describe(self) -> str:
        return self.url


class PackageSource(ListSection):
    """A member of a wheel in the Python package index, or in an institution's mirror of it."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+!_-]*$")]
    member: str

    @field_validator("member")
    @classmethod
    def _inside(cls, member: str) -> str:
        path = PurePosixPath(member)
        if path.is_absolute() or ".." in path.parts or "\\" in member:
            raise ValueError(f"'{member}' leads out of the package")
        return member

    def describe(self) -> str:
        return f"{self.package}=={self.version} in the package index, member {self.member}"


class HandSource(ListSection):
    """A file that only a person can obtain."""

    by_hand: str
    """Where a person gets it."""

    def describe(self) -> str:
        return self.by_hand


class RepositorySource(ListSection):
    """A file of our own that is part of the repository: nothing is fetched, copied or converted."""

    resources: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Its name in the folder ``resources``."""

    def describe(self) -> str:
        return f"the repository, resources/{self.resources}"


def _source_kind(value: Any) -> str:
    """The kind of source by the key that only it has, so that a mistake is named where it is."""
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((kind for kind in ("package", "by_hand", "resources") if kind in keys), "url")


class SourceFile(ListSection):
    """One original file of a set of weights."""

    name: str
    """File name in ``models_dir``; for a user's weights also a path."""
    bytes: Annotated[int, Field(gt=0)] | None = None
    """Size; None where nobody has stated it."""
    sha256: Sha256
    source: Annotated[
        Annotated[UrlSource, Tag("url")]
        | Annotated[PackageSource, Tag("package")]
        | Annotated[HandSource, Tag("by_hand")]
        | Annotated[RepositorySource, Tag("resources")],
        Discriminator(_source_kind),
    ]

    def path(self, models_dir: Path) -> Path:
        """Where the file lies: if a person put it there (absolute names stay as they are), or in
        the repository, whatever the folder."""
        if isinstance(self.source, RepositorySource):
            return RESOURCES / self.source.resources
        return models_dir / self.name

    def is_kept(self, models_dir: Path) -> bool:
        """Whether it lies there, in the size that is stated."""
        path = self.path(models_dir)
        return path.is_file() and self.bytes in (None, path.stat().st_size)
