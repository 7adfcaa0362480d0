"""The functions of config/machines/order.asl.json as an expressd worker: one JSON line per call, one per answer.

A function gets the task's input and returns its result; an exception becomes the error of the same name. This worker has
one call at a time, so by the time it could read that a call was cancelled the call is over.
"""

import json
import sys


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


def answer(call):
    try:
        return {"id": call["id"], "result": FUNCTIONS[call["function"]](call["input"])}
    except Exception as error:
        return {"id": call["id"], "error": type(error).__name__, "cause": str(error)}


# Standard output belongs to the answers; what is printed for people goes to standard error, and from there to the log.
for line in sys.stdin:
    call = json.loads(line)
    if "cancel" not in call:
        print(json.dumps(answer(call)), flush=True)
