"""How an event loop learns of events: by the library's descriptor, or by a thread where a loop watches none."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
from typing import Callable, Optional, Protocol

from . import _native
from ._mailbox import Letter, Mailbox
from ._pump import Pump

#: Called when no event will come any more, with what is to blame unless the terminal has ended.
End = Callable[[Optional[Exception]], None]


class Fetcher(Protocol):
    """Brings events into a mailbox, in the loop's own thread."""

    def stop(self) -> None:
        """Lets go of the descriptor. Doing it again changes nothing."""
        ...


def start(handle: int, loop: asyncio.AbstractEventLoop, mailbox: Mailbox, end: End) -> Fetcher:
    """The one that this loop and this system can do."""
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
        self, handle: int, descriptor: int, loop: asyncio.AbstractEventLoop, mailbox: Mailbox, end: End
    ) -> None:
        self._pump = Pump(handle, mailbox)
        self._loop = loop
        self._end = end
        self._has_failed = False
        # A copy of its own: the library closes its descriptor with the handle, whoever ends that, and the number may be
        # another terminal's before the loop has let go of it. The copy is readable from then on.
        self._descriptor: Optional[int] = os.dup(descriptor)
        try:
            loop.add_reader(self._descriptor, self._fetch)
        except BaseException:
            self._close()
            raise

    def stop(self) -> None:
        if self._descriptor is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._descriptor)
        self._close()

    def _close(self) -> None:
        # Before it is closed: if that is cut short the number may be used again, and must never be closed twice.
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        # Of a loop that was closed with the terminal still open.
        if getattr(self, "_descriptor", None) is not None:
            self._close()

    def _fetch(self) -> None:
        if self._descriptor is None:
            return
        status = _native.OK
        try:
            while status == _native.OK:
                status = self._pump.turn(0)
            if status != _native.ERR_HANDLE:
                _native.check(status)
        except BaseException as error:
            self._pump.tidy()
            if isinstance(error, Exception) and self._has_failed:
                self.stop()
                self._end(error)
                return
            # A signal handler's, or there was no memory. What was fetched is not lost, and nothing else tells of it.
            self._has_failed = True
            self._loop.call_soon(self._fetch)
            raise
        self._has_failed = False
        if status == _native.ERR_HANDLE:
            self.stop()
            self._end(None)


class _ByThread:
    def __init__(self, handle: int, loop: asyncio.AbstractEventLoop, mailbox: Mailbox, end: End) -> None:
        self._loop = loop
        self._mailbox = mailbox
        self._end = end
        pump = Pump(handle, mailbox, self._hand_over)
        threading.Thread(target=self._fetch, args=(pump,), name="ecrhub events", daemon=True).start()

    def stop(self) -> None:
        """The end of the handle ends the thread."""

    def _fetch(self, pump: Pump) -> None:
        blame: Optional[Exception] = None
        try:
            blame = self._fetch_all(pump)
        finally:
            try:
                self._loop.call_soon_threadsafe(self._end, blame)
            except RuntimeError:
                pass  # The loop is closed, and so nobody waits.

    def _fetch_all(self, pump: Pump) -> Optional[Exception]:
        """Until the end of the terminal, or something that fails twice in a row."""
        failures = 0
        while True:
            try:
                status = pump.turn(-1)
                if status == _native.ERR_HANDLE:
                    return None
                _native.check(status)
                failures = 0
            except Exception as error:
                failures += 1
                if failures > 1:
                    return error

    def _hand_over(self, letter: Letter) -> None:
        try:
            self._loop.call_soon_threadsafe(self._mailbox.file, letter)
        except RuntimeError:
            # The loop is closed: nobody waits, but what happened to money is kept.
            self._mailbox.file(letter)
