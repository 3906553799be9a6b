"""A till in Python. `till.py ecrhub|websocket-client|websockets URL COUNT`, one request at a time.

Each does what must be done at the least: builds the request, sends it, reads the answer and pairs it.
"""

import json
import sys
import time

WARM_UP = 200


def whole_order(serial):
    return {
        "topic": "ecrhub.pay.order",
        "biz_data": {
            "trans_type": "1",
            "merchant_order_no": f"B{serial:015}",
            "order_amount": "34.50",
            "price_currency": "USD",
        },
        "request_id": f"{serial:028x}",
        "timestamp": str(time.time_ns() // 1_000_000),
        "version": "1.0",
        "app_id": "bench-till",
    }


def by_ecrhub(url):
    import ecrhub

    terminal = ecrhub.connect(url, app_id="bench-till")

    def one(serial):
        result = terminal.sale(order_no=f"B{serial:015}", amount="34.50", currency="USD")
        assert result.outcome is ecrhub.Outcome.APPROVED

    return one


def by_socket(send, receive):
    def one(serial):
        order = whole_order(serial)
        send(json.dumps(order, separators=(",", ":")))
        answer = json.loads(receive())
        assert answer["request_id"] == order["request_id"]
        assert answer["biz_data"]["trans_status"] == "2"

    return one


def by_websocket_client(url):
    import websocket

    socket = websocket.create_connection(url)
    return by_socket(socket.send, socket.recv)


def by_websockets(url):
    from websockets.sync.client import connect

    socket = connect(url)
    return by_socket(socket.send, socket.recv)


def main():
    what, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ways = {"ecrhub": by_ecrhub, "websocket-client": by_websocket_client, "websockets": by_websockets}
    one = ways[what](url)
    for serial in range(WARM_UP):
        one(serial)
    samples = []
    cpu, began = time.process_time_ns(), time.perf_counter_ns()
    for serial in range(WARM_UP, WARM_UP + count):
        before = time.perf_counter_ns()
        one(serial)
        samples.append(time.perf_counter_ns() - before)
    wall, cpu = time.perf_counter_ns() - began, time.process_time_ns() - cpu
    samples.sort()
    print(
        json.dumps(
            {
                "count": count,
                "p50_ns": samples[count // 2],
                "p99_ns": samples[count * 99 // 100],
                "wall_ns": wall,
                "cpu_ns": cpu,
            }
        )
    )


main()
