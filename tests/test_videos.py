"""Video files as clips: the very frames that are wanted, whatever holds them, and a sentence for what cannot be read.

Without PyAV (the extra `video`) all of it is skipped but for the sentence that says so.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.core.errors import DataError
from mmlab.modalities import containers
from mmlab.modalities.audio.decode import read_sound
from mmlab.modalities.frames import video
from mmlab.modalities.frames.decode import read_clip
from mmlab.modalities.frames.sampling import evenly
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.validate import check
from mmlab.tasks.official.flash_video import flash_video
from tests.folders import opened, with_task, written

needs_av = pytest.mark.skipif(find_spec("av") is None, reason="PyAV is not installed: pip install 'mmlab[video]'")
BITS, HIGH, WIDE = 8, 48, 16
MP4_WITHOUT_AV = b"\0\0\0\x20ftypisom" + bytes(40)


def numbered(number: int, scale: int = 1) -> np.ndarray:
    """A frame that shows its number as black and white bars, the lowest bit on the left."""
    bars = [np.full((HIGH * scale, WIDE * scale, 3), 220 * (number >> bit & 1), np.uint8) for bit in range(BITS)]
    return np.concatenate(bars, 1)


def shown(frame: np.ndarray) -> int:
    """The number that a frame shows, at any size."""
    height, width = frame.shape[:2]
    return sum(int(frame[height // 2, int(width * (bit + 0.5) / BITS)].mean() > 110) << bit for bit in range(BITS))


def film(
    frames: Sequence[np.ndarray], container: str = "mp4", codec: str = "libx264", rate: int = 25, **options: str
) -> bytes:
    import av

    target, (height, width) = io.BytesIO(), frames[0].shape[:2]
    with av.open(target, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate)
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.options = options
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())
    return target.getvalue()


def hundred(container: str = "mp4", codec: str = "libx264", **options: str) -> bytes:
    return film([numbered(number) for number in range(100)], container, codec, **options)


@needs_av
@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("mp4", "libx264", {}),
        ("mp4", "libx264", {"g": "12"}),
        ("mp4", "libx264", {"g": "10", "x264-params": "open-gop=1"}),
        ("mov", "mjpeg", {}),
        ("matroska", "libx264", {"g": "30"}),
        ("webm", "libvpx", {"deadline": "realtime", "g": "20"}),
        ("webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "20"}),
        ("avi", "mpeg4", {}),
        ("avi", "libx264", {"g": "12"}),
        ("flv", "flv", {}),
        ("mpeg", "mpeg1video", {}),
        ("mpegts", "mpeg2video", {}),
        ("mpegts", "libx264", {"g": "12"}),
        ("asf", "wmv2", {}),
    ],
)
def test_the_frames_that_are_wanted_are_those_that_come(container: str, codec: str, options: dict[str, str]) -> None:
    clip = read_clip(hundred(container, codec, **options), "a", 7)
    wanted = evenly(100, 7)
    assert [shown(frame) for frame in clip.pixels] == wanted
    assert clip.seconds == pytest.approx([place / 25 for place in wanted], abs=0.005)
    assert clip.note == ""


@needs_av
def test_a_short_video_gives_every_frame_once_and_a_large_one_small_frames() -> None:
    clip = read_clip(film([numbered(number, 4) for number in range(3)]), "a", 8)
    assert [shown(frame) for frame in clip.pixels] == [0, 1, 2]
    assert clip.pixels.shape == (3, 96, 256, 3)


@needs_av
def test_only_what_leads_to_a_wanted_frame_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content, counted = hundred(g="10", sc_threshold="0"), []
    real = video._same

    def counting(frames: Any, size: tuple[int, int]) -> Any:
        for frame in real(frames, size):
            counted.append(frame)
            yield frame

    monkeypatch.setattr(video, "_same", counting)
    clip = read_clip(content, "a", 2)
    assert [shown(frame) for frame in clip.pixels] == [25, 75]
    assert len(counted) == 12, "six frames from each of the key frames 20 and 70"


@needs_av
def test_what_would_take_too_long_is_refused_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_decoded", lambda *given: pytest.fail("it was decoded"))
    content = hundred(g="10")
    monkeypatch.setattr(video, "MOST_EFFORT", 1e-4)
    with pytest.raises(DataError, match="has 128 × 48 pixels and takes too long to decode for 8 frames"):
        read_clip(content, "a")
    monkeypatch.setattr(video, "LONGEST", 3)
    with pytest.raises(DataError, match="'a' takes 4 seconds; the limit is 3"):
        read_clip(content, "a")
    monkeypatch.setattr(video, "LARGEST_FRAME", 1000)
    with pytest.raises(DataError, match="frames of 128 × 48 pixels"):
        read_clip(content, "a")
    monkeypatch.setattr(video, "MOST_PACKETS", 99)
    with pytest.raises(DataError, match="more than 99 frames"):
        read_clip(content, "a")


def first_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def index_first(content: bytes) -> bytes:
    """An MP4 as it is made for the web: what says where the frames are stands before them."""
    at = content.index(b"moov") - 4
    index, count_at = bytearray(content[at:]), content.index(b"stco", at) - at + 8
    (count,) = struct.unpack_from(">I", index, count_at)
    begin = content.index(b"mdat") - 4
    for place in range(count_at + 4, count_at + 4 + 4 * count, 4):
        struct.pack_into(">I", index, place, struct.unpack_from(">I", index, place)[0] + len(index))
    return content[:begin] + bytes(index) + content[begin:at]


@needs_av
def test_a_video_that_is_cut_off_says_so() -> None:
    for content, sentence in (
        (hundred(), "not a video that can be read, or it is damaged"),
        (index_first(hundred()), r"is cut off: \d\.\d of 4\.0 seconds are there"),
        (hundred("avi", "mpeg4"), r"is cut off: \d\.\d of \d\.\d seconds are there"),
        (hundred("matroska"), r"is cut off: \d\.\d of 4\.0 seconds are there"),
        (flash(2.0, 2.0), r"is cut off: \d\.\d of 2\.0 seconds are there"),
    ):
        assert len(read_clip(content, "a").pixels) == 8
        with pytest.raises(DataError, match=sentence):
            read_clip(first_half(content), "a")
    clip = read_clip(flash(2.0, 6.0), "a")
    assert "The file says that it takes 6.0 seconds; its frames end after 1.8." in clip.note


def flash(frames: float, sound: float) -> bytes:
    """A Flash video whose frames end before its sound."""
    rate = 5512
    wave = np.sin(np.arange(round(sound * rate)) / 3) / 2
    pictures = [np.full((4, 4), 20 * place, np.uint8) for place in range(10)]
    return flash_video(pictures, max(frames, sound), wave, rate, frames / len(pictures))


@needs_av
def test_a_flash_video_is_written_with_the_pictures_and_the_sound_that_it_is_given() -> None:
    pictures = [np.array([[0, 255], [128, 64]], np.uint8), np.array([[255, 0], [64, 128]], np.uint8)]
    wave = np.sin(np.arange(22_050) / 20) / 2
    content = flash_video(pictures, 1.0, wave, 22_050)
    clip, sound = read_clip(content, "a.flv", 2), read_sound(content, "a.flv")
    squares = clip.pixels[:, 8::16, 8::16].mean(-1)
    assert np.abs(squares - np.stack(pictures)).max() <= 2
    assert clip.seconds == (0.0, 0.5)
    assert sound.rate == 22_050
    assert np.abs(sound.wave - wave).max() < 1e-4


@needs_av
@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "aac"), ("matroska", "libopus"), ("avi", "mp2"), ("flv", "aac")]
)
def test_the_sound_of_a_video_is_read_as_a_recording(container: str, codec: str) -> None:
    import av

    rate, target = 48_000, io.BytesIO()
    wave = (np.sin(2 * np.pi * 440 * np.arange(rate) / rate) / 2).astype(np.float32)
    with av.open(target, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate, layout="stereo")
        resampler = av.AudioResampler(stream.format, "stereo", rate, stream.codec_context.frame_size or 960)
        whole = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
        whole.sample_rate = rate
        for part in (*resampler.resample(whole), *resampler.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode())
    sound = read_sound(target.getvalue(), "a")
    assert sound.rate == rate
    assert len(sound.wave) == pytest.approx(rate, rel=0.06)
    spectrum = np.abs(np.fft.rfft(sound.wave[4_000:40_000]))
    assert np.argmax(spectrum) * rate / 36_000 == pytest.approx(440, abs=2)


@needs_av
def test_a_video_without_sound_or_with_half_of_it_says_so() -> None:
    with pytest.raises(DataError, match=r"'a\.mp4' holds no sound"):
        read_sound(hundred(), "a.mp4")
    with pytest.raises(DataError, match=r"'a\.flv' is cut off: 1\.\d of 3\.0 seconds are there"):
        read_sound(first_half(flash(3.0, 3.0)), "a.flv")
    with pytest.raises(DataError, match=r"'a\.flv' is longer than 30 seconds|'a\.flv' is 3\d s long"):
        read_sound(flash(1.0, 31.0), "a.flv")


@needs_av
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (MP4_WITHOUT_AV, "'a' is not a video that can be read, or it is damaged."),
        (b"\x1aE\xdf\xa3" + bytes(90), "'a' is not a video that can be read, or it is damaged."),
        (b"RIFF\x40\0\0\0AVI " + bytes(60), "'a' is not a video that can be read, or it is damaged."),
    ],
)
def test_what_only_begins_like_a_video_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_clip(content, "a")
    assert caught.value.args[0] == sentence


@needs_av
def test_sound_without_pictures_and_codecs_that_nobody_knows_are_refused() -> None:
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as file:
        stream: Any = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        silence.rate = 8000
        file.mux(stream.encode(silence))
        file.mux(stream.encode())
    with pytest.raises(DataError, match="The file holds no video"):
        read_clip(target.getvalue(), "a")
    with pytest.raises(DataError, match="packed by 'ffv1', which is not read here"):
        read_clip(film([numbered(1)], "matroska", "ffv1"), "a")


def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    """FFmpeg would open what they name."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for text in (f"ffconcat version 1.0\nfile {secret}\n", f"#EXTM3U\n#EXTINF:1,\n{secret}\n", "v=0\nm=video 1 RTP\n"):
        assert containers.container_of(text.encode()) == ""
        with pytest.raises(DataError, match="not a clip that can be read"):
            read_clip(text.encode(), "a.mp4")


def test_an_animated_picture_is_never_taken_for_a_video() -> None:
    gif = b"GIF89a" + b"G" * 400
    assert containers.container_of(gif) == ""
    assert containers.container_of(b"RIFF" + struct.pack("<I", 9) + b"WEBPVP8 ") == ""


@needs_av
def test_a_video_in_a_folder_is_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    task = with_task(
        modalities=[
            {"name": "clip", "kind": "frames", "frames": 4, "size": 16},
            {"name": "numbers", "kind": "vector", "columns": ["a", "b"], "inline": True},
        ]
    )
    splits = ("train", "train", "valid", "test")
    rows = ["id,split,target,clip,numbers"]
    rows += [f"s{i},{split},{('low', 'high')[i % 2]},{i}.mp4,1 {i}" for i, split in enumerate(splits)]
    content = hundred()
    files = {f"{i}.mp4": content + bytes(i) for i in range(4)}
    folder = written(tmp_path / "own", task, rows, files)
    assert not check(folder).problems.errors
    example = opened(folder).example("s3").raw["clip"]
    assert [shown(frame) for frame in example.pixels] == evenly(100, 4)
    (folder / "3.mp4").write_bytes(first_half(content))
    (problem,) = [str(each) for each in check(folder).problems.found if each.is_error]
    assert "line 5, clip: '3.mp4' is not a video that can be read, or it is damaged." in problem


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "find_spec", lambda name: None)
    with pytest.raises(DataError) as caught:
        read_clip(MP4_WITHOUT_AV, "a.mp4")
    assert caught.value.args[0] == "'a.mp4' is a video, and reading one needs the package av, which is not here."
    assert "mmlab[video]" in caught.value.args[1]
