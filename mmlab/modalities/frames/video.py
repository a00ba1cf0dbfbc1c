"""Some frames of a video file, by PyAV (the extra `video`), without decoding the rest where the codec allows it.

The packets of the file are looked at first: they say when each frame is, and from which a decoder can begin. So the
frames that are wanted, and how many have to be decoded for them, are known before anything is decoded, and what would
take too long is refused. Only containers that are known by their first bytes are opened, so that no file can name
another one for FFmpeg to open, and only codecs that are in use.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Clip
from mmlab.modalities.containers import check_installed, container_of
from mmlab.modalities.files import shown_name
from mmlab.modalities.frames.pictures import FRAME_SIDE
from mmlab.modalities.frames.sampling import evenly

CODECS = (
    *("av1", "flv1", "h263", "h264", "hevc", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2"),
    *("msmpeg4v3", "theora", "vc1", "vp6", "vp6f", "vp8", "vp9", "wmv1", "wmv2", "wmv3"),
)
LONGEST = 600  # seconds
MOST_PACKETS = 60_000
LARGEST_FRAME = 4096 * 2304
MOST_EFFORT = 1.5  # seconds of one core, by what follows: the slowest codec at few, and at many bits a pixel
PIXELS_A_SECOND, BYTES_A_SECOND = 320e6, 12e6
SOUGHT = frozenset(
    {"mov", "matroska", "avi", "flv"}
)  # containers that say where their frames are; others are decoded from 0 on
ENOUGH, SLACK = 0.9, 0.5  # share, less seconds, of what a file says it takes that has to be there
SPARE = 64  # frames that a decoder may give beyond those that the packets announce
NEEDS_NONE = "Folders of pictures, GIF and WebP need nothing."
HINT = "Give an MP4, WebM, MKV, AVI, FLV or MPEG file that plays, or a folder of its pictures."
AGAIN = "Take it from where it came from again."
SMALLER = "Make it smaller: ffmpeg -i IN.mp4 -vf scale=320:-2 -t 60 OUT.mp4"


class _Missed(Exception):
    """A search in the file ended behind the frame that was looked for."""


@dataclass(frozen=True)
class _Packets:
    """times: of all frames in their order, in the stream's units; keys: of those that a decoder can begin with.

    sizes: of the packet of each frame, in bytes. unit: seconds of one of the units. counted: whether the file says when
    frames are decoded, not when they are shown, so that they have to be counted.
    """

    times: list[int]
    keys: list[int]
    sizes: list[int]
    unit: float
    counted: bool

    def seconds(self, place: int) -> float:
        """When a frame is, after the first."""
        return (self.times[place] - self.times[0]) * self.unit

    def begin(self, place: int) -> int:
        """The last frame, at or before this one, that a decoder can begin with."""
        found = bisect_right(self.keys, self.times[place])
        return bisect_right(self.times, self.keys[found - 1]) - 1 if found else 0

    def plan(self, places: list[int]) -> Iterator[tuple[int, int]]:
        """Each wanted frame, and from which decoding goes on to it: the next, or one that a decoder begins with."""
        behind = -1
        for place in places:
            begin = self.begin(place)
            yield place, begin if begin > behind else behind + 1
            behind = place

    def effort(self, places: list[int], pixels: int) -> float:
        """About how many seconds it takes to decode what has to be decoded for the wanted frames."""
        needed = [each for place, begin in self.plan(places) for each in range(begin, place + 1)]
        return len(needed) * pixels / PIXELS_A_SECOND + sum(self.sizes[each] for each in needed) / BYTES_A_SECOND


def from_video(content: bytes, name: str, wanted: int) -> Clip:
    """Up to `wanted` frames of a video file at even distances. Raises DataError."""
    label = shown_name(name, "The video")
    check_installed(label, NEEDS_NONE)
    try:
        with _opened(content) as (container, stream):
            packets = _packets(container, stream, label)
            places = list(dict.fromkeys(evenly(len(packets.times), wanted)))
            size = stream.codec_context.width, stream.codec_context.height
            note = _cut_off(container, stream, packets, label)
        _check(size, packets, places, label)
        try:
            frames = _decoded(content, packets, places, size)
        except _Missed:
            packets = replace(packets, keys=packets.keys[:1])
            _check(size, packets, places, label)
            frames = _decoded(content, packets, places, size)
    except DataError:
        raise
    except Exception as error:  # FFmpeg raises OSError, ValueError, EOFError and some forty kinds of its own
        raise DataError(f"{label} is not a video that can be read, or it is damaged.", HINT) from error
    if len(frames) < len(places):
        message = f"{label} is cut off or damaged: {len(frames)} of {len(places)} frames could be decoded."
        raise DataError(message, AGAIN)
    return Clip(np.stack(frames), tuple(packets.seconds(place) for place in places), note)


@contextmanager
def _opened(content: bytes) -> Iterator[tuple[Any, Any]]:
    """The container and its first video. Raises DataError where there is none of a codec in use."""
    import av

    av.logging.set_level(None)  # what a file says wrong of itself is not for the log of whoever hosts this
    bounds = {"max_pixels": str(LARGEST_FRAME), "threads": "1"}  # of what FFmpeg decodes as it opens a file, too
    kind = container_of(content)
    with av.open(io.BytesIO(content), format=kind, metadata_errors="ignore", options=bounds) as container:
        if not container.streams.video:
            raise DataError("The file holds no video.", HINT)
        stream = container.streams.video[0]
        codec = stream.codec_context.codec.canonical_name
        if codec not in CODECS:
            raise DataError(f"The video is packed by '{codec[:20]}', which is not read here.", HINT)
        stream.codec_context.options = bounds
        stream.codec_context.thread_count = 1
        yield container, stream


def _packets(container: Any, stream: Any, label: str) -> _Packets:
    """When each frame is, without decoding one. Raises DataError for a video that is too long."""
    names = container.format.name.split(",")
    found, keys, counted = [], [], "avi" in names  # which says when frames are decoded
    for packet in container.demux(stream):
        time = packet.dts if packet.pts is None else packet.pts
        if time is None or not packet.size:
            continue
        counted |= packet.pts is None
        found.append((int(time), int(packet.size)))
        if packet.is_keyframe:
            keys.append(int(time))
        if len(found) > MOST_PACKETS:
            raise DataError(f"{label} has more than {MOST_PACKETS:,} frames.", SMALLER)
    if not found:
        raise DataError(f"{label} holds no frame.", HINT)
    sought = not SOUGHT.isdisjoint(names)
    times, sizes = zip(*sorted(found), strict=True)
    first_keys = sorted(keys)[: None if sought else 1]
    return _Packets(list(times), first_keys, list(sizes), float(stream.time_base), counted)


def _check(size: tuple[int, int], packets: _Packets, places: list[int], label: str) -> None:
    """Size, duration and what there is to decode, before any of it is. Raises DataError."""
    width, height = size
    if min(width, height) < 2:
        raise DataError(f"{label} does not say how large its frames are, or they are too large.", SMALLER)
    if width * height > LARGEST_FRAME:
        raise DataError(f"{label} has frames of {width:,} × {height:,} pixels.", SMALLER)
    seconds = packets.seconds(-1)
    if seconds > LONGEST:
        hint = "Cut it: ffmpeg -i IN.mp4 -t 60 OUT.mp4"
        raise DataError(f"{label} takes {seconds:,.0f} seconds; the limit is {LONGEST}.", hint)
    if packets.effort(places, width * height) > MOST_EFFORT:
        message = f"{label} has {width:,} × {height:,} pixels and takes too long to decode for {len(places)} frames."
        raise DataError(message, SMALLER)


def _cut_off(container: Any, stream: Any, packets: _Packets, label: str) -> str:
    """A sentence where the file says that it takes longer than its frames do, sound included; empty otherwise.

    Raises DataError where the video itself should, or where the sound ends as early.
    """
    there, said = packets.seconds(-1), (stream.duration or 0) * packets.unit
    end, whole = there, (container.duration or 0) / 1_000_000
    if not said and there < ENOUGH * whole - SLACK:  # Matroska and Flash say how long all of it is, not each part
        end, said = max(there, _end_of_sound(container)), whole
    if end < ENOUGH * said - SLACK:
        raise DataError(f"{label} is cut off: {end:.1f} of {said:.1f} seconds are there.", AGAIN)
    if there < ENOUGH * whole - SLACK:
        return f"The file says that it takes {whole:.1f} seconds; its frames end after {there:.1f}."
    return ""


def _end_of_sound(container: Any) -> float:
    """When the last packet of any sound is, in seconds; 0 where there is none."""
    if not container.streams.audio:
        return 0.0
    container.seek(0)
    times = (packet.pts * packet.time_base for packet in container.demux(container.streams.audio) if packet.size)
    return float(max((time for time in times if time is not None), default=0.0))


def _decoded(content: bytes, packets: _Packets, places: list[int], size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """The frames at these places; fewer where the file ends before, or its frames change their size. Raises _Missed."""
    frames: list[NDArray[np.uint8]] = []
    with _opened(content) as (container, stream):
        coming, next_one = _same(container.decode(stream), size), 0
        for place, begin in packets.plan(places):
            if begin != next_one:
                container.seek(packets.times[begin], stream=stream)
                coming = _same(container.decode(stream), size)
            if packets.counted:
                frame = next(islice(coming, place - begin, None), None)
            else:
                frame = _at(coming, packets.times[place], place - begin + SPARE, exact=len(packets.keys) > 1)
            if frame is None:
                break
            frames.append(_pixels(frame))
            next_one = place + 1
    return frames


def _same(frames: Iterator[Any], size: tuple[int, int]) -> Iterator[Any]:
    """Frames as long as they have the size that was counted on."""
    return takewhile(lambda frame: (frame.width, frame.height) == size, frames)


def _at(coming: Iterator[Any], time: int, most: int, exact: bool) -> Any:
    """The first frame at this time or later, within so many frames; None where they end before.

    Raises _Missed for a later one, where it must be exact.
    """
    for frame in islice(coming, most):
        found = frame.dts if frame.pts is None else frame.pts
        if found is not None and found >= time:
            if exact and found > time:
                raise _Missed
            return frame
    return None


def _pixels(frame: Any) -> NDArray[np.uint8]:
    """A frame in colour, upright, of at most `FRAME_SIDE` pixels a side."""
    scale = min(1.0, FRAME_SIDE / max(frame.width, frame.height))
    width, height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(small.to_ndarray(), turns))
