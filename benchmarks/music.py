"""How often music is classified as a voice, and speech as music: synthetic songs, and voices of espeak-ng.

    python benchmarks/music.py

Songs have chords, melodies and beats of several instruments; every voice reads a few sentences. Then speech is mixed with the
first half of each song. Printed are shares of time in which a voice is detected. The threshold `signals.voice.MUSIC` was chosen
with these sounds in view; `--no-music-test` prints the results without it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from feelit.signals import voice
from feelit.types import Float32
from feelit.video.voice import RATE_HZ, measures

SECONDS = 24.0
CHORDS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16))
SCALE = (0, 2, 4, 5, 7, 9, 11)
ROOTS_HZ = (110, 123, 147, 165)
TEMPI = (72, 96, 120, 144)
BANDS = (
    ("pad",),
    ("piano",),
    ("guitar",),
    ("violin", "pad"),
    ("flute", "guitar"),
    ("drums", "piano"),
    ("drums", "guitar", "pad"),
    ("drums",),
)
DECAY = {"piano": 4.0, "guitar": 6.0, "kick": 15.0, "snare": 25.0, "hat": 60.0}
LANGUAGES = ("en-gb", "en-us", "de", "fr", "es", "it", "pl", "hi")
TEXT = """Good morning everybody, thank you for coming today. I would like to begin with the numbers of the last quarter, which
were rather better than we had feared. Then we should talk about the new office, and who is going to move there first. Are there
any questions so far? Well, let us go on."""


def note(hz: float, length_s: float, instrument: str) -> Float32:
    """A note with eight overtones."""
    time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    vibrato = 1 + 0.006 * np.sin(2 * np.pi * 5.5 * time_s) * (instrument == "violin")
    phase = 2 * np.pi * np.cumsum(hz * vibrato) / RATE_HZ
    fall = 2.0 if instrument == "pad" else 1.2
    sound = np.sum([np.sin(k * phase + k) / k**fall for k in range(1, 9) if hz * k < 3900], axis=0)
    if instrument in DECAY:
        return np.asarray(sound * np.exp(-DECAY[instrument] * time_s) * np.minimum(1, time_s / 0.005), np.float32)
    ramp = 0.3 if instrument == "pad" else 0.05
    return np.asarray(sound * np.clip(np.minimum(time_s, length_s - time_s) / ramp, 0, 1), np.float32)


def beat(kind: str, rng: np.random.Generator) -> Float32:
    time_s = np.arange(RATE_HZ // 5) / RATE_HZ
    sound = np.sin(360 * np.pi * time_s * np.exp(-8 * time_s)) if kind == "kick" else rng.normal(0, 1, len(time_s))
    return np.asarray(sound * np.exp(-DECAY[kind] * time_s), np.float32)


def song(tempo: int, band: tuple[str, ...], rng: np.random.Generator) -> Float32:
    """SECONDS of music by a band, with a standard deviation of 0.1."""
    sound = np.zeros(int((SECONDS + 8) * RATE_HZ), np.float32)
    step, root = 60 / tempo, float(rng.choice(ROOTS_HZ))

    def put(at_s: float, part: Float32, loud: float) -> None:
        first = int(at_s * RATE_HZ)
        sound[first : first + len(part)] += np.float32(loud) * part

    for number in range(int(SECONDS / step)):
        at_s, chord = number * step, CHORDS[(number // 4) % 4]
        for half in chord:
            if "pad" in band and number % 4 == 0:
                put(at_s, note(root * 2 ** (half / 12), 4 * step, "pad"), 0.4)
            if "piano" in band:
                put(at_s, note(2 * root * 2 ** (half / 12), 1.5 * step, "piano"), 0.3)
        for instrument in (name for name in band if name in ("guitar", "violin", "flute")):
            for later_s in (0.0, step / 2):
                if rng.random() < 0.8:
                    hz = 4 * root * 2 ** (SCALE[rng.integers(7)] / 12)
                    put(at_s + later_s, note(hz, step * float(rng.choice([0.5, 1], p=[0.6, 0.4])), instrument), 0.5)
        if "drums" in band:
            put(at_s, beat("kick" if number % 2 == 0 else "snare", rng), 0.8)
            for later_s in (0.0, step / 2):
                put(at_s + later_s, beat("hat", rng), 0.2)
    sound = sound[: int(SECONDS * RATE_HZ)]
    return np.asarray(0.1 / sound.std() * sound, np.float32)


def spoken(language: str, speed: int, pitch: int, variant: str, program: str, folder: Path) -> Float32:
    """TEXT read by a voice of espeak-ng, with a standard deviation of 0.1."""
    path = folder / "speech.wav"
    given = ["-v", f"{language}+{variant}", "-s", str(speed), "-p", str(pitch), "-w", str(path), TEXT]
    subprocess.run([program, *given], check=True)
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)
    smooth = np.convolve(sound, np.ones(3) / 3, "same")  # bilinear sampling alone would alias
    sound = np.interp(np.arange(int(len(sound) * RATE_HZ / rate)) * rate / RATE_HZ, np.arange(len(sound)), smooth)
    return np.asarray(0.1 / sound.std() * sound, np.float32)


def heard(sound: Float32, rng: np.random.Generator) -> Float32:
    """Whether a voice is detected, every 20 ms; some noise is added, as of a microphone."""
    return voice.find_voice(measures(sound + rng.normal(0, 1e-4, len(sound)).astype(np.float32))).heard.astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-music-test", action="store_true")
    if parser.parse_args().no_music_test:
        voice.MUSIC = 1.0
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("espeak-ng is not installed")
    rng = np.random.default_rng(3)
    songs = {f"{' '.join(band)}, {tempo}": song(tempo, band, rng) for tempo in TEMPI for band in BANDS}
    with tempfile.TemporaryDirectory() as folder:
        voices = [
            spoken(language, *how, program, Path(folder))
            for language in LANGUAGES
            for how in ((140, 40, "m3"), (175, 60, "f2"))
        ]
    shares = {name: float(heard(sound, rng).mean()) for name, sound in songs.items()}
    print(f"| songs alone ({len(songs)}) | {np.mean(list(shares.values())):.2f} |")
    for name, share in sorted(shares.items(), key=lambda pair: -pair[1])[:4]:
        print(f"| worst: {name} | {share:.2f} |")
    print(f"| voices alone ({len(voices)}) | {np.mean([heard(sound, rng).mean() for sound in voices]):.2f} |")
    for louder_db in (20, 10, 5, 0):
        found = []
        for number, tune in enumerate(songs.values()):
            speech = voices[number % len(voices)]
            half = min(len(speech), len(tune)) // 2
            mixed = tune[: 2 * half] * np.float32(10 ** (-louder_db / 20))
            mixed[:half] += speech[:half]
            says, now = heard(speech[:half], rng) > 0, heard(mixed, rng)
            found.append([now[: len(says)][says].mean(), now[len(says) + 50 :].mean()])
        over, alone = np.mean(found, axis=0)
        print(f"| speech {louder_db} dB above a song, of the time detected in the speech alone | {over:.2f} |")
        print(f"| the rest of the song, from one second after the speech | {alone:.2f} |")


if __name__ == "__main__":
    main()
