// portone-emulator --webhook-secret "$PORTONE_WEBHOOK_SECRET" &
// npm install && npm test
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { createShop } from "./shop.mjs";

const EMULATOR = process.env.PORTONE_EMULATOR_URL ?? "http://127.0.0.1:8000";
const WEBHOOK_SECRET =
  process.env.PORTONE_WEBHOOK_SECRET ?? "whsec_ZW11bGF0b3Itd2ViaG9vay1zZWNyZXQh";

const shop = createShop({
  apiSecret: "emulator-secret",
  webhookSecret: WEBHOOK_SECRET,
  baseUrl: EMULATOR,
});
let webhookUrl;

before(async () => {
  shop.server.listen(0, "127.0.0.1");
  await once(shop.server, "listening");
  webhookUrl = `http://127.0.0.1:${shop.server.address().port}/webhooks/portone`;
});
after(() => shop.server.close());

/** What buyers, payment companies and time do: see EMULATOR/_emulator/openapi.json. */
async function control(name, body = {}) {
  const response = await fetch(`${EMULATOR}/_emulator/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const result = await response.json();
  assert.ok(response.ok, `${name}: ${result.message}`);
  return result;
}

function newOrder(total = 30_000) {
  const paymentId = randomUUID().replaceAll("-", "");
  shop.orders.set(paymentId, { total, status: "new" });
  return paymentId;
}

async function buy(paymentId, totalAmount = 30_000) {
  await control("checkout", { paymentId, totalAmount, noticeUrls: [webhookUrl] });
  await control("wait-for-webhooks");
}

test("a webhook settles a paid order", async () => {
  const paymentId = newOrder();
  await buy(paymentId);
  assert.equal(shop.orders.get(paymentId).status, "paid");
});

test("a buyer who pays another amount has not paid the order", async () => {
  const paymentId = newOrder();
  await buy(paymentId, 1);
  assert.equal(shop.orders.get(paymentId).status, "new");
});

test("a webhook that comes twice and late changes nothing", async () => {
  const paymentId = newOrder();
  await control("duplicate-webhooks", { times: 2, copies: 2 });
  await buy(paymentId);
  assert.equal(shop.orders.get(paymentId).status, "paid");
});

test("a refund", async () => {
  const paymentId = newOrder();
  await buy(paymentId);
  await shop.refund(paymentId, "returned");
  await control("wait-for-webhooks");
  assert.equal(shop.orders.get(paymentId).status, "refunded");
});

test("a forged webhook is refused", async () => {
  const forged = await fetch(webhookUrl, {
    method: "POST",
    headers: {
      "webhook-id": "1",
      "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`,
      "webhook-signature": "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    },
    body: JSON.stringify({ type: "Transaction.Paid", data: { paymentId: newOrder() } }),
  });
  assert.equal(forged.status, 400);
});
