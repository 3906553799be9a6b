"""A terminal that one waits for in a thread."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Iterator, Optional, Type

from . import _native
from ._connection import Connection, open_terminal
from ._errors import Error, WaitEndedError, cut_short
from ._events import Completed, Event
from ._mailbox import Mailbox
from ._requests import Path, Request
from ._waits import Waiter, Waits

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._contract import Config


class Terminal(Connection[Completed]):
    """A connection to one terminal. :func:`connect` makes it, and it comes back by itself until :meth:`disconnect`, or
    the end of a ``with``.

    Any number of threads may use it at once; each gets the completion of its own order. While one waits, others run.

    **Ctrl-C works during a wait.** It leaves the order in flight: :class:`Interrupted` says so, with the ``request_id``,
    and the completion comes by :meth:`events`. An exception that a signal handler raises does the same.

    **A signal handler may call everything here**, also while its thread waits on the same terminal: ``close`` gives up the
    order that is waited for. What it interrupted goes on when it returns.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     result = terminal.sale(order_no="A1001", amount="34.50")
    >>> terminal
    <ecrhub._terminal.Terminal ws://127.0.0.1:..., disconnected>
    """

    def __init__(self, handle: int, url: str, has_journal: bool) -> None:
        super().__init__(handle, url)
        self._waits = Waits(handle, expects_corrections=has_journal)

    def events(self, *, timeout: Optional[float] = None) -> Iterator[Event]:
        """The events as they come: what happens to the connection, and every completion that nobody waits for (of an
        order that the journal knows from an earlier process, of an interrupted wait, of :meth:`submit`).

        Each is given once. Completions wait here until somebody takes them, also before this is called. It ends when
        none came for ``timeout`` seconds (None waits for ever), with :meth:`wake`, and with :meth:`disconnect`.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     for event in terminal.events():
        ...         print(event)
        ...         break
        connected to ws://127.0.0.1:...
        """
        while True:
            event = self.next_event(timeout)
            if event is None:
                return
            yield event

    def next_event(self, timeout: Optional[float] = None) -> Optional[Event]:
        """One of :meth:`events`: None when none came within ``timeout`` seconds, with :meth:`wake`, and when the terminal
        has been disconnected and nothing is left.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     print(terminal.next_event(timeout=10))
        connected to ws://127.0.0.1:...
        """
        self._own()
        return self._waits.event(None if timeout is None else max(timeout, 0.0))

    def wake(self) -> None:
        """Ends the waiting of :meth:`events` in other threads, or else the next one. Orders go on being waited for.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     terminal.wake()
        ...     print(list(terminal.events()))
        []
        """
        handle = self._own()
        if self._waits.wake():
            self._check(_native.library.ecrhub_wake(handle))
        _native.give_way()

    def disconnect(self) -> None:
        """Ends the connection; doing it again changes nothing. Whoever waits gets a :class:`WaitEndedError`, and every
        later call a :class:`HandleError`. What the journal keeps is found out by the next ``connect``.

        >>> terminal = ecrhub.connect(url, app_id="demo")
        >>> terminal.disconnect()
        >>> terminal.query("A1001")
        Traceback (most recent call last):
        ecrhub.HandleError: the terminal ws://127.0.0.1:... is disconnected
        """
        self._disconnect()
        self._waits.end()
        _native.give_way()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        # A forked child may leave this block too; the connection is not its own.
        if self._process == os.getpid():
            self.disconnect()

    def _perform(self, request: Request) -> Completed:
        self._own()
        waiter = Waiter(request.request_id)
        is_accepted = False
        try:
            self._waits.mailbox.register(waiter)
            self._send(request)
            is_accepted = True
            return self._waits.completion(waiter)
        except BaseException as error:
            self._waits.abandon(waiter)
            has_ended = isinstance(error, WaitEndedError) and error.request_id == request.request_id
            if has_ended or (isinstance(error, Error) and not is_accepted):
                raise
            cut_short(error, request.request_id)
            raise

    def _mail(self) -> Mailbox:
        return self._waits.mailbox


def connect(
    url: str,
    *,
    app_id: Optional[str] = None,
    journal: Path = None,
    **config: Unpack[Config],
) -> Terminal:
    """Starts connecting to a terminal and returns at once.

    ``url`` is ``"ws://192.168.1.20:35779"`` (without a port it is 35779), ``app_id`` the payment application's id,
    ``journal`` a file that keeps orders over a crash. ``config`` are the keys of ``Config``; those that end in ``_ms`` are
    whole milliseconds.

    Orders may be sent at once; they wait for the connection for ``send_timeout_ms``. How connecting went comes by
    :meth:`Terminal.events`, and with a journal also what became of the orders that an earlier process left open.

    Raises :class:`ConfigError`, which names the key and what it may be, and :class:`JournalError`, which names the file.

    >>> with ecrhub.connect(url, app_id="demo", order_timeout_ms=120_000) as terminal:
    ...     print(terminal.sale(order_no="A1001", amount="34.50").outcome)
    approved
    """
    return open_terminal(lambda handle: Terminal(handle, url, journal is not None), url, app_id, journal, config)
