"""The conformance list's runner for Python: commands come in as lines of JSON, each is answered by one line."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Optional, Tuple, Union

import ecrhub
from ecrhub import _native

Command = Dict[str, Any]

terminals: Dict[str, ecrhub.Terminal] = {}


def seconds(command: Command) -> Optional[float]:
    """The configuration's where none is said."""
    return command.get("timeout_ms", 0) / 1000 or None


def failure(error: Optional[ecrhub.Failure]) -> Optional[Dict[str, Any]]:
    if error is None:
        return None
    return {"name": error.name, "stage": error.stage, "status": error.status, "message": error.message}


def described(event: Union[ecrhub.Completed, ecrhub.Clarified]) -> Dict[str, Any]:
    """What both kinds of outcome say of the terminal's answer."""
    differs = {name: {"asked": each.asked, "answered": each.answered} for name, each in event.differs.items()}
    return {
        "fields": event.fields,
        "differs": differs or None,
        "code": event.code and dataclasses.asdict(event.code),
        "line": str(event),
    }


def result(done: ecrhub.Completed) -> Dict[str, Any]:
    return {
        **described(done),
        "outcome": done.outcome.value,
        "sent": done.sent,
        "request_id": done.request_id,
        "topic": done.topic,
        "merchant_order_no": done.merchant_order_no,
        "recovered": done.recovered,
        "retold": done.retold,
        "error": failure(done.error),
    }


def told(event: ecrhub.Event) -> Dict[str, Any]:
    """An event with the keys of the library's own."""
    common: Dict[str, Any] = {"event": event.event, "at": event.at_ms}
    if isinstance(event, ecrhub.Completed):
        return {**common, **result(event)}
    if isinstance(event, ecrhub.Connected):
        return {**common, "url": event.url}
    if isinstance(event, ecrhub.Disconnected):
        return {**common, "error": failure(event.error), "retry_in_ms": event.retry_in_ms}
    if isinstance(event, ecrhub.Message):
        return {**common, "message": event.message, "late_for": event.late_for}
    if isinstance(event, ecrhub.ProtocolError):
        return {**common, "detail": event.detail, "raw": event.excerpt}
    if isinstance(event, (ecrhub.Clarified, ecrhub.Recovering)):
        about = {"request_id": event.request_id, "merchant_order_no": event.merchant_order_no}
        if isinstance(event, ecrhub.Recovering):
            return {**common, **about, "reason": event.reason}
        outcomes = {"outcome": event.outcome.value, "was": event.was.value}
        more = {"response": event.response, "retold": event.retold}
        return {**common, **about, **outcomes, **more, **described(event)}
    return common


def hello(_: Command) -> Command:
    return {"hello": {"language": "python", "version": ecrhub.version}}


def connect(command: Command) -> Command:
    terminals[command["on"]] = ecrhub.connect(**command["config"])
    return {"done": True}


def order(command: Command) -> Command:
    verb: Callable[..., ecrhub.Completed] = getattr(terminals[command["on"]], command["verb"])
    return {"completed": result(verb(**command["args"], timeout=seconds(command)))}


def send(command: Command) -> Command:
    return {"completed": result(terminals[command["on"]].send(command["message"], timeout=seconds(command)))}


def submit(command: Command) -> Command:
    request_id = terminals[command["on"]].submit(command["message"], timeout=seconds(command))
    return {"submitted": {"request_id": request_id}}


def event(command: Command) -> Command:
    for found in terminals[command["on"]].events(timeout=command["timeout_ms"] / 1000):
        if found.event in command["kinds"]:
            return {"event": told(found)}
    return {"timeout": True}


def acknowledge(command: Command) -> Command:
    is_done = terminals[command["on"]].acknowledge(command["request_id"], command["outcome"])
    return {"done": True} if is_done else {"outdated": True}


def low_level(function: str, *arguments: Any) -> Tuple[int, str]:
    """A function of the library that this package has no method for: its status, and the text it gave."""
    text = ctypes.create_string_buffer(1 << 20)
    given = [argument.encode() if isinstance(argument, str) else argument for argument in arguments]
    status: int = getattr(_native.library, function)(*given, text, len(text), None)
    if status < 0:
        raise _native.refused(status)
    return status, text.value.decode()


def handle_of(command: Command) -> int:
    """The package has no verb for this yet: the library's own handle is given to the library's own function."""
    return terminals[command["on"]]._handle  # pyright: ignore[reportPrivateUsage]


def start(command: Command) -> Command:
    handle, message = handle_of(command), json.dumps(command["message"])
    return {"started": {"request_id": low_level("ecrhub_start", handle, message, command.get("timeout_ms", 0))[1]}}


def wait(command: Command) -> Command:
    status, text = low_level("ecrhub_wait", handle_of(command), command["request_id"], command["timeout_ms"])
    return {"timeout": True} if status == _native.TIMEOUT else {"completed": json.loads(text)}


def json_get(command: Command) -> Command:
    status, text = low_level("ecrhub_json_get", command["json"], command["path"])
    return {"value": text} if status == _native.OK else {"nothing": True}


def json_set(command: Command) -> Command:
    given = (command.get("json"), command["path"], command.get("value"))
    return {"json": low_level("ecrhub_json_set", *given)[1]}


def resolve(command: Command) -> Command:
    terminals[command["on"]].resolve(command["request_id"], command["outcome"], command.get("note"))
    return {"done": True}


def pending(command: Command) -> Command:
    entries = terminals[command["on"]].pending()
    return {
        "pending": [
            {
                "request_id": entry.request_id,
                "merchant_order_no": entry.merchant_order_no,
                "topic": entry.topic,
                "terminal": entry.terminal,
                "elsewhere": entry.is_elsewhere,
                "state": entry.state,
                "outcome": entry.outcome and entry.outcome.value,
                "since": entry.since_ms,
                "request": entry.request,
            }
            for entry in entries
        ]
    }


def state(command: Command) -> Command:
    now = terminals[command["on"]].state()
    return {
        "state": {
            "state": now.state,
            "url": now.url,
            "in_flight": now.in_flight,
            "events_waiting": now.events_waiting,
            "bytes_waiting": now.bytes_waiting,
            "events_dropped": now.events_dropped,
            "reconnects": now.reconnects,
            "last_ping_ms": now.last_ping_ms,
            "journal": now.journal,
            "elsewhere": now.elsewhere,
        }
    }


def many(command: Command) -> Command:
    verb: Callable[..., ecrhub.Completed] = getattr(terminals[command["on"]], command.get("verb", "sale"))
    args = {"amount": command["amount"]} if "amount" in command else {}

    def perform(number: int) -> Tuple[str, bool]:
        order_no = f"{command['prefix']}{number}"
        done = verb(order_no=order_no, **args)
        return done.outcome.value, done.merchant_order_no == order_no

    with ThreadPoolExecutor(command["threads"]) as pool:
        all_done = list(pool.map(perform, range(command["count"])))
    return {"many": Counter(outcome for outcome, _ in all_done), "own": sum(is_own for _, is_own in all_done)}


def interrupt_order(command: Command) -> Command:
    timer = threading.Timer(command["after_ms"] / 1000, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        return {"completed": result(terminals[command["on"]].sale(**command["args"]))}
    except ecrhub.Interrupted as interrupted:
        return {"interrupted": {"request_id": interrupted.request_id}}
    finally:
        timer.join()


def disconnect(command: Command) -> Command:
    terminals[command["on"]].disconnect()
    return {"done": True}


def shutdown(_: Command) -> Command:
    ecrhub.shutdown()
    return {"done": True}


DO: Dict[str, Callable[[Command], Command]] = {
    do.__name__: do
    for do in (
        hello,
        connect,
        order,
        send,
        submit,
        start,
        wait,
        json_get,
        json_set,
        event,
        acknowledge,
        resolve,
        pending,
        state,
        many,
        interrupt_order,
        disconnect,
        shutdown,
    )
}


def answer(command: Command) -> Command:
    do = DO.get(command.get("do", ""))
    if do is None:
        return {"error": f"unknown command: {command.get('do')}"}
    try:
        return do(command)
    except (ecrhub.Error, TypeError) as error:
        # A TypeError is this package's own refusal: of a name that is no field, or of an amount that is a float.
        return {"refused": {"name": getattr(error, "name", "ECRHUB_ERR_ARGUMENT"), "message": str(error)}}


def main() -> None:
    # Whoever started this may have it ignored, as a shell does for what it runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in sys.stdin.buffer:
        text = json.dumps(answer(json.loads(line)), ensure_ascii=False)
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
