// The functions of config/machines/order.asl.json as an expressd worker: one JSON line per call, one per answer.
//
// Functions may be asynchronous, so this worker has many calls at the same time (`calls: 100` in the binding) and stops
// those that are cancelled: a function gets an AbortSignal that it can hand to fetch and the like.

const functions = {
  ValidateOrder: async (order) => {
    if (Array.isArray(order.items) && order.items.length === 0) {
      throw failure("InvalidOrderException", "the order has no items");
    }
    return { valid: true, attempts: 1 };
  },
  CheckInventory: async () => ({ available: true, warehouse: "north" }),
  ProcessPayment: async (order) => {
    if (order.payment?.card === "refused") {
      throw failure("PaymentFailedException", "the issuer refused the card");
    }
    return { status: "captured", provider: "example-pay" };
  },
  UpdateInventory: async () => ({ reserved: true }),
  SendConfirmation: send,
  NotifyFailure: send,
  NotifyPaymentFailed: send,
};

async function send(order, signal) {
  signal.throwIfAborted();
  return { sent: true, channel: "mail" };
}

function failure(name, message) {
  return Object.assign(new Error(message), { name });
}

const open = new Map();

async function run(call) {
  const abort = new AbortController();
  open.set(call.id, abort);
  let answer;
  try {
    const result = await functions[call.function](call.input, abort.signal);
    answer = { id: call.id, result: result ?? null };
  } catch (error) {
    answer = { id: call.id, error: error.name, cause: error.message };
  }
  open.delete(call.id);
  process.stdout.write(JSON.stringify(answer) + "\n");
}

// Standard output belongs to the answers; console.error goes to the log.
require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const call = JSON.parse(line);
    if ("cancel" in call) {
      open.get(call.cancel)?.abort();
    } else {
      run(call);
    }
  });
