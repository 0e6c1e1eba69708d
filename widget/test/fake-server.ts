/** The web channel in memory, by the wire: checks what it gets and counts what it handles. */

import type { Surroundings } from "../src/transport";
import type { Answer, BotMessage, UserMessage } from "../src/wire";

export const BASE = "https://clinic.example/webhooks/web";

export const SETTINGS = {
  title: "Example Acupuncture",
  phone: "+1 828 555 0100",
  emergency: "911, 999, 112",
  max_length: 1000,
  suggestions: [{ title: "Does it hurt?", payload: "/faq_does_it_hurt" }],
};

interface Chat {
  messages: (UserMessage | BotMessage)[];
  answers: Map<string, Answer[]>;
}

/** What happens to the next calls of a path: a status, with seconds for Retry-After; or no answer at all. */
type Fault = "lost before" | "lost after" | { status: number; code: string; after?: number };

export class FakeServer implements Surroundings {
  chats = new Map<string, Chat>();
  /** Texts in the order in which they were handled. */
  handled: string[] = [];
  calls: string[] = [];
  slept: number[] = [];
  isOnline = true;
  lifetime = 3600;
  /** Called while a message is being handled. */
  meanwhile: () => Promise<void> | void = () => {};
  #faults = new Map<string, Fault[]>();
  #waiting: (() => void)[] = [];
  #made = 0;
  /** The most messages that were sent at the same moment. */
  most = 0;
  #busy = 0;
  /** The end of the line: one message is handled after the other. */
  #line: Promise<unknown> = Promise.resolve();

  /** Let the next calls fail, each in its way. */
  fail(path: string, ...faults: Fault[]): void {
    this.#faults.set(path, [...(this.#faults.get(path) ?? []), ...faults]);
  }

  goOnline(): void {
    this.isOnline = true;
    for (const done of this.#waiting.splice(0)) done();
  }

  online = (): boolean => this.isOnline;

  sleep = (milliseconds: number): Promise<void> => {
    this.slept.push(milliseconds);
    return Promise.resolve();
  };

  whenOnline = (): Promise<void> => new Promise((done) => this.#waiting.push(done));

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (!this.isOnline) throw new TypeError("Failed to fetch");
    if (!url.startsWith(BASE + "/")) throw new Error(`Called ${url}`);
    const path = url.slice(BASE.length + 1);
    const call = `${init.method} ${path}`;
    this.calls.push(call);
    const fault = this.#faults.get(path)?.shift();
    if (fault === "lost before") throw new TypeError("Failed to fetch");
    if (typeof fault === "object") return refusal(fault.status, fault.code, fault.after);
    const response = await this.#answer(call, init);
    if (fault === "lost after") throw new TypeError("Failed to fetch");
    return response;
  };

  async #answer(call: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const body = init.body ? (JSON.parse(init.body as string) as Record<string, string>) : null;
    if (body && headers.get("Content-Type") !== "application/json") return refusal(400, "bad_request");
    if (call === "POST session") {
      const token = `token ${++this.#made}`;
      this.chats.set(token, { messages: [], answers: new Map() });
      return json(201, { token, expires_in: this.lifetime, settings: SETTINGS });
    }
    const token = headers.get("Authorization")?.replace("Bearer ", "") ?? "";
    const chat = this.chats.get(token);
    if (!chat) return refusal(401, "unauthorized");
    switch (call) {
      case "GET history":
        return json(200, { messages: structuredClone(chat.messages) });
      case "DELETE session":
        this.chats.delete(token);
        return new Response(null, { status: 204 });
      case "POST feedback": {
        const rated = chat.messages.find((one): one is BotMessage => one.from === "bot" && one.id === body?.["answer"]);
        if (!rated) return refusal(404, "unknown_answer");
        rated.feedback = body!["value"] as "up" | "down";
        return new Response(null, { status: 204 });
      }
      case "POST messages": {
        this.most = Math.max(this.most, ++this.#busy);
        const done = this.#line.then(() => this.#message(chat, body!));
        this.#line = done;
        return done.finally(() => this.#busy--);
      }
      default:
        return refusal(404, "not_found");
    }
  }

  async #message(chat: Chat, { id, text }: Record<string, string>): Promise<Response> {
    if (!/^[\w-]{8,64}$/.test(id ?? "")) return refusal(400, "bad_request");
    if (text!.length > SETTINGS.max_length) return refusal(422, "too_long");
    let answers = chat.answers.get(id!);
    if (!answers) {
      await this.meanwhile();
      this.handled.push(text!);
      answers = [answerTo(text!, `answer ${this.handled.length}`)];
      chat.answers.set(id!, answers);
      chat.messages.push({ from: "user", id: id!, text: text! });
      chat.messages.push(...answers.map((one) => ({ from: "bot" as const, ...one, feedback: null })));
    }
    return json(200, { id, answers: structuredClone(answers) });
  }
}

function answerTo(text: string, id: string): Answer {
  return { id, kind: "answer", text: `About ${text}`, buttons: [], sources: [], time: "2026-11-20T10:00:00Z" };
}

function json(status: number, data: unknown): Response {
  return new Response(JSON.stringify(data), { status, headers: { "Content-Type": "application/json" } });
}

function refusal(status: number, code: string, after?: number): Response {
  const response = json(status, { error: { code, message: "Do something else." } });
  if (after) response.headers.set("Retry-After", String(after));
  return response;
}

/** Storage as browsers have it, shared by the tabs of a test. */
export class FakeStorage {
  [name: string]: unknown;

  getItem(name: string): string | null {
    return Object.hasOwn(this, name) ? (this[name] as string) : null;
  }

  setItem(name: string, value: string): void {
    this[name] = value;
  }

  removeItem(name: string): void {
    delete this[name];
  }
}
