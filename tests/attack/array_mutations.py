"""Arrays of NumPy: of another shape, kind or content, whole; or with a header that lies."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from random import Random

import numpy as np

from tests.attack.raw_mutations import raw
from tests.attack.text_mutations import NUMBERS, TEXTS

DTYPES = ["<f2", "<f4", ">f8", "<i8", "<u2", "|b1", "|i1", "<U3", "<U1", "|S4", "<c16", "<M8[s]", "|V4"]


def array(content: bytes, rng: Random) -> bytes:
    """An array of NumPy of another shape, kind or content, whole; or one whose header lies."""
    if rng.random() < 0.25:
        return _lying_array(content, rng)
    try:
        values = np.load(io.BytesIO(content), allow_pickle=False)
        with np.errstate(all="ignore"):
            values = _other_values(values, rng) if rng.random() < 0.6 else _other_form(values, rng)
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, values, allow_pickle=False)
    except Exception:  # NumPy has many for an array that an earlier change damaged, or that has no such form
        return raw(content, rng)
    return buffer.getvalue()


def _other_values(values: np.ndarray, rng: Random) -> np.ndarray:
    changed = values.copy()
    if changed.dtype.kind == "U":
        words = [np.str_(rng.choice(TEXTS)), changed.reshape(-1)[rng.randrange(max(changed.size, 1))]]
        changed = changed.astype(object)
        changed.reshape(-1)[rng.randrange(changed.size)] = rng.choice(words)
        return changed.astype(str)
    special = [np.nan, np.inf, -np.inf, 0, -1, 1e30, -1e30, 65504, 2**31, 255]
    worth = rng.choice(special)
    flat = changed.reshape(-1)
    if rng.random() < 0.2:
        flat[:] = worth
    elif flat.size:
        flat[rng.randrange(flat.size)] = worth
    return changed


def _other_form(values: np.ndarray, rng: Random) -> np.ndarray:
    forms: list[Callable[[], np.ndarray]] = [
        lambda: values[None],
        lambda: values[:-1],
        lambda: values[..., :-1],
        lambda: values[:0],
        lambda: values[..., :0],
        lambda: values.reshape(-1),
        lambda: values.T,
        lambda: values[0],
        lambda: np.concatenate([values, values]),
        lambda: np.concatenate([values, values], -1),
        lambda: values.astype(rng.choice(DTYPES)),
        lambda: np.array(rng.choice([*NUMBERS[:6], 1.5, "x", True])),
        lambda: np.asfortranarray(values),
    ]
    return rng.choice(forms)()


def _lying_array(content: bytes, rng: Random) -> bytes:
    end = content.find(b"\n", 10)
    head = content[10:end].decode("latin-1") if end > 0 else ""
    if "'shape':" not in head:
        return raw(content, rng)
    before = head.partition("'shape':")[0]
    shapes = ["()", "(0,)", "(-1,)", "(1099511627776,)", "(4, 4)", "(True,)", "(1.5,)", "(2,)" * 3, "(1,) * 9", "[3]"]
    kinds = [f"'{kind}'" for kind in [*DTYPES, "|O", "O", "<V0", "x"]] + ["[('a', '<f4')]", "None"]
    if rng.random() < 0.5:
        head = f"{before}'shape': {rng.choice(shapes)}, }}"
    else:
        head = f"{{'descr': {rng.choice(kinds)}, " + head[head.find("'fortran") :]
    line = head.encode("latin-1") + b"\n"
    return content[:8] + struct.pack("<H", len(line)) + line + content[end + 1 :]
