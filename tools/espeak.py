"""espeak-ng through ctypes, from the wheel `espeakng-loader`. Build-time only; see requirements-build.txt."""

from __future__ import annotations

import ctypes
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

SYNCHRONOUS = 2
SPEED, VOLUME, PITCH, SPREAD = 1, 2, 3, 4
UTF8 = 1


class Espeak:
    """One synthesiser for the process. `rate` is the number of samples a second that it makes."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate = int(self._library.espeak_Initialize(SYNCHRONOUS, 0, data, 0))
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start")
        self._pieces: list[NDArray[np.int16]] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, text: str, voice: str, speed: int, pitch: int, spread: int = 50) -> NDArray[np.float32]:
        """`text` as float32 in [-1, 1]. `voice` is a file under voices/lang, with `+variant` from voices/!v."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((SPEED, speed), (PITCH, pitch), (SPREAD, spread), (VOLUME, 100)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces.clear()
        content = text.encode() + b"\0"
        size, zero = ctypes.c_size_t(len(content)), ctypes.c_uint(0)
        self._library.espeak_Synth(content, size, zero, 1, zero, ctypes.c_uint(UTF8), None, None)
        self._library.espeak_Synchronize()
        return np.concatenate(self._pieces).astype(np.float32) / 32768
