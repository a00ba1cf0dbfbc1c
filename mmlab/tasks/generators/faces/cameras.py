"""A colour, a depth and an infrared camera recording a face or a print of it: the physics of the task `faces`.

Light: a matt surface returns what falls on it times the cosine of the angle between its normal and the light (Lambert,
Photometria, 1760), whatever side it is seen from; what the room scatters is added. In colour the light comes from
somewhere in the room. The infrared camera carries its own lamp, so the light comes from where it looks.

Skin and ink: at 850 nm skin returns most light, whatever its colour (Pavlidis and Symosek, The Imaging Issue in an
Automatic Face/Disguise Detection System, 2000), whereas many inks that are dark to the eye do not absorb there: a print
looks pale, or nearly as it should, depending on its ink (`fidelity`).

Depth: structured light measures distance with noise and finds nothing where the pattern is lost, in blots (Khoshelham
and Oude Elberink, Accuracy and Resolution of Kinect Depth Data, Sensors 2012). A print has the relief of a bent sheet,
and holes through which the face of the attacker is seen, a little farther away.

As in CASIA-SURF, faces are cut out: what is not the face is 0. How noisy and how faithful everything is was chosen so
that depth tells most, and no camera everything; it is not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.modalities.image.decode import NEARNESS, PER_MILLIMETRE

if TYPE_CHECKING:
    from mmlab.tasks.generators.faces.scenes import Scenes

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Generator = np.random.Generator
SIDE = 40
AMBIENT, DIRECT = 0.35, 0.75
RELIEF = 0.12  # metres that a unit of `Face.relief` stands out
BEHIND = 0.02  # metres that the attacker's face lies behind the print
RED_GREEN_BLUE = np.array([0.3, 0.6, 0.1])  # how bright each looks

COLOUR_NOISE, INFRARED_NOISE, DEPTH_NOISE = 0.04, 0.11, 0.012  # of the range of brightness; in metres
WHITE_BALANCE = 0.05  # how far each channel is off
WINDOW = 1.0  # pixels within which the pattern is matched, so that their depths err alike
BLOT, LOST = 1.0, 1.95  # size of the blots in pixels; standard deviations above which the pattern is lost (1 in 40)


@dataclass(frozen=True)
class Face:
    """A face as fields `[N, H, W]`.

    inside: what of the picture it is; x, y: places in it, -1 to 1; eyes, nose, mouth: 1 in their middle and 0 far
    away; hair: what of it is hair; relief: how far it stands out; facing: cosine of its angle to the camera.
    """

    inside: Flags
    x: Floats
    y: Floats
    eyes: Floats
    nose: Floats
    mouth: Floats
    hair: Flags
    relief: Floats
    facing: Floats
    normals: Floats


def record(scenes: Scenes, rng: Generator) -> dict[str, NDArray[np.uint8]]:
    """Pictures of each capture: `color` `[N, H, W, 3]`, `depth` and `infrared` `[N, H, W]`."""
    face = _face(scenes)
    albedo = _albedo(face, scenes)
    colour, infrared, relief = _lit(albedo, face, scenes), _skin_in_infrared(face, scenes), face.relief
    holes = _holes(face, scenes)
    prints = ~scenes.live[:, None, None]
    infrared = np.where(prints, _print_in_infrared(infrared, albedo, face, holes, scenes), infrared)
    colour = np.where(prints[..., None], _print_in_colour(colour, holes, scenes), colour)
    relief = np.where(prints, _print_relief(face, holes, scenes), relief)
    return {
        "color": _colour_camera(colour, face.inside, rng),
        "depth": _depth_camera(relief, face.inside, rng),
        "infrared": _infrared_camera(infrared, face.inside, rng),
    }


def _face(scenes: Scenes) -> Face:
    grid_y, grid_x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    x = (grid_x - _field(scenes.middle[:, 0])) / _field(scenes.size[:, 0])
    y = (grid_y - _field(scenes.middle[:, 1])) / _field(scenes.size[:, 1])
    ball = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    turned = x - 0.35 * _field(scenes.yaw) * ball  # what stands out moves to the side when the head turns

    def spot(across: Floats | float, down: Floats | float, width: float, height: float) -> Floats:
        return np.exp(-(((turned - across) / width) ** 2) - ((y - down) / height) ** 2)

    apart, high = _field(scenes.eyes[:, 0]), _field(scenes.eyes[:, 1])
    eyes = np.clip(spot(-apart, high, 0.16, 0.09) + spot(apart, high, 0.16, 0.09), 0, 1)
    nose, mouth = spot(0, 0.1, 0.13, 0.3), spot(0, _field(scenes.mouth), 0.26, 0.08)
    inside = x * x + y * y < 1
    hair = inside & (y < -0.55 + 0.1 * np.sin(5 * x + _field(scenes.hairline)))
    relief = 0.55 * ball + 0.22 * nose - 0.06 * eyes
    normals = _normals(relief)
    return Face(inside, x, y, eyes, nose, mouth, hair, relief, np.clip(normals[..., 2], 0, 1), normals)


def _normals(relief: Floats) -> Floats:
    """Of length 1, `[N, H, W, 3]`: rightwards, downwards, towards the camera."""
    down, across = np.gradient(relief, 2 / SIDE, axis=(1, 2))
    normals = np.stack([-across, -down, np.ones_like(relief)], -1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def _albedo(face: Face, scenes: Scenes) -> Floats:
    """The share of red, green and blue light that each place returns."""
    eyes, mouth, hair = (1 - 0.65 * face.eyes), face.mouth[..., None] * (0.1, 0.45, 0.4), (1 - 0.8 * face.hair)
    return scenes.skin[:, None, None] * (eyes * hair)[..., None] * (1 - mouth)


def _lit(albedo: Floats, face: Face, scenes: Scenes) -> Floats:
    """Lambert's law with a light in the room."""
    direct = np.einsum("nhwc,nc->nhw", face.normals, scenes.light)
    return albedo * np.clip(AMBIENT + DIRECT * direct, 0, 1.4)[..., None]


def _skin_in_infrared(face: Face, scenes: Scenes) -> Floats:
    """Lambert's law with the lamp at the camera; hair and eyes return less. The exponent: skin is not quite matt."""
    return _field(scenes.infrared) * face.facing**1.2 * (1 - 0.5 * face.eyes) * (1 - 0.45 * face.hair)


def _holes(face: Face, scenes: Scenes) -> Flags:
    """What is cut out of each print."""
    parts = np.stack([face.eyes > 0.5, face.nose > 0.5, face.mouth > 0.5], 1)
    return np.asarray((parts & scenes.cut[:, :, None, None]).any(1))


def _print_in_colour(colour: Floats, holes: Flags, scenes: Scenes) -> Floats:
    """The picture of the face with the printer's brightness, tint and blur; through the holes, the attacker's face."""
    printed = colour * _field(scenes.brightness)[..., None] + scenes.tint[:, None, None]
    printed = np.clip(_blurred(printed, scenes.blur), 0, 1.2)
    return np.where(holes[..., None], colour * scenes.behind[:, None, None], printed)


def _print_relief(face: Face, holes: Flags, scenes: Scenes) -> Floats:
    """A sheet, tilted and bent around the vertical; on the attacker's face it takes on some of its shape."""
    bend = 0.45 * np.sqrt(np.clip(1 - 0.9 * face.x**2, 0, 1)) - 0.1 * face.y**2
    sheet = _field(scenes.curl) * bend + _field(scenes.tilt[:, 0]) * face.x + _field(scenes.tilt[:, 1]) * face.y
    mould = _field(scenes.mould)
    sheet = (1 - mould) * sheet + mould * face.relief
    return np.where(holes, -BEHIND / RELIEF, sheet)


def _print_in_infrared(skin: Floats, albedo: Floats, face: Face, holes: Flags, scenes: Scenes) -> Floats:
    """Paper that is bright in the middle of the lamp's cone, pale ink on it, mixed with what the print imitates."""
    brightness, brightest = albedo @ RED_GREEN_BLUE, scenes.skin @ RED_GREEN_BLUE
    ink = np.clip(1 - brightness / _field(np.maximum(brightest, 0.1)), 0, 1)
    cone = np.clip(1 - _field(scenes.falloff) * (face.x**2 + 0.6 * face.y**2), 0.1, 1)
    paper = (1 - _field(scenes.contrast) * ink) * cone
    share = _field(scenes.fidelity)
    mixed = (1 - share) * _levelled(paper, face.inside) + share * _levelled(skin, face.inside)
    return np.where(holes, mixed * _field(scenes.gap), mixed)


def _colour_camera(colour: Floats, inside: Flags, rng: Generator) -> NDArray[np.uint8]:
    """The camera opens up for a dark face, though not all the way, and misses the colour of the light a little."""
    mean = _mean_inside(colour @ RED_GREEN_BLUE, inside)
    exposure = _field(rng.uniform(0.35, 0.65, len(colour))) / np.maximum(mean, 0.02) ** 0.75
    balance = rng.normal(1, WHITE_BALANCE, (len(colour), 1, 1, 3))
    seen = colour * balance * exposure[..., None] + rng.normal(0, COLOUR_NOISE, colour.shape)
    return _eight_bits(seen * 255, inside[..., None])


def _infrared_camera(infrared: Floats, inside: Flags, rng: Generator) -> NDArray[np.uint8]:
    """The camera regulates its exposure by the mean of the face."""
    exposure = _field(rng.uniform(0.3, 0.6, len(infrared)))
    seen = _levelled(infrared, inside) * exposure + rng.normal(0, INFRARED_NOISE, infrared.shape)
    return _eight_bits(seen * 255, inside)


def _depth_camera(relief: Floats, inside: Flags, rng: Generator) -> NDArray[np.uint8]:
    """Nearness about the mean of the face; 0 where nothing is measured."""
    nearness = RELIEF * (relief - _mean_inside(relief, inside)) + DEPTH_NOISE * _grain(relief.shape, WINDOW, rng)
    grey = np.clip(NEARNESS + nearness * (1000 * PER_MILLIMETRE), 1, 255)
    return _eight_bits(grey, inside & (_grain(relief.shape, BLOT, rng) < LOST))


def _grain(shape: tuple[int, ...], spread: float, rng: Generator) -> Floats:
    """Noise of standard deviation 1 whose neighbours within `spread` pixels are alike, `[N, H, W]`."""
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), (0, spread, spread))
    return np.asarray(smooth * (2 * np.sqrt(np.pi) * spread))


def _blurred(pictures: Floats, spread: Floats) -> Floats:
    """`[N, H, W, 3]` under a Gaussian of `spread` `[N]` below a pixel: three steps along each side are enough."""
    side = np.exp(-0.5 / spread**2)[:, None, None, None]
    for axis in (1, 2):
        padded = np.pad(pictures, [(int(axis == place), int(axis == place)) for place in range(4)], mode="edge")
        before, after = (np.take(padded, range(shift, shift + SIDE), axis) for shift in (0, 2))
        pictures = (pictures + side * (before + after)) / (1 + 2 * side)
    return pictures


def _levelled(values: Floats, inside: Flags) -> Floats:
    """With a mean of 1 over the face."""
    return values / np.maximum(_mean_inside(values, inside), 0.05)


def _mean_inside(values: Floats, inside: Flags) -> Floats:
    return ((values * inside).sum((1, 2)) / inside.sum((1, 2)))[:, None, None]


def _eight_bits(values: Floats, kept: Flags) -> NDArray[np.uint8]:
    return (np.round(np.clip(values, 0, 255)) * kept).astype(np.uint8)


def _field(values: Floats) -> Floats:
    """One number per capture, spread over its picture."""
    return values[:, None, None]
