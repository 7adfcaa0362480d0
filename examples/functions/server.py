"""The functions of config/machines/order.asl.json over HTTP: POST /ProcessPayment with the task's input, JSON back.

A function that fails answers 400 with {"errorType": …, "errorMessage": …}, as Lambda does: Retry and Catch see the name.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class InvalidOrderException(Exception):
    pass


class PaymentFailedException(Exception):
    pass


def validate_order(order):
    if order.get("items") == []:
        raise InvalidOrderException("the order has no items")
    return {"valid": True, "attempts": 1}


def process_payment(order):
    if order.get("payment", {}).get("card") == "refused":
        raise PaymentFailedException("the issuer refused the card")
    return {"status": "captured", "provider": "example-pay"}


def send(order):
    return {"sent": True, "channel": "mail"}


FUNCTIONS = {
    "ValidateOrder": validate_order,
    "CheckInventory": lambda order: {"available": True, "warehouse": "north"},
    "ProcessPayment": process_payment,
    "UpdateInventory": lambda order: {"reserved": True},
    "SendConfirmation": send,
    "NotifyFailure": send,
    "NotifyPaymentFailed": send,
}


class Functions(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are used again

    def do_GET(self):
        self.answer(200 if self.path == "/healthz" else 404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        function = FUNCTIONS.get(self.path.strip("/"))
        if function is None:
            return self.answer(404, {})
        try:
            self.answer(200, function(json.loads(body)))
        except Exception as error:
            name = type(error).__name__
            self.answer(400, {"errorType": name, "errorMessage": str(error)})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Functions)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
