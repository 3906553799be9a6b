"""How events leave the library."""

from __future__ import annotations

import ctypes
import itertools
import threading
from typing import Callable, Dict, List, Optional

from . import _native
from ._events import read_event
from ._mailbox import Letter, Mailbox, is_called_back

#: Most events fit.
_USUAL_BYTES = 16_384


class _Parcel:
    """Room for one event, which C fills."""

    __slots__ = ("buffer", "is_back", "length", "length_out", "letters", "thread")

    def __init__(self, size: int) -> None:
        self.buffer = ctypes.create_string_buffer(size)
        self.length = ctypes.c_size_t()
        self.length_out = ctypes.byref(self.length)
        self.letters: Dict[int, Letter] = {}
        #: Whose thread has it filled, and whether C has returned with an event: before, other threads must not look.
        self.thread = threading.get_ident()
        self.is_back = False

    @property
    def is_full(self) -> bool:
        return (self.is_back or self.thread == threading.get_ident()) and self.buffer[0] != b"\0"

    def read(self, numbers: "itertools.count[int]") -> Letter:
        """The same letter, however often it is asked for and wherever the first time was cut short."""
        letter = self.letters.get(0)
        if letter is None:
            letter = self.letters.setdefault(0, Letter(next(numbers), read_event(self.buffer.value.decode())))
        return letter


class Pump:
    """Fetches events from the library, one at a time, and files them.

    Each call into the library has room of its own, which everybody who files can see. So an event whose filing was cut
    short is filed by the next turn; and a signal's handler that waits in the middle of another turn, or while it keeps
    another thread from filing, files what those have fetched.
    """

    def __init__(self, handle: int, mailbox: Mailbox, file: Optional[Callable[[Letter], None]] = None) -> None:
        self._handle = handle
        self._mailbox = mailbox
        self._file = mailbox.file if file is None else file
        #: What has left the library, or is about to, and has not been filed.
        self._parcels: Dict[int, _Parcel] = {}
        #: Room to be used again.
        self._spare: List[_Parcel] = []
        self._keys = itertools.count()
        self._numbers = itertools.count(1)
        mailbox.source = self

    @property
    def has_leftover(self) -> bool:
        """Whether an event has been fetched and not yet filed."""
        return any(parcel.is_full for parcel in tuple(self._parcels.values()))

    def turn(self, wait_ms: int) -> int:
        """Waits for an event and files it; the library's status.

        Where it may be a correction, it is waited for by asking how long it is, which leaves it in the library. It leaves it,
        and is noted, with the mailbox's lock held: so an acknowledgement cannot come in between.
        """
        if self._parcels and self.has_leftover:
            with self._mailbox.lock:
                self._file_leftovers()
            return _native.OK
        if not self._mailbox.expects_corrections:
            return self._take(wait_ms)
        status: int = _poll(self._handle, wait_ms, None, 0, None)
        if status != _native.ERR_BUFFER_TOO_SMALL:
            return status
        with self._mailbox.lock:
            self._file_leftovers()
            return self._take(0)

    def note_leftovers(self) -> None:
        """An event whose filing was cut short may not have been noted. With the mailbox's lock held."""
        for parcel in tuple(self._parcels.values()):
            if parcel.is_full:
                letter = parcel.read(self._numbers)
                if not letter.is_filed:
                    self._mailbox.note(letter.event)

    def tidy(self) -> None:
        """Throws away what an exception left behind empty in this thread."""
        if self._parcels and not is_called_back():
            for key, parcel in tuple(self._parcels.items()):
                if parcel.thread == threading.get_ident() and not parcel.is_full:
                    self._parcels.pop(key, None)

    def _file_leftovers(self) -> None:
        for key, parcel in tuple(self._parcels.items()):
            if parcel.is_full:
                self._settle(key, parcel)

    def _take(self, wait_ms: int, size: int = _USUAL_BYTES) -> int:
        key, parcel = next(self._keys), self._room(size)
        try:
            self._parcels[key] = parcel
            try:
                status: int = _poll(self._handle, wait_ms, parcel.buffer, size, parcel.length_out)
            finally:
                parcel.is_back = parcel.buffer[0] != b"\0"
            if status == _native.OK:
                with self._mailbox.lock:
                    self._settle(key, parcel)
        finally:
            # Asked of the buffer: the step before may be what was cut short.
            if parcel.buffer[0] == b"\0":
                self._parcels.pop(key, None)
            else:
                parcel.is_back = True
        if status == _native.ERR_BUFFER_TOO_SMALL:
            # A power of two, so that ctypes need not make a type for every length.
            return self._take(0, 1 << parcel.length.value.bit_length())
        if size == _USUAL_BYTES:
            # Nobody else knows it any more.
            parcel.buffer[0] = b"\0"
            parcel.letters.clear()
            self._spare.append(parcel)
        return status

    def _room(self, size: int) -> _Parcel:
        if size == _USUAL_BYTES:
            try:
                parcel = self._spare.pop()
            except IndexError:
                return _Parcel(size)
            parcel.is_back = False
            parcel.thread = threading.get_ident()
            return parcel
        return _Parcel(size)

    def _settle(self, key: int, parcel: _Parcel) -> None:
        """Files what came. May be done twice, and in the middle of itself."""
        letter = parcel.read(self._numbers)
        if not letter.is_filed:
            self._mailbox.note(letter.event)
            self._file(letter)
        self._parcels.pop(key, None)


_poll = _native.library.ecrhub_poll
