"""Speech by libespeak-ng, with the time of every phoneme."""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass

import numpy as np

SYNCHRONOUS, PHONEME_EVENTS, PHONEME, END, UTF8 = 2, 3, 7, 0, 1  # of speak_lib.h; events in IPA


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("text", ctypes.c_char * 8),
    ]


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What one person says: samples (n,) float32 at `rate` Hz, and (start s, IPA) of each phoneme."""

    samples: np.ndarray
    rate: int
    phonemes: tuple[tuple[float, str], ...]


def speak(text: str, voice: str, pitch: int, speed: int) -> Utterance | None:
    """One utterance, or None where espeak-ng is not installed."""
    name = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    rate = library.espeak_Initialize(SYNCHRONOUS, 500, None, PHONEME_EVENTS)
    if rate <= 0:
        return None
    parts: list[np.ndarray] = []
    phonemes: list[tuple[float, str]] = []
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))

    def heard(wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if wave and count > 0:
            parts.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float32) / 32768)
        k = 0
        while events and events[k].type != END:
            if events[k].type == PHONEME:
                phonemes.append((events[k].audio_position / 1000, events[k].text.decode("utf-8", "ignore")))
            k += 1
        return 0

    callback = kind(heard)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(voice.encode())
    library.espeak_SetParameter(1, speed, 0)
    library.espeak_SetParameter(3, pitch, 0)
    data = text.encode() + b"\0"
    library.espeak_Synth(data, len(data), 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return Utterance(samples=samples, rate=rate, phonemes=tuple(phonemes))
