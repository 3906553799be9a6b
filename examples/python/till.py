"""A console till: sells, voids, asks and closes, and says what a till does with each outcome.

    python till.py ws://192.168.1.20:35779 your-app-id

It sells twice (the second amount is one that the simulator declines), voids the first sale, asks what became of it,
and closes an order that is not open. URL and app id may also come as ECRHUB_URL and ECRHUB_APP_ID.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Callable, Dict, List, Tuple

import ecrhub
from ecrhub import Outcome

#: What a till does with each outcome.
WHAT_TO_DO: Dict[Outcome, str] = {
    Outcome.APPROVED: "record it, print the receipt",
    Outcome.DECLINED: "no money has moved; one may try again, with a new number",
    Outcome.CANCELLED: "no money has moved; one may try again, with a new number",
    Outcome.NOT_FOUND: "no money has moved; one may try again, with a new number",
    Outcome.BUSY: "the terminal is serving another customer; send it again, with the same number",
    Outcome.IN_PROGRESS: "the customer is still paying; ask again",
    Outcome.NOT_SENT: "it never left this machine; look at the network, then send it again",
    Outcome.UNKNOWN: "MONEY MAY HAVE MOVED: fetch a person, do not sell it again",
    Outcome.OK: "not an order; nothing to record",
    Outcome.REFUSED: "not an order; nothing to record",
}


def say(text: str) -> None:
    """A line at once, so that those of two threads never mix."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show(result: ecrhub.Completed) -> None:
    say(f"  {result.outcome}: {WHAT_TO_DO[result.outcome]}")
    if result.trans_no:
        say(f"  transaction {result.trans_no}")
    if result.response_msg:
        say(f"  the terminal says: {result.response_msg}")
    if result.code:
        say(f"  advice: {result.code.advice}")
    for name, difference in result.differs.items():
        say(f"  NOT WHAT WAS ASKED: {name} is {difference}")
    if result.error:
        say(f"  because: {result.error.message}")


def watch(terminal: ecrhub.Terminal) -> None:
    """Keeps the display up to date while the till waits; runs in a thread of its own until the connection is ended."""
    for event in terminal.events():
        if isinstance(event, ecrhub.Connected):
            say(f"  connected to {event.url}")
        elif isinstance(event, ecrhub.Disconnected):
            say(f"  disconnected: {event.error.message}")
        elif isinstance(event, ecrhub.Recovering):
            say(f"  finding out what happened: {event.reason}")
        elif isinstance(event, ecrhub.Clarified):
            # An outcome that was reported earlier was wrong, or an unknown is known now: a person has to see it.
            say(f"  *** {event.merchant_order_no} was reported as {event.was} and is {event.outcome} ***")
            terminal.acknowledge(event)
        else:
            # A real till stores a completion that comes here (one that Ctrl-C cut short, or the journal knew) as well.
            say(f"  {event}")


def argument(index: int, variable: str) -> str:
    value = sys.argv[index] if index < len(sys.argv) else os.environ.get(variable)
    if not value:
        print(f"usage: {sys.argv[0]} ws://host:port app_id", file=sys.stderr)
        sys.exit(2)
    return value


def main() -> None:
    url, app_id = argument(1, "ECRHUB_URL"), argument(2, "ECRHUB_APP_ID")
    # No number may be used twice, in this run or any other, nor by another till: the P is this one's own.
    now = int(time.time())
    first, second, third = f"PA{now}", f"PB{now}", f"PC{now}"

    say(f"ecrhub {ecrhub.version}")
    with ecrhub.connect(url, app_id=app_id) as terminal:
        steps: List[Tuple[str, Callable[[], ecrhub.Completed]]] = [
            ("Sale of 25.00", lambda: terminal.sale(order_no=first, amount="25.00")),
            ("Sale of 10.01", lambda: terminal.sale(order_no=second, amount="10.01")),
            (
                "Void of the first",
                lambda: terminal.void(order_no=third, original_order_no=first, amount="25.00"),
            ),
            ("What became of the first", lambda: terminal.query(first)),
            ("Close the second", lambda: terminal.close(second)),
        ]
        threading.Thread(target=watch, args=(terminal,), daemon=True).start()
        for title, do in steps:
            say(f"\n{title}")
            result = do()
            show(result)
            # Here a real till stores the outcome. Then, and only then:
            terminal.acknowledge(result)


if __name__ == "__main__":
    main()
