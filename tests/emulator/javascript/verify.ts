import { readFileSync } from "node:fs";
import { Webhook } from "@portone/server-sdk";

type Received = { body: string; headers: Record<string, string> };

const received: Received[] = JSON.parse(readFileSync(0, "utf8"));
const secret = process.env.WEBHOOK_SECRET ?? "";
const verified = received.map(({ body, headers }) => Webhook.verify(secret, body, headers));
process.stdout.write(JSON.stringify(await Promise.all(verified)));
