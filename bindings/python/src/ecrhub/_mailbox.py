"""Where events go: a completion to whoever waits for it, everything else to the stream of events.

Nothing that says what happened to money is lost in here, and nothing waits for itself. Between any two steps of Python a
signal's handler (or a finalizer) may come, in the thread that was about to do the next one, and it may

- raise (Ctrl-C), and what was begun is never ended: so every step can be done again, and changes nothing then;
- call this package, with the lock held further up its own stack: so the lock may be taken again by the same thread, every
  change is one step in C, and no loop walks over what such a call may change.
"""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Callable, Dict, List, Optional, Protocol

from ._contract import TOPICS
from ._errors import DuplicateError
from ._events import Clarified, Completed, Event

#: Events other than completions that wait at most, as in the library.
_ORDINARY_KEPT = 1_000


class Letter:
    """An event that has left the library."""

    __slots__ = ("event", "is_filed", "number", "ticket")

    def __init__(self, number: int, event: Event) -> None:
        #: Counts up in the order in which they left it.
        self.number = number
        self.event = event
        #: Its owner has it, or it waits for one.
        self.is_filed = False
        #: The number once more, until it waits for anybody to take it: it comes to that once.
        self.ticket = [number]


class Owner(Protocol):
    """Who waits: for the completion of one request, or for any event."""

    #: The request, or None for any event.
    request_id: Optional[str]
    #: What was delivered, by its number.
    inbox: Dict[int, Letter]

    def rouse(self) -> None:
        """Something is there, or everything is over: look again. Called with the mailbox's lock held."""
        ...


class Source(Protocol):
    """Where the events come from."""

    def note_leftovers(self) -> None:
        """Notes what has been fetched and not yet filed. With the mailbox's lock held."""
        ...


class Mailbox:
    """The events of one terminal that have left the library. Its lock guards all of it."""

    def __init__(self, expects_corrections: bool = True) -> None:
        self.lock = threading.RLock()
        #: Whether this thread holds the lock already, before it takes it itself.
        self.is_locked_above: Callable[[], bool] = self.lock._is_owned  # type: ignore[attr-defined]  # pyright: ignore
        #: Whether an outcome may be corrected that was reported before: here, or in an earlier process that a journal
        #: remembers.
        self.expects_corrections = expects_corrections
        #: Who waits for the completion of which request.
        self.owners: Dict[str, Owner] = {}
        #: Who waits for any event.
        self.listeners: List[Owner] = []
        self.dropped = 0
        self._unclaimed: Dict[int, Letter] = {}
        #: The last correction of an order's outcome that has left the library, and the last one that the till has.
        self._corrections: Dict[str, Clarified] = {}
        self._received: Dict[str, Clarified] = {}
        #: Who fetches the events.
        self.source: Optional[Source] = None

    def __len__(self) -> int:
        return len(self._unclaimed)

    def register(self, owner: Owner) -> None:
        """What happens goes to this owner from now on. For a completion this is done before the request is sent."""
        if self.is_locked_above():
            self.free_lock()
        with self.lock:
            if owner.request_id is None:
                self.listeners.append(owner)
            elif self.owners.setdefault(owner.request_id, owner) is not owner:
                raise DuplicateError(f'request_id: already used, and still in flight: "{owner.request_id}"')

    def receive(self, owner: Owner) -> Optional[Event]:
        """What was delivered to the owner, who waits no more. It stays in the inbox: should this be cut short on its way
        to who called, :meth:`withdraw` saves it."""
        with self.lock:
            self._forget(owner)
            letter = next(iter(owner.inbox.values()), None)
            if letter is None:
                return None
            # Perhaps its filing was cut short after this owner had been given it.
            letter.is_filed = True
            if isinstance(letter.event, Clarified):
                self._received[letter.event.request_id] = letter.event
            return letter.event

    def withdraw(self, owner: Owner) -> None:
        """The owner waits no more, and nobody has what was delivered to it: that goes to the stream of events."""
        with self.lock:
            self._forget(owner)
            if owner.inbox:
                for number, letter in tuple(owner.inbox.items()):
                    if isinstance(letter.event, Clarified):
                        self._received.pop(letter.event.request_id, None)
                    letter.is_filed = True
                    _move(number, owner.inbox, self._unclaimed)
                self._rouse_listeners()

    def forget_correction(self, request_id: str) -> None:
        """It was acknowledged. With the lock held."""
        self._corrections.pop(request_id, None)
        self._received.pop(request_id, None)

    def note(self, event: Event) -> None:
        """An event has left the library, and the till does not have it yet. With the lock held."""
        if isinstance(event, Clarified):
            self._corrections[event.request_id] = event
        elif isinstance(event, Completed) and event.topic == TOPICS["order"]:
            self.expects_corrections = True

    def free_lock(self) -> None:
        """Gives the lock back if this thread holds it where nobody will.

        An exception that a signal handler raises may come just as a ``with`` takes or gives back its lock, and then it
        stays taken (CPython's issue 74174). Called before anything else is begun, and after such an exception.
        """
        while self.is_locked_above() and not is_called_back():
            self.lock.release()

    def file(self, letter: Letter) -> None:
        """Hands a letter to its owner. May be done twice."""
        with self.lock:
            if letter.is_filed:
                return
            event = letter.event
            owner = self.owners.get(event.request_id) if isinstance(event, Completed) else None
            if owner is not None:
                owner.inbox[letter.number] = letter
                owner.rouse()
            else:
                try:
                    # All in C: whoever comes in between finds it filed, or does it.
                    self._unclaimed.update(zip(map(letter.ticket.pop, (0,)), (letter,)))
                except IndexError:
                    pass  # It has been.
                if len(self._unclaimed) > _ORDINARY_KEPT:
                    self._drop_oldest()
                self._rouse_listeners()
            # Last, or else nobody would be roused after it was cut short.
            letter.is_filed = True

    def deliver_next(self, listener: Owner) -> bool:
        """Delivers the next event of the stream; whether there is one. With the lock held."""
        while not listener.inbox and self._unclaimed:
            number = min(self._unclaimed, default=0)
            letter = self._unclaimed.get(number)
            if letter is None:
                continue
            letter.is_filed = True
            _move(number, self._unclaimed, listener.inbox)
        return bool(listener.inbox)

    def rouse_all(self) -> None:
        """Has everybody look again."""
        with self.lock:
            for owner in tuple(self.owners.values()):
                owner.rouse()
            self._rouse_listeners()

    def _forget(self, owner: Owner) -> None:
        if owner.request_id is None:
            if owner in self.listeners:
                self.listeners.remove(owner)
        elif self.owners.get(owner.request_id) is owner:
            del self.owners[owner.request_id]

    def _rouse_listeners(self) -> None:
        for listener in tuple(self.listeners):
            listener.rouse()

    def _drop_oldest(self) -> None:
        for number in sorted(self._unclaimed):
            letter = self._unclaimed.get(number)
            if letter is not None and not letter.event.is_kept:
                if self._unclaimed.pop(number, None) is not None:
                    self.dropped += 1
                return


def _move(number: int, source: Dict[int, Letter], target: Dict[int, Letter]) -> None:
    """All in C: there is no moment in which both have it, or neither. Nothing if somebody has taken it."""
    try:
        target.update(zip((number,), map(source.pop, (number,))))
    except KeyError:
        pass


def is_called_back() -> bool:
    """Whether a call into this package is under way further up this thread's stack: a signal's handler, a finalizer or a
    handler of the log came in between, and called it again."""
    frame: Optional[FrameType] = sys._getframe()  # pyright: ignore[reportPrivateUsage]
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    while frame is not None:
        if _is_ours(frame):
            return True
        frame = frame.f_back
    return False


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__package__") == __package__


