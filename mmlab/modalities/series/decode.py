"""Sensor recordings as tables to `Series`: which columns belong to the sensor, the time of each row, and the unit.

What the file does not say is as stated (`TableOptions`), from its settings line (`mmlab.modalities.series.csv_table`),
otherwise guessed from the numbers; every guess becomes a sentence of `Series.note`.

>>> read_series(content, "walk.csv", ACCELEROMETER, seconds=1.0)      # its three columns of a file of many
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Series
from mmlab.modalities.files import shown_name
from mmlab.modalities.series.csv_table import HINT, NOTHING_STATED, Table, TableOptions, read_table
from mmlab.modalities.series.timestamps import Clock, read_clock

Values = NDArray[np.float64]
AXES = ("x", "y", "z")
LARGEST = 1e4  # in the sensor's unit: far above what any of them measures
STILL = 1e-9
_AXIS = re.compile(r"(?:^|[^a-z])([xyz])(?:[^a-z]|$)|([xyz])$")
_BRACKETS = re.compile(r"[\[(](.*?)[\])]")


@dataclass(frozen=True)
class Sensor:
    """A sensor with the axes x, y, z.

    pattern: what its columns are called (lower case); units: factor to the first one, by spelling; place: which
    three of six columns without names are its own; usual: numbers without a unit are taken for the second unit where
    this percentile of their lengths is larger.
    """

    label: str
    pattern: str
    units: Mapping[str, float]
    place: int
    percentile: float
    usual: float


ACCELEROMETER = Sensor(
    "accelerometer",
    r"acc|g-?force|^gf|^a[ _.\-]?[xyz]\b",
    {"g": 1.0, "m/s2": 1 / 9.80665, "mg": 1e-3},
    place=0,
    percentile=50,  # gravity: 1 g or 9.8 m/s²
    usual=4.0,
)
GYROSCOPE = Sensor(
    "gyroscope",
    r"gyr|rotation|omega|angular|^[wg][ _.\-]?[xyz]\b",
    {"rad/s": 1.0, "deg/s": pi / 180},
    place=1,
    percentile=99,  # the fastest turns: hands hardly reach 20 rad/s, and pass 20 deg/s at once
    usual=20.0,
)
SENSORS = (ACCELEROMETER, GYROSCOPE)


def read_series(
    content: bytes, name: str, sensor: Sensor, seconds: float, stated: TableOptions = NOTHING_STATED
) -> Series:
    """The columns of `sensor` in its first unit, at even steps; the part that counts is `seconds` long.

    It starts where the file states it, or where most moves. Raises DataError.
    """
    label = shown_name(name, "The file")
    table = read_table(content, label, stated)
    start = _start(table.settings["start"], label) if "start" in table.settings else None
    clock = read_clock(table, label, seconds, start)
    owned, assumed = _owned(table, clock, sensor, label)
    even = {owner: clock.even(table.values[:, columns]) for owner, columns in owned.items()}
    values, turned = _in_unit(even[sensor.label], table, owned[sensor.label], sensor)
    unit = next(iter(sensor.units))
    if float(np.ptp(values, axis=0).max()) < STILL:
        raise DataError(f"{label}: every row is the same.", "Check the sensor, and record some movement.")
    if float(np.abs(values).max()) > LARGEST:
        raise DataError(f"{label}: the values are too large for {unit}.", "State the unit, or give other columns.")
    part, taken = _part(list(even.values()), clock, seconds, start, label)
    note = " ".join(filter(None, [*clock.notes, assumed, turned, taken]))
    return Series(values.astype(np.float32), clock.rate, AXES, unit, part, note)


def encode_series(series: Series, prefix: str, decimals: int = 3) -> bytes:
    """A CSV file with the time in seconds and the columns named `prefix_x [unit]`."""
    head = ",".join(["t [s]", *(f"{prefix}_{name} [{series.unit}]" for name in series.columns)])
    rows = [
        ",".join([f"{row / series.rate:.3f}", *(f"{value:.{decimals}f}" for value in values)])
        for row, values in enumerate(series.values.astype(np.float64))
    ]
    return ("\n".join([head, *rows]) + "\n").encode()


def encode_table(recordings: Mapping[str, Series]) -> bytes:
    """A CSV file with the time in seconds and the columns of several recordings at the same moments, by the name of
    each, which stands before those of its columns: `gyroscope_x [rad/s]`."""
    parts = list(recordings.items())
    first, rows = parts[0][1], min(len(each.values) for _, each in parts)
    names = [_column(prefix, name, each.unit) for prefix, each in parts for name in each.columns]
    values = np.concatenate([each.values[:rows].astype(np.float64) for _, each in parts], axis=1)
    times = (f"{row / first.rate:.4f}" for row in range(rows))
    lines = [",".join([time, *(f"{value:.5g}" for value in row)]) for time, row in zip(times, values, strict=True)]
    return ("\n".join([",".join(["t [s]", *names]), *lines]) + "\n").encode()


def _column(prefix: str, name: str, unit: str) -> str:
    whole = f"{prefix}_{name}".strip("_")
    whole = f"column_{whole}" if whole.isdecimal() else whole  # a line of numbers would be read as a row
    return whole + (f" [{unit}]" if unit else "")


def most_active(groups: Sequence[Values], rows: int) -> int:
    """The first of the `rows` rows in which most moves: variance, where all groups of columns `[T, C]` count alike."""
    squares = np.zeros(len(groups[0]))
    sums = []
    for group in groups:
        scaled = (group - group.mean(0)) / max(float(group.std(0).max()), STILL)
        squares += np.square(scaled).sum(1)
        sums.append(scaled)
    columns = np.concatenate(sums, axis=1)
    means = _running(columns, rows) / rows
    variance = _running(squares[:, None], rows)[:, 0] / rows - np.square(means).sum(1)
    return int(np.argmax(np.round(variance, 9)))


def _running(columns: Values, rows: int) -> Values:
    total = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)])
    return total[rows:] - total[:-rows]


def _owned(table: Table, clock: Clock, sensor: Sensor, label: str) -> tuple[dict[str, list[int]], str]:
    """Whose the columns are, by label of the sensor (every sensor that is found), and what was assumed."""
    free = [column for column in range(table.values.shape[1]) if column not in clock.columns]
    found = {each.label: columns for each in SENSORS if (columns := _named(table, free, each.pattern))}
    if not found and len(free) == len(AXES) and (bare := _named(table, free, "")):
        found = {sensor.label: bare}
    if sensor.label in found:
        return found, ""
    if found:
        other = " and ".join(found)
        raise DataError(f"{label} holds columns of the {other}, none of the {sensor.label}.", "Give it to that input.")
    if len(free) == len(AXES):
        return {sensor.label: free}, f"Took the columns for x, y, z of the {sensor.label}."
    if len(free) == len(AXES) * len(SENSORS):
        parts = {each.label: free[len(AXES) * each.place :][: len(AXES)] for each in SENSORS}
        return parts, "Took the first three columns for the accelerometer, the last three for the gyroscope."
    raise DataError(
        f"{label} has {len(free)} columns besides the time; which are those of the {sensor.label} is not clear.",
        f"Give three columns, or name them, such as {sensor.label}_x, {sensor.label}_y, {sensor.label}_z.",
    )


def _named(table: Table, free: Sequence[int], pattern: str) -> list[int]:
    """The first columns called after `pattern` and x, y, z; empty unless all three are there."""
    axes: dict[str, int] = {}
    for column in free:
        name = _BRACKETS.sub("", table.names[column]).strip().lower() if table.names else ""
        found = _AXIS.search(name)
        if found and re.search(pattern, name):
            axes.setdefault(found[1] or found[2], column)
    return [axes[axis] for axis in AXES] if len(axes) == len(AXES) else []


def _in_unit(values: Values, table: Table, columns: Sequence[int], sensor: Sensor) -> tuple[Values, str]:
    """Values in the sensor's first unit: as stated, from the names of the columns, or told by their size."""
    first, second = list(sensor.units)[:2]
    named = {_unit_of(table.names[column], sensor) for column in columns} if table.names else {""}
    stated = [unit for unit in map(_spelled, table.settings.get("unit", "").split(",")) if unit in sensor.units]
    if stated or (len(named) == 1 and "" not in named):
        unit = stated[0] if stated else named.pop()
        return values * sensor.units[unit], "" if unit == first else f"Converted {_shown(unit)} to {first}."
    size = float(np.percentile(np.linalg.norm(values, axis=1), sensor.percentile))
    unit = second if size > sensor.usual else first
    turned = f" and converted to {first}" if unit != first else ""
    return values * sensor.units[
        unit
    ], f"The unit is not stated: {_shown(unit)} is assumed from the size of the numbers{turned}."


def _unit_of(name: str, sensor: Sensor) -> str:
    """The unit in the name of a column: in brackets, or after the axis (`acc_x_g`, `gyro z deg/s`)."""
    within = _BRACKETS.findall(name)
    candidates = [*within, re.split(r"[ _]", name.strip())[-1]]
    return next((unit for unit in map(_spelled, candidates) if unit in sensor.units), "")


def _spelled(unit: str) -> str:
    """A unit as it is spelled here: `m/s²`, `m/s^2`, `ms-2` are `m/s2`; `dps`, `°/s` are `deg/s`."""
    plain = unit.strip().lower().replace("²", "2").replace("^", "").replace("**", "").replace("°", "deg")
    plain = re.sub(r"deg(rees?)?", "deg", re.sub(r"rad(ians?)?", "rad", plain)).replace("sec", "s").replace(" ", "")
    return {"ms-2": "m/s2", "mps2": "m/s2", "m/ss": "m/s2", "dps": "deg/s", "rads": "rad/s", "degs": "deg/s"}.get(
        plain, plain
    )


def _shown(unit: str) -> str:
    return unit.replace("m/s2", "m/s²").replace("deg/s", "°/s")


def _part(
    groups: Sequence[Values], clock: Clock, seconds: float, stated: float | None, label: str
) -> tuple[tuple[float, float], str]:
    """The seconds that count, from the stated start or where most moves, and a sentence. Raises DataError."""
    rate = clock.rate
    length = len(groups[0]) / rate
    if length < 0.9 * seconds:
        raise DataError(f"{label} holds {length:.2f} s; it takes {seconds:g} s.", "Use a longer recording.")
    if stated is not None:
        start, why = stated - clock.begin, "as stated"
        if start + 0.9 * seconds > length:
            raise DataError(f"{label} holds {length:.2f} s: there is not enough after {stated:g} s.", "Start earlier.")
    elif length > seconds + 1 / rate:
        rows = min(round(seconds * rate), len(groups[0]))
        start, why = most_active(groups, rows) / rate, "where most movement is"
    else:
        return (0.0, seconds), ""
    return (start, start + seconds), f"Took {start:.1f} to {start + seconds:.1f} s of {length:.1f} s, {why}."


def _start(text: str, label: str) -> float:
    try:
        start = float(text)
    except ValueError:
        start = -1.0
    if not 0 <= start < 1e6:
        raise DataError(f"{label}: it cannot start at '{text[:20]}'.", f"State seconds from the beginning. {HINT}")
    return start
