"""A network some milliseconds away: a namespace behind links that delay each packet.

A link is two TUN devices, one here and one in the namespace. A process carries each packet from one
to the other, half a round trip later. A relay over sockets wouldn't do, since the kernel would
answer the first packet of a connection at once. Devices and namespace vanish with the process.
"""

from __future__ import annotations

import fcntl
import heapq
import ipaddress
import itertools
import multiprocessing
import os
import select
import signal
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

# linux/if_tun.h
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000

MAX_PACKET = 65535
BENCHMARK_NETWORK = ipaddress.ip_address("198.18.0.0")  # set aside for this by RFC 2544


class Network(NamedTuple):
    """A namespace, as a file, and its addresses by their round trip in ms."""

    namespace: str
    addresses: dict[int, str]


@contextmanager
def network(round_trips: Sequence[int]) -> Iterator[Network]:
    """Make a namespace with a link for each round trip, in ms.

    Raises OSError if that isn't possible: it needs root on Linux, /dev/net/tun and iproute2.
    """
    # Two benchmarks at the same time need different addresses.
    first = BENCHMARK_NETWORK + os.getpid() % 2**12 * 32
    ends = {
        milliseconds: (str(first + 2 * i), str(first + 2 * i + 1))
        for i, milliseconds in enumerate(round_trips)
    }
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(ends, sender), daemon=True)
    process.start()
    sender.close()
    try:
        try:
            problem = receiver.recv()
        except EOFError:
            problem = "the process that carries its packets has died"
        if problem:
            raise OSError(problem)
        addresses = {milliseconds: far for milliseconds, (_, far) in ends.items()}
        yield Network(f"/proc/{process.pid}/ns/net", addresses)
    finally:
        process.terminate()
        process.join()


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Open sockets of this thread in a namespace, where they stay."""
    with open("/proc/thread-self/ns/net") as before, open(namespace) as wanted:  # noqa: PTH123
        os.setns(wanted.fileno(), os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(before.fileno(), os.CLONE_NEWNET)


def _run(ends: dict[int, tuple[str, str]], sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent ends this process
    parent = multiprocessing.parent_process()
    assert parent
    try:
        near = [_device(here, there) for here, there in ends.values()]
        os.unshare(os.CLONE_NEWNET)
        far = [_device(there, here) for here, there in ends.values()]
    except subprocess.CalledProcessError as error:
        sender.send(f"{' '.join(error.cmd)}: {error.stderr.decode().strip()}")
    except OSError as error:
        sender.send(str(error))
    else:
        sender.send("")
        links = {}
        for milliseconds, one, other in zip(ends, near, far, strict=True):
            links[one] = (other, milliseconds / 2000)
            links[other] = (one, milliseconds / 2000)
        _carry(links, parent.sentinel)


def _device(address: str, peer: str) -> int:
    """Open a TUN device with an address in the current namespace, and a route to its peer."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", b"bench%d", IFF_TUN | IFF_NO_PI)
    name = fcntl.ioctl(device, TUNSETIFF, request)[:16].rstrip(b"\0").decode()
    for command in (
        ["ip", "address", "add", address, "peer", peer, "dev", name],
        ["ip", "link", "set", name, "up"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return device


def _carry(links: dict[int, tuple[int, float]], stop: int) -> None:
    """Carry packets between devices until `stop` can be read.

    `links` has for each device the target of its packets, and the seconds until they arrive.
    """
    held: list[tuple[float, int, int, bytes]] = []  # due time, number, target, packet
    numbers = itertools.count()
    while True:
        wait = max(held[0][0] - time.monotonic(), 0) if held else None
        ready, _, _ = select.select([*links, stop], [], [], wait)
        if stop in ready:
            return
        for device in ready:
            packet = os.read(device, MAX_PACKET)
            to, seconds = links[device]
            heapq.heappush(held, (time.monotonic() + seconds, next(numbers), to, packet))
        while held and held[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(held)
            os.write(to, packet)
