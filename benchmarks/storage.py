"""Requests and bytes for reading a video in a bucket: the probe, one segment, and twenty segments of one worker.

    python benchmarks/storage.py VIDEO...

Copies the videos into a local moto server. GET requests and their bytes are counted; every process also makes one HEAD request
per video. Segments are decoded without inference.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from moto.server import ThreadedMotoServer

from feelit.run.plan import cut
from feelit.storage import objects
from feelit.storage.blocks import Blocks
from feelit.storage.location import Url
from feelit.types import Sampling, Segment, VideoInfo
from feelit.video.decoding import SegmentDecoder
from feelit.video.probe import probe

SEGMENT_S = 20.0
MANY = 20


def main(names: list[str]) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(keys, AWS_ENDPOINT_URL=f"http://{host}:{port}")
    urlopen(Request(f"http://{host}:{port}/bench", method="PUT")).close()  # makes the bucket
    print(f"{'video':24}{'MB':>8}  {'probe':>18}  {'one segment':>18}  {f'{MANY} segments':>18}   (GETs, MB)")
    for name in map(Path, names):
        url = Url("s3", "bench", name.name)
        objects.write(name, url, replace=True)
        found = probe(url)
        segments = cut(found, Sampling(), SEGMENT_S).segments
        costs = [
            reported(blocks()),
            reported(read(found.info, segments[len(segments) // 2 :][:1])),
            reported(read(found.info, segments[:MANY])),
        ]
        print(f"{name.name[:23]:24}{found.info.size_bytes / 1e6:8.1f}  " + "  ".join(costs))
    server.stop()


def read(info: VideoInfo, segments: tuple[Segment, ...]) -> Blocks:
    """Decode segments as a new worker does."""
    objects._latest.clear()
    for segment in segments:
        for _ in SegmentDecoder(info, segment):
            pass
    return blocks()


def blocks() -> Blocks:
    """The blocks of the video that was read last."""
    return next(iter(objects._latest.values()))


def reported(read: Blocks) -> str:
    return f"{read.requests:8} {read.fetched / 1e6:9.1f}"


if __name__ == "__main__":
    main(sys.argv[1:])
