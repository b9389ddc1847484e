// A shop on PortOne's server SDK. An order is paid when PortOne's API says so: not when a browser or a webhook does.
import { createServer } from "node:http";
import { PaymentClient, Webhook } from "@portone/server-sdk";

export function createShop({ apiSecret, webhookSecret, baseUrl = "https://api.portone.io" }) {
  const payments = PaymentClient({ secret: apiSecret, baseUrl });
  const orders = new Map(); // payment ID → { total, status }

  async function settle(paymentId) {
    const order = orders.get(paymentId);
    if (order === undefined) return;
    const payment = await payments.getPayment({ paymentId });
    if (payment.status === "PAID" && payment.amount.total === order.total) order.status = "paid";
    if (payment.status === "CANCELLED") order.status = "refunded";
  }

  async function receiveWebhook(request) {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const webhook = await Webhook.verify(webhookSecret, body, request.headers);
    if ("paymentId" in webhook.data) await settle(webhook.data.paymentId);
  }

  const server = createServer(async (request, response) => {
    try {
      await receiveWebhook(request);
      response.writeHead(204).end();
    } catch (error) {
      const isForged = error instanceof Webhook.WebhookVerificationError;
      response.writeHead(isForged ? 400 : 500).end(); // after a 500, PortOne sends it again
    }
  });

  return {
    orders,
    server,
    settle,
    refund: (paymentId, reason) => payments.cancelPayment({ paymentId, reason }),
  };
}
