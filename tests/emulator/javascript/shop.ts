import assert from "node:assert/strict";
import { PortOneClient, RestError } from "@portone/server-sdk";

const { EMULATOR_URL = "", API_SECRET = "", STORE_ID } = process.env;

/** A call of one of the SDK's functions, such as `payment.getPayment`, and what came of it. */
export type Call = { name: string; reply?: unknown; error?: string; data?: unknown };

export const calls: Call[] = [];
export const functions: string[] = [];
const client = PortOneClient({ secret: API_SECRET, baseUrl: EMULATOR_URL, storeId: STORE_ID });
export const shop = recorded(client, []);

/** The same client; each call of it is added to `calls`. */
function recorded<Client extends object>(client: Client, path: string[]): Client {
  const members = Object.entries(client).map(([member, value]) => {
    const name = [...path, member];
    if (typeof value !== "function") return [member, recorded(value, name)];
    functions.push(name.join("."));
    return [member, (options: unknown) => record(name.join("."), value(options))];
  });
  return Object.fromEntries(members);
}

async function record(name: string, promise: Promise<unknown>): Promise<unknown> {
  try {
    const reply = await promise;
    calls.push({ name, reply });
    return reply;
  } catch (error) {
    if (error instanceof RestError) {
      calls.push({ name, error: error.constructor.name, data: error.data });
    }
    throw error;
  }
}

/** Require that a call is refused with an error of a class and type. */
export async function refused<Refusal extends RestError>(
  call: Promise<unknown>,
  refusal: new (data: any) => Refusal,
  type: Refusal["data"]["type"],
): Promise<Refusal> {
  const error: unknown = await call.then(() => undefined, (thrown) => thrown);
  assert(error instanceof refusal, `${error} is no ${refusal.name}`);
  assert.equal(error.data.type, type);
  return error;
}

/** Do what buyers, payment companies and time do. */
export async function control(name: string, body: object = {}): Promise<Record<string, string>> {
  const response = await fetch(`${EMULATOR_URL}/_emulator/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const result = await response.json();
  assert(response.ok, `${name}: ${result.message}`);
  return result;
}
