"""A storage on loopback, with a bucket and a server in front of it that counts and goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feelit.storage import errors as faults
from feelit.storage import objects
from feelit.storage.location import Url
from tests.storage.proxy import Fault, Proxy, start

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "reader",
    "AWS_SECRET_ACCESS_KEY": "not-reported",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # else who finds no credentials asks the cloud for some
}


@dataclass(frozen=True)
class Bucket:
    """The bucket `lab`. What is done with it through here is not counted, and never fails."""

    client: Any
    proxy: Proxy

    def put(self, key: str, content: bytes | Path) -> Url:
        """Make an object."""
        data = content.read_bytes() if isinstance(content, Path) else content
        self.client.put_object(Bucket="lab", Key=key, Body=data)
        return Url("s3", "lab", key)

    def get(self, key: str) -> bytes:
        """The content of an object."""
        content: bytes = self.client.get_object(Bucket="lab", Key=key)["Body"].read()
        return content

    def names(self) -> list[str]:
        """The objects there are."""
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket="lab").get("Contents", [])]

    def fail(self, *faults: Fault) -> None:
        """What is to go wrong from now on; what was seen is forgotten."""
        self.proxy.forget()
        self.proxy.faults.extend(faults)


@pytest.fixture(scope="session")
def storage() -> Iterator[tuple[Proxy, Any]]:
    """A proxy, and a client of the storage behind it, in which there is the bucket `lab`."""
    pytest.importorskip("s3fs")
    pytest.importorskip("flask")  # of moto's server
    server_of = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    proxy, before = start(port)
    session = pytest.importorskip("boto3").Session("reader", "not-reported", region_name="us-east-1")
    client = session.client("s3", endpoint_url=f"http://{host}:{port}")
    client.create_bucket(Bucket="lab")
    yield proxy, client
    client.close()
    proxy.closing.set()
    before.shutdown()
    before.server_close()
    server.stop()


@pytest.fixture
def bucket(storage: tuple[Proxy, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    """An empty bucket; the user's cache is empty as well."""
    proxy, client = storage
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": proxy.url, "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(faults, "PAUSES_S", (0.01, 0.01, 0.01, 0.01))
    objects._latest.clear()
    objects.forget()
    proxy.forget()
    yield (bucket := Bucket(client, proxy))
    if names := bucket.names():
        client.delete_objects(Bucket="lab", Delete={"Objects": [{"Key": name} for name in names]})
