"""Where events go: a completion to whoever waits for it, everything else to the stream of events.

Nothing that says what happened to money is lost in here. Each event has a number, and every step can be done again
with the same number and changes nothing then: so a step that an exception (Ctrl-C) cut short is simply repeated.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Callable, Dict, List, Optional, Protocol, Tuple

from . import _native
from ._contract import Outcome
from ._errors import DuplicateError
from ._events import Clarified, Completed, Event, read_event

#: Events other than completions that wait at most, as in the library.
_ORDINARY_KEPT = 1_000

#: An event and its number.
Arrival = Tuple[int, Event]


class Owner(Protocol):
    """Who waits: for the completion of one request, or for any event."""

    #: The request, or None for any event.
    request_id: Optional[str]
    #: What was delivered, until it has been received.
    arrival: Optional[Arrival]

    def rouse(self) -> None:
        """Something is there, or everything is over: look again. Called with the mailbox's lock held."""
        ...


class Mailbox:
    """The events of one terminal that have left the library. Its lock guards all of it."""

    def __init__(self, expects_truths: bool = True) -> None:
        self.lock = threading.RLock()
        #: Whether the truth about an order may come that had completed as "unknown": here, or in an earlier process
        #: that a journal remembers.
        self.expects_truths = expects_truths
        #: Who waits for the completion of which request.
        self.owners: Dict[str, Owner] = {}
        #: Who waits for any event.
        self.listeners: List[Owner] = []
        self.dropped = 0
        self._unclaimed: Dict[int, Event] = {}
        #: The highest number anybody received.
        self._received = 0
        #: Orders whose truth has left the library after they had completed as "unknown", and whether the till has it.
        self._truths: Dict[str, bool] = {}
        #: Who fetches the events.
        self.pump: Optional[Pump] = None

    def __len__(self) -> int:
        return len(self._unclaimed)

    def register(self, owner: Owner) -> None:
        """What happens goes to this owner from now on. For a completion this is done before the request is sent."""
        self.free_lock()
        with self.lock:
            if owner.request_id is None:
                self.listeners.append(owner)
            elif self.owners.setdefault(owner.request_id, owner) is not owner:
                raise DuplicateError(f'request_id: already used, and still in flight: "{owner.request_id}"')

    def receive(self, owner: Owner) -> Optional[Event]:
        """What was delivered to the owner, who waits no more. It stays the owner's arrival: should this be cut short on
        its way to who called, :meth:`withdraw` saves it."""
        with self.lock:
            self._forget(owner)
            if owner.arrival is None:
                return None
            number, event = owner.arrival
            self._received = max(self._received, number)
            self._note(event, is_received=True)
            return event

    def withdraw(self, owner: Owner) -> None:
        """The owner waits no more, and nobody has what was delivered to it: that goes to the stream of events."""
        with self.lock:
            self._forget(owner)
            if owner.arrival is not None:
                number, event = owner.arrival
                self._note(event)
                self._unclaimed = dict(sorted([*self._unclaimed.items(), (number, event)]))
                owner.arrival = None
                self._rouse_listeners()

    def owes_truth(self, request_id: str, is_about_unknown: bool) -> bool:
        """Whether the truth about this order is still owed to the till, so that an acknowledgement is none of it. With the
        lock held. The library takes one for that of the last event it handed out, and does not know what waits here.

        ``is_about_unknown``: what is acknowledged is certain to be the "unknown" before the truth.
        """
        if self.pump is not None:
            self.pump.note_leftover()
        is_received = self._truths.get(request_id)
        return is_received is not None and (is_about_unknown or not is_received)

    def forget_truth(self, request_id: str) -> None:
        """It was acknowledged. With the lock held."""
        self._truths.pop(request_id, None)

    def note(self, event: Event) -> None:
        """An event has left the library, and the till does not have it yet. With the lock held."""
        self._note(event)

    def _note(self, event: Event, *, is_received: bool = False) -> None:
        if isinstance(event, Clarified):
            self._truths[event.request_id] = is_received
        elif isinstance(event, Completed) and event.outcome is Outcome.UNKNOWN:
            self.expects_truths = True

    def free_lock(self) -> None:
        """Gives the lock back if this thread holds it where it should not.

        An exception that a signal handler raises may come just as a ``with`` takes or gives back its lock, and then it
        stays taken (CPython's issue 74174). Called before anything else is begun, and after such an exception.
        """
        while self.lock._is_owned():  # type: ignore[attr-defined]  # pyright: ignore
            self.lock.release()

    def file(self, number: int, event: Event) -> None:
        """Hands an event to its owner. May be done twice with the same number."""
        with self.lock:
            if number <= self._received:
                return
            owner = self.owners.get(event.request_id) if isinstance(event, Completed) else None
            if owner is not None:
                owner.arrival = (number, event)
                owner.rouse()
                return
            self._unclaimed[number] = event
            if len(self._unclaimed) > _ORDINARY_KEPT:
                self._drop_oldest()
            self._rouse_listeners()

    def deliver_next(self, listener: Owner) -> bool:
        """Delivers the next event of the stream; whether there is one. With the lock held."""
        if listener.arrival is None:
            for number, event in self._unclaimed.items():
                listener.arrival = (number, event)
                del self._unclaimed[number]
                break
        return listener.arrival is not None

    def rouse_all(self) -> None:
        """Has everybody look again."""
        with self.lock:
            for owner in self.owners.values():
                owner.rouse()
            self._rouse_listeners()

    def _forget(self, owner: Owner) -> None:
        if owner.request_id is None:
            if owner in self.listeners:
                self.listeners.remove(owner)
        elif self.owners.get(owner.request_id) is owner:
            del self.owners[owner.request_id]

    def _rouse_listeners(self) -> None:
        for listener in self.listeners:
            listener.rouse()

    def _drop_oldest(self) -> None:
        for number, event in self._unclaimed.items():
            if not event.is_kept:
                del self._unclaimed[number]
                self.dropped += 1
                return


class Pump:
    """Fetches events from the library, one at a time. Only one thread may be inside :meth:`turn`."""

    def __init__(self, handle: int, mailbox: Mailbox, file: Optional[Callable[[int, Event], None]] = None) -> None:
        self._handle = handle
        self._mailbox = mailbox
        self._file = mailbox.file if file is None else file
        self._buffer = ctypes.create_string_buffer(16_384)
        self._length = ctypes.c_size_t()
        self._number = 0
        mailbox.pump = self

    @property
    def has_leftover(self) -> bool:
        """Whether an event has been fetched and not yet filed."""
        return self._buffer[0] != b"\0"

    def turn(self, wait_ms: int) -> int:
        """Waits for an event and files it; the library's status.

        Where it may be a truth, it is waited for by asking how long it is, which leaves it in the library. It leaves it,
        and is noted, with the mailbox's lock held: so an acknowledgement cannot come in between.

        An event that was fetched stays in the buffer until it has been filed. So one whose filing was cut short is
        not lost: the next turn files it, under the same number.
        """
        status = _native.OK
        if not self.has_leftover:
            self._number += 1
            status = self._fetch(wait_ms, only_ask=self._mailbox.expects_truths)
        if status not in (_native.OK, _native.ERR_BUFFER_TOO_SMALL):
            return status
        with self._mailbox.lock:
            status = self._take()
            if status == _native.OK:
                event = self._read()
                self._mailbox.note(event)
                self._file(self._number, event)
                self._buffer[0] = b"\0"
            return status

    def note_leftover(self) -> None:
        """An event whose filing was cut short may not have been noted. With the mailbox's lock held."""
        if self.has_leftover:
            self._mailbox.note(self._read())

    def _take(self) -> int:
        status = _native.OK if self.has_leftover else self._fetch(0)
        # Another one may have come to the front meanwhile.
        while status == _native.ERR_BUFFER_TOO_SMALL:
            self._buffer = ctypes.create_string_buffer(self._length.value + 1)
            status = self._fetch(0)
        return status

    def _fetch(self, wait_ms: int, *, only_ask: bool = False) -> int:
        buffer, capacity = (None, 0) if only_ask else (self._buffer, len(self._buffer))
        status: int = _poll(self._handle, wait_ms, buffer, capacity, ctypes.byref(self._length))
        return status

    def _read(self) -> Event:
        return read_event(self._buffer.value.decode())


_poll = _native.library.ecrhub_poll
