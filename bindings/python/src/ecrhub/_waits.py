"""Blocking waits. Of all the threads that wait on one terminal, one leads: it fetches events and hands each to its owner;
the others sleep. Who leaves hands the lead on.

A signal's handler may wait in the middle of another wait of its thread. What it interrupted stands still until it is done, so
it fetches events itself wherever that is what the interrupted one did, or keeps others from doing."""

from __future__ import annotations

import threading
import time
from typing import Callable, Dict, List, Optional

from . import _native
from ._errors import WaitEndedError
from ._events import Completed, Event
from ._mailbox import Letter, Mailbox
from ._pump import Pump

# The main thread looks up this often, so that Ctrl-C works: Python runs signal handlers between two steps of its own,
# never inside a call into C.
_SLICE_SECONDS = 0.1
# So does one who may have been given its event by a thread that cannot file it.
_ALONE_SECONDS = 0.002
# C takes 32 bits of milliseconds; whoever waits longer waits again.
_LONGEST_SECONDS = 86_400.0


class Waiter:
    """One wait of one thread."""

    __slots__ = ("gate", "inbox", "is_inner", "is_woken", "request_id", "thread")

    def __init__(self, request_id: Optional[str] = None) -> None:
        self.request_id = request_id
        self.inbox: Dict[int, Letter] = {}
        self.thread = threading.get_ident()
        #: Locked while this thread sleeps; there is none as long as it never did.
        self.gate: Optional[threading.Lock] = None
        self.is_woken = False
        #: It fetched events in place of an outer wait of its thread.
        self.is_inner = False

    def rouse(self) -> None:
        """Ends the sleep, or keeps the next one from beginning."""
        gate = self.gate
        if gate is not None:
            try:
                gate.release()
            except RuntimeError:
                pass  # It does not sleep, or has been roused already.


class Waits:
    """All the waiting on one terminal."""

    def __init__(self, handle: int, expects_corrections: bool = True) -> None:
        self.mailbox = Mailbox(expects_corrections)
        #: No event will come any more.
        self.is_over = False
        self._handle = handle
        self._pump = Pump(handle, self.mailbox)
        self._leader: Optional[Waiter] = None
        self._wake_next = False

    def completion(self, waiter: Waiter) -> Completed:
        """Waits for what the waiter is registered for."""
        self._wait(waiter, lambda: bool(waiter.inbox) or self._is_dry(), None)
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
        self._pump.tidy()

    def wake(self) -> bool:
        """Ends the waits for any event, or the next one; whether the leader is among them."""
        with self.mailbox.lock:
            listeners = tuple(self.mailbox.listeners)
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
                _native.give_way()
                is_alone = self.mailbox.is_locked_above()
                if is_alone:
                    self.mailbox.free_lock()
                    # A signal's handler came while its thread held it: nobody else can file anything until it is done.
                    is_alone = self.mailbox.is_locked_above()
                with self.mailbox.lock:
                    if is_done():
                        return
                    waiter.is_inner = waiter.is_inner or is_alone
                    leads = is_alone or self._takes_lead(waiter)
                if leads:
                    self._lead(min(span, _ALONE_SECONDS) if is_alone else span)
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
        leader = self._leader
        if leader is None:
            self._leader = leader = waiter
        # Also in the name of an outer wait of the same thread, which stands still: a signal's handler is waiting.
        if leader.thread == waiter.thread:
            waiter.is_inner = waiter.is_inner or leader is not waiter
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
                self._rouse_heir(waiter)
        if waiter.is_inner:
            # The outer one may be about to wait in C for what this one has given it.
            _native.library.ecrhub_wake(self._handle)

    def _rouse_heir(self, leaving: Waiter) -> None:
        """Wakes a thread that sleeps, to lead. One that sleeps inside of a signal's handler has outer waits too."""
        sleepers: List[Waiter] = []
        for owner in (*self.mailbox.owners.values(), *self.mailbox.listeners):
            assert isinstance(owner, Waiter)
            gate = owner.gate
            if owner is not leaving and gate is not None and gate.locked():
                sleepers.append(owner)
        # Rather another thread's: of this one, an outer wait cannot go on yet.
        sleepers.sort(key=lambda sleeper: sleeper.thread == leaving.thread)
        for sleeper in sleepers:
            if sleeper.thread == sleepers[0].thread:
                sleeper.rouse()
