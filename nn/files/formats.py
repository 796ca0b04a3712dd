"""Formats of model files: JSON that a person can read, and safetensors."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "scalar-autograd model"
VERSION = 1


def check_name(path: Path) -> None:
    """Raise the error of `save` for a name with a wrong ending or in a missing folder."""
    if path.suffix.lower() not in (".json", ".safetensors"):
        raise ValueError(f"a model is saved as .json or .safetensors, not as {path.name!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {str(path.parent)!r} to save {path.name!r} in: make it first"
        )


def encoded(path: Path, head: dict[str, Any], numbers: dict[str, Any]) -> bytes:
    """The bytes of a file, in the format of the ending of its name."""
    if path.suffix.lower() == ".json":
        lines = [
            f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in head.items()
        ]
        rows = [f"    {json.dumps(name)}: {json.dumps(n, allow_nan=False)}" for name, n in numbers.items()]
        parameters = '  "parameters": {\n' + ",\n".join(rows) + "\n  }"
        return ("{\n" + ",\n".join([*lines, parameters]) + "\n}\n").encode()
    import numpy as np
    from safetensors.numpy import save as to_bytes

    arrays = {name: np.asarray(n, dtype=np.float64) for name, n in numbers.items()}
    return bytes(to_bytes(arrays, metadata={"autograd": json.dumps(head, allow_nan=False)}))


def decoded(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the grouped numbers of a file.

    Raises:
        ValueError: if the file was not written by `save`, is damaged, or is of another version.
    """
    data = path.read_bytes()
    if path.suffix.lower() == ".safetensors":
        head, numbers = _from_safetensors(data)
    else:
        try:
            head = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"it is no JSON, or damaged: {error}") from None
        numbers = head.pop("parameters", {}) if isinstance(head, dict) else {}
    if not isinstance(head, dict) or head.get("format") != FORMAT or not isinstance(numbers, dict):
        raise ValueError("it is no model that this package has saved")
    if head.get("version") != VERSION:
        raise ValueError(f"it is of version {head.get('version')!r}, and this package reads {VERSION}")
    return head, numbers


def _from_safetensors(data: bytes) -> tuple[Any, dict[str, Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        length = int.from_bytes(data[:8], "little")
        described = json.loads(data[8 : 8 + length])["__metadata__"]["autograd"]
        arrays = from_bytes(data)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no safetensors file of a model, or damaged: {error}") from None
    for name, array in arrays.items():
        if array.dtype != "float64":
            raise ValueError(f"{name} is of {array.dtype}, and a model's numbers are of float64")
    return json.loads(described), {name: array.tolist() for name, array in arrays.items()}


def replace(path: Path, data: bytes) -> None:
    """Write a file as a whole, or leave the file that was there."""
    path = path.resolve()  # the target of a symbolic link is replaced, not the link
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def grouped(state: Mapping[str, float]) -> dict[str, Any]:
    """The numbers of a state with lists of parameters together: "layers.0.neurons.1.w": [0.5, -0.25]."""
    grouped: dict[str, Any] = {}
    for name, number in state.items():
        prefix, _, last = name.rpartition(".")
        before = grouped.get(prefix, [])
        if isinstance(before, list) and last == str(len(before)):
            grouped[prefix] = before
            before.append(number)
        else:
            grouped[name] = number
    return grouped


def flat(grouped: Mapping[str, Any]) -> dict[str, Any]:
    """The state whose numbers `grouped` put together."""
    state: dict[str, Any] = {}
    for name, numbers in grouped.items():
        if isinstance(numbers, list):
            state.update({f"{name}.{i}": number for i, number in enumerate(numbers)})
        else:
            state[name] = numbers
    return state
