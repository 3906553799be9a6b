"""Blocking waits. Of all the threads that wait on one terminal, one leads: it fetches events and hands each to its owner;
the others sleep. Who leaves hands the lead on."""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional

from . import _native
from ._errors import WaitEndedError
from ._events import Completed, Event
from ._mailbox import Arrival, Mailbox, Pump

# The main thread looks up this often, so that Ctrl-C works: Python runs signal handlers between two steps of its own,
# never inside a call into C.
_SLICE_SECONDS = 0.1
# C takes 32 bits of milliseconds; whoever waits longer waits again.
_LONGEST_SECONDS = 86_400.0


class Waiter:
    """One thread that waits."""

    __slots__ = ("arrival", "gate", "is_woken", "request_id")

    def __init__(self, request_id: Optional[str] = None) -> None:
        self.request_id = request_id
        self.arrival: Optional[Arrival] = None
        #: Locked while this thread sleeps; there is none as long as it never did.
        self.gate: Optional[threading.Lock] = None
        self.is_woken = False

    def rouse(self) -> None:
        """Ends the sleep, or keeps the next one from beginning."""
        if self.gate is not None and self.gate.locked():
            self.gate.release()


class Waits:
    """All the waiting on one terminal."""

    def __init__(self, handle: int, expects_truths: bool = True) -> None:
        self.mailbox = Mailbox(expects_truths)
        #: No event will come any more.
        self.is_over = False
        self._pump = Pump(handle, self.mailbox)
        self._leader: Optional[Waiter] = None
        self._wake_next = False

    def completion(self, waiter: Waiter) -> Completed:
        """Waits for what the waiter is registered for."""
        self._wait(waiter, lambda: waiter.arrival is not None or self._is_dry(), None)
        event = self.mailbox.receive(waiter)
        if isinstance(event, Completed):
            return event
        raise WaitEndedError(waiter.request_id or "")

    def event(self, seconds: Optional[float]) -> Optional[Event]:
        """The next event of the stream; None when the time is over, with a wake-up, or when none will come any more."""
        waiter = Waiter()
        try:
            self.mailbox.register(waiter)
            self._wait(waiter, lambda: self._is_heard(waiter), seconds)
            return self.mailbox.receive(waiter)
        except BaseException:
            self.abandon(waiter)
            raise

    def abandon(self, waiter: Waiter) -> None:
        """Cleans up after a wait that an exception ended, wherever it came."""
        self.mailbox.free_lock()
        self._leave(waiter)
        self.mailbox.withdraw(waiter)

    def wake(self) -> bool:
        """Ends the waits for any event, or the next one; whether the leader is among them."""
        with self.mailbox.lock:
            listeners = self.mailbox.listeners
            self._wake_next = not listeners
            for listener in listeners:
                assert isinstance(listener, Waiter)
                listener.is_woken = True
                listener.rouse()
            return self._leader in listeners

    def end(self) -> None:
        """No event will come any more: every wait ends."""
        self.is_over = True
        self.mailbox.rouse_all()

    def _is_heard(self, waiter: Waiter) -> bool:
        if self._wake_next:
            self._wake_next, waiter.is_woken = False, True
        return waiter.is_woken or self.mailbox.deliver_next(waiter) or self._is_dry()

    def _is_dry(self) -> bool:
        return self.is_over and not self._pump.has_leftover

    def _wait(self, waiter: Waiter, is_done: Callable[[], bool], seconds: Optional[float]) -> None:
        """Leads or sleeps until it is done or the time is over. ``is_done`` is asked with the lock held."""
        deadline = None if seconds is None else time.monotonic() + seconds
        longest = _SLICE_SECONDS if threading.current_thread() is threading.main_thread() else _LONGEST_SECONDS
        try:
            while True:
                is_last = False
                span = longest
                if deadline is not None:
                    left = deadline - time.monotonic()
                    is_last = left <= 0
                    span = min(max(left, 0.0), longest)
                with self.mailbox.lock:
                    if is_done():
                        return
                    leads = self._takes_lead(waiter)
                if leads:
                    self._lead(span)
                else:
                    assert waiter.gate is not None
                    waiter.gate.acquire(timeout=span)
                if is_last:
                    with self.mailbox.lock:
                        is_done()
                    return
        finally:
            self._leave(waiter)

    def _takes_lead(self, waiter: Waiter) -> bool:
        if self._leader is None:
            self._leader = waiter
        if self._leader is waiter:
            return True
        if waiter.gate is None:
            gate = threading.Lock()
            gate.acquire()
            waiter.gate = gate
        return False

    def _lead(self, span: float) -> None:
        # Rounded up, so that the last bit of a wait does not become a busy loop.
        status = self._pump.turn(int(span * 1000 + 0.999))
        if status == _native.ERR_HANDLE:
            self.end()
        else:
            _native.check(status)

    def _leave(self, waiter: Waiter) -> None:
        """Hands the lead on. Also by one who never had it: it may have been roused to take it. May be done twice."""
        with self.mailbox.lock:
            # It sleeps no more, so the lead must not be handed to it.
            waiter.gate = None
            if self._leader is waiter:
                self._leader = None
            if self._leader is None:
                for owner in (*self.mailbox.owners.values(), *self.mailbox.listeners):
                    assert isinstance(owner, Waiter)
                    if owner is not waiter and owner.gate is not None and owner.gate.locked():
                        owner.rouse()
                        return
