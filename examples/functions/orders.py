"""The functions of config/machines/order.asl.json behind HTTP, and behind them a network that does not always work.

    python3 examples/functions/orders.py --port 8080 --fail 0.05 --busy 0.02 --hang 0.01 --delay 0.005

POST /FUNCTION with the task's input; the answer is the result, or an error by name with status 500. GET /stats tells what
was asked. Whether a call is one of those that fail is a matter of its idempotency key and its attempt, so that every run
with the same events fails in the same places.
"""

import argparse
import collections
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class InvalidOrderException(Exception):
    pass


class PaymentFailedException(Exception):
    pass


def validate_order(order):
    if order.get("items") == []:
        raise InvalidOrderException("the order has no items")
    return {"valid": True, "attempts": 1}


def check_inventory(order):
    return {"available": True, "warehouse": "north"}


def process_payment(order):
    if order.get("payment", {}).get("card") == "refused":
        raise PaymentFailedException("the issuer refused the card")
    return {"status": "captured", "provider": "example-pay"}


def update_inventory(order):
    return {"reserved": True}


def send(order):
    return {"sent": True, "channel": "mail"}


FUNCTIONS = {
    "ValidateOrder": validate_order,
    "CheckInventory": check_inventory,
    "ProcessPayment": process_payment,
    "UpdateInventory": update_inventory,
    "SendConfirmation": send,
    "NotifyFailure": send,
    "NotifyPaymentFailed": send,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Idempotency-Key", "")
        attempt = self.headers.get("X-Expressd-Attempt", "0")
        fate = self.server.fate(f"{key} {attempt}")
        self.server.count(fate, key)
        time.sleep(self.server.options.delay)
        if fate == "hung":
            # Until the caller has had enough.
            self.rfile.read(1)
            self.close_connection = True
        elif fate == "busy":
            self.answer(429, {"message": "slow down"})
        elif fate == "failed":
            self.answer(500, {"message": "something broke"})
        else:
            self.call(body)

    def call(self, body):
        function = FUNCTIONS.get(self.path.strip("/"))
        if function is None:
            return self.answer(404, {"message": "there is no such function"})
        try:
            self.answer(200, function(json.loads(body)))
        except Exception as error:
            self.answer(500, {"errorType": type(error).__name__, "errorMessage": str(error)})

    def do_GET(self):
        self.answer(200, self.server.stats())

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, options):
        super().__init__((options.host, options.port), Handler)
        self.options = options
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.keys = set()

    def fate(self, call):
        chance = int.from_bytes(hashlib.sha256(call.encode()).digest()[:4], "big") / 2**32
        for name, share in (
            ("failed", self.options.fail),
            ("busy", self.options.busy),
            ("hung", self.options.hang),
        ):
            if chance < share:
                return name
            chance -= share
        return "answered"

    def count(self, fate, key):
        with self.lock:
            self.counts[fate] += 1
            self.keys.add(key)

    def stats(self):
        with self.lock:
            return {**self.counts, "keys": len(self.keys)}

    def handle_error(self, request, client_address):
        pass  # A caller that closed its connection.


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes any that is free")
    parser.add_argument("--fail", type=float, default=0, help="share of calls that end with 500")
    parser.add_argument("--busy", type=float, default=0, help="share of calls that end with 429")
    parser.add_argument("--hang", type=float, default=0, help="share of calls that never end")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each call takes")
    server = Server(parser.parse_args())
    print(f"listening on http://{server.server_address[0]}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
