"""Owns the reading of the published data shipped beside this module, from source tree and wheel alike."""

import tomllib
from importlib.resources import files
from typing import TypeVar

import msgspec

T = TypeVar("T")


def load(name: str, kind: type[T]) -> T:
    """Reads `data/<name>.toml` as `kind`.

    Raises:
        msgspec.ValidationError: when the shipped file does not have the shape of `kind`.

    """
    text = files("mdk.clinical").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), type=kind)
