"""How an event loop learns of events: by the library's descriptor, or by a thread where a loop watches none."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from typing import Callable, Protocol

from . import _native
from ._events import Event
from ._mailbox import Mailbox, Pump


class Fetcher(Protocol):
    """Brings events into a mailbox, in the loop's own thread."""

    def stop(self) -> None:
        """Lets go of the descriptor. Before the handle ends."""
        ...


def start(handle: int, loop: asyncio.AbstractEventLoop, mailbox: Mailbox, end: Callable[[], None]) -> Fetcher:
    """The one that this loop and this system can do. ``end`` is called when no event will come any more."""
    descriptor = ctypes.c_int32()
    status: int = _native.library.ecrhub_wait_fd(handle, ctypes.byref(descriptor))
    if status == _native.ERR_UNSUPPORTED:
        return _ByThread(handle, loop, mailbox, end)
    _native.check(status)
    try:
        return _ByDescriptor(handle, descriptor.value, loop, mailbox, end)
    except NotImplementedError:
        return _ByThread(handle, loop, mailbox, end)


class _ByDescriptor:
    def __init__(
        self, handle: int, descriptor: int, loop: asyncio.AbstractEventLoop, mailbox: Mailbox, end: Callable[[], None]
    ) -> None:
        self._pump = Pump(handle, mailbox)
        self._descriptor = descriptor
        self._loop = loop
        self._end = end
        loop.add_reader(descriptor, self._fetch)

    def stop(self) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(self._descriptor)

    def _fetch(self) -> None:
        status = _native.OK
        while status == _native.OK:
            status = self._pump.turn(0)
        if status == _native.ERR_HANDLE:
            self.stop()
            self._end()
        else:
            _native.check(status)


class _ByThread:
    def __init__(
        self, handle: int, loop: asyncio.AbstractEventLoop, mailbox: Mailbox, end: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._mailbox = mailbox
        self._end = end
        pump = Pump(handle, mailbox, self._hand_over)
        threading.Thread(target=self._fetch, args=(pump,), name="ecrhub events", daemon=True).start()

    def stop(self) -> None:
        """The end of the handle ends the thread."""

    def _fetch(self, pump: Pump) -> None:
        status = _native.OK
        while status >= 0:
            status = pump.turn(-1)
        try:
            self._loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            pass  # The loop is closed, and so nobody waits.

    def _hand_over(self, number: int, event: Event) -> None:
        try:
            self._loop.call_soon_threadsafe(self._mailbox.file, number, event)
        except RuntimeError:
            # The loop is closed: nobody waits, but what happened to money is kept.
            self._mailbox.file(number, event)
