"""Terminals for ``asyncio``: the same verbs, each to be awaited.

>>> async def sell():
...     async with ecrhub.aio.connect(url, app_id="demo") as terminal:
...         return await terminal.sale(order_no="A1001", amount="34.50", currency="USD")
>>> print(asyncio.run(sell()))
approved A1001: 34.50 USD, transaction ...

**Cancelling a task that waits leaves the order in flight**, also when ``asyncio.wait_for`` or ``asyncio.timeout`` does it: the
``CancelledError`` carries ``request_id``, and the completion comes by ``events()``. To give an order up, call ``close``.

A terminal belongs to the event loop it was made in; its methods are called there. What does not wait for the terminal
(``acknowledge``, ``pending``, ...) is not to be awaited; with a journal it takes as long as the disk needs.
"""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Coroutine, Dict, Optional, Type

from . import _fetchers, _native
from ._connection import Connection, open_terminal
from ._errors import Error, InternalError, WaitEndedError, say_in_flight
from ._events import Completed, Event
from ._mailbox import Letter, Mailbox
from ._requests import Path, Request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._contract import Config

__all__ = ["Terminal", "connect"]


class _Owner:
    """One task that waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, request_id: Optional[str] = None) -> None:
        self.request_id = request_id
        self.inbox: Dict[int, Letter] = {}
        self.roused: asyncio.Future[None] = loop.create_future()
        self.is_woken = False

    def rouse(self) -> None:
        """Has the task look again."""
        if not self.roused.done():
            self.roused.set_result(None)


class _Events:
    """See :meth:`Terminal.events`. No generator: one of those that is left before its end needs the loop to clear it away."""

    def __init__(self, terminal: Terminal, timeout: Optional[float]) -> None:
        self._terminal = terminal
        self._timeout = timeout

    def __aiter__(self) -> _Events:
        return self

    async def __anext__(self) -> Event:
        event = await self._terminal.next_event(self._timeout)
        if event is None:
            raise StopAsyncIteration
        return event


class Terminal(Connection["Coroutine[Any, Any, Completed]"]):
    """A connection to one terminal. :func:`connect` makes it; ``async with`` or :meth:`disconnect` ends it.

    >>> async def look():
    ...     async with ecrhub.aio.connect(url, app_id="demo") as terminal:
    ...         return (await terminal.query("NEVERSOLD")).outcome
    >>> print(asyncio.run(look()))
    not_found
    """

    def __init__(self, handle: int, url: str, has_journal: bool, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(handle, url)
        self._loop = loop
        self._mailbox = Mailbox(expects_corrections=has_journal)
        self._is_over = False
        #: Why no event will come any more, though the terminal has not ended.
        self._blame: Optional[Exception] = None
        self._wake_next = False
        self._fetcher = _fetchers.start(handle, loop, self._mailbox, self._end)

    def events(self, *, timeout: Optional[float] = None) -> AsyncIterator[Event]:
        """The events as they come: what happens to the connection, and every completion that nobody waits for (of an
        order that the journal knows from an earlier process, of a cancelled task, of ``submit``).

        Each is given once. Completions wait here until somebody takes them, also before this is called. It ends when
        none came for ``timeout`` seconds (None waits for ever), with :meth:`wake`, and with :meth:`disconnect`.

        >>> async def first():
        ...     async with ecrhub.aio.connect(url, app_id="demo") as terminal:
        ...         async for event in terminal.events():
        ...             return event
        >>> print(asyncio.run(first()))
        connected to ws://127.0.0.1:...
        """
        return _Events(self, timeout)

    async def next_event(self, timeout: Optional[float] = None) -> Optional[Event]:
        """One of :meth:`events`: None when none came within ``timeout`` seconds, with :meth:`wake`, and when the terminal
        has been disconnected and nothing is left.

        >>> async def first():
        ...     async with ecrhub.aio.connect(url, app_id="demo") as terminal:
        ...         return await terminal.next_event(timeout=10)
        >>> print(asyncio.run(first()))
        connected to ws://127.0.0.1:...
        """
        self._own()
        deadline = None if timeout is None else self._loop.time() + max(timeout, 0.0)
        owner = _Owner(self._loop)
        self._mailbox.register(owner)
        try:
            while not self._is_heard(owner) and (deadline is None or self._loop.time() < deadline):
                owner.roused = self._loop.create_future()
                await self._roused(owner, deadline)
            if not owner.inbox and not owner.is_woken:
                self._check_fetcher()
            return self._mailbox.receive(owner)
        except BaseException:
            self._mailbox.free_lock()
            self._mailbox.withdraw(owner)
            raise

    def wake(self) -> None:
        """Ends the waiting of :meth:`events` in other tasks, or else the next one. Orders go on being waited for.

        >>> async def listen():
        ...     async with ecrhub.aio.connect(url, app_id="demo") as terminal:
        ...         terminal.wake()
        ...         return [event async for event in terminal.events()]
        >>> asyncio.run(listen())
        []
        """
        self._own()
        self._wake_next = not self._mailbox.listeners
        for owner in tuple(self._mailbox.listeners):
            assert isinstance(owner, _Owner)
            owner.is_woken = True
            owner.rouse()

    def disconnect(self) -> None:
        """Ends the connection; doing it again changes nothing. Whoever waits gets a :class:`ecrhub.WaitEndedError`, and
        every later call a :class:`ecrhub.HandleError`.

        >>> async def ask():
        ...     terminal = ecrhub.aio.connect(url, app_id="demo")
        ...     terminal.disconnect()
        ...     await terminal.query("A1001")
        >>> asyncio.run(ask())
        Traceback (most recent call last):
        ecrhub.HandleError: the terminal ws://127.0.0.1:... is disconnected
        """
        self._own()
        self._fetcher.stop()
        self._disconnect()
        self._end()
        _native.give_way()

    async def __aenter__(self) -> Terminal:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._process == os.getpid():
            self.disconnect()

    async def _perform(self, request: Request) -> Completed:
        self._own()
        owner = _Owner(self._loop, request.request_id)
        is_accepted = False
        try:
            self._mailbox.register(owner)
            self._check_fetcher()
            self._send(request)
            is_accepted = True
            _native.give_way()
            await owner.roused
            if not owner.inbox:
                self._check_fetcher()
            event = self._mailbox.receive(owner)
        except BaseException as error:
            self._mailbox.free_lock()
            self._mailbox.withdraw(owner)
            if is_accepted or not isinstance(error, Error):
                say_in_flight(error, request.request_id)
            raise
        if isinstance(event, Completed):
            return event
        raise WaitEndedError(request.request_id)

    def _is_heard(self, owner: _Owner) -> bool:
        if self._wake_next:
            self._wake_next, owner.is_woken = False, True
        with self._mailbox.lock:
            return owner.is_woken or self._mailbox.deliver_next(owner) or self._is_over

    async def _roused(self, owner: _Owner, deadline: Optional[float]) -> None:
        timer = None if deadline is None else self._loop.call_at(deadline, owner.rouse)
        try:
            await owner.roused
        finally:
            if timer is not None:
                timer.cancel()

    def _end(self, blame: Optional[Exception] = None) -> None:
        """No event will come any more: every wait ends."""
        self._is_over = True
        self._blame = blame
        self._mailbox.rouse_all()

    def _check_fetcher(self) -> None:
        if self._blame is not None:
            raise InternalError(f"events can be fetched no more: {self._blame!r}") from self._blame

    def _mail(self) -> Mailbox:
        return self._mailbox


def connect(
    url: str,
    *,
    app_id: Optional[str] = None,
    journal: Path = None,
    **config: Unpack[Config],
) -> Terminal:
    """Starts connecting to a terminal and returns at once; called inside a running event loop. What it takes and raises
    is the same as for :func:`ecrhub.connect`.

    >>> async def look():
    ...     async with ecrhub.aio.connect(url, app_id="demo") as terminal:
    ...         return (await terminal.query("NEVERSOLD")).outcome
    >>> print(asyncio.run(look()))
    not_found
    """
    loop = asyncio.get_running_loop()
    has_journal = journal is not None
    return open_terminal(lambda handle: Terminal(handle, url, has_journal, loop), url, app_id, journal, config)
