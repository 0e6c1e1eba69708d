/**
 * A stand-in for the web channel, to try the widget by hand and to test it: keeps to the wire, knows a few answers.
 *
 *     node test/mock-server.mjs [port]
 *
 * What it does for a message: "emergency" and "numb" alert; "slow" waits 12 seconds; "fail" answers 500;
 * "limit" answers 429 once; "gone" forgets the conversation; anything else gets an answer with sources and buttons.
 */

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { extname, join } from "node:path";

const FILES = fileURLToPath(new URL("../../needlepoint/channels/web_static", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "require-trusted-types-for 'script'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const chats = new Map();

const settings = {
  title: "Example Acupuncture",
  phone: "+1 828 555 0100",
  emergency: "911, 999, 112",
  max_length: 1000,
  suggestions: [
    { title: "Does acupuncture hurt?", payload: "/faq_does_it_hurt" },
    { title: "Does it help with back pain?", payload: "/faq_effectiveness" },
    { title: "What does it cost?", payload: "/faq_cost" },
    { title: "Find a practitioner", payload: "/find_practitioner" },
  ],
};

function answer(kind, text, buttons = [], sources = []) {
  return { id: randomUUID(), kind, text, buttons, sources, time: new Date().toISOString() };
}

function answersTo(text) {
  if (/numb|emergency/i.test(text)) {
    return [
      answer(
        "emergency",
        "Call 911 now (999 in the UK, 112 in Europe, 000 in Australia, 111 in New Zealand), or go to the emergency room. This could be an emergency. Do not wait. Do not drive. Do not book acupuncture for this.",
      ),
      answer("notice", "I am still here. When you are ready, you can go on and ask me about acupuncture."),
    ];
  }
  if (/practitioner/i.test(text)) {
    return [answer("question", "Where are you? A town, a state or a ZIP code is enough.", [{ title: "Never mind", payload: "/deny" }])];
  }
  return [
    answer(
      "answer",
      "For **most people** it hurts little, if at all. You may feel a slight pinch as a needle goes in.\n- A dull ache near the needle is normal\n- *Sharp* pain is not: say so, and it can be moved\nMore at [the NCCIH page](https://www.nccih.nih.gov/health/acupuncture).",
      [
        { title: "What does it feel like?", payload: "/faq_what_it_feels_like" },
        { title: "I am afraid of needles", payload: "/faq_fear_of_needles" },
        { title: "How thin are the needles?", payload: "/faq_needle_size" },
      ],
      [
        { title: "Low back pain guideline", publisher: "American College of Physicians", year: 2017, url: "https://www.acpjournals.org/doi/10.7326/M16-2367" },
        { title: "Have You Tried Acupuncture For Back Pain", publisher: "health article", year: null, url: null },
      ],
    ),
    answer("notice", "This is general information, not medical advice."),
  ];
}

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const failure = (status, code, message) => [status, { error: { code, message } }];

async function call(method, path, token, body) {
  if (path === "session" && method === "POST") {
    const made = randomUUID();
    chats.set(made, { messages: [], answers: new Map() });
    return [201, { token: made, expires_in: 86_400, settings }];
  }
  const chat = chats.get(token);
  if (!chat) return failure(401, "unauthorized", "This conversation has ended. Start a new one.");
  if (path === "session" && method === "DELETE") {
    chats.delete(token);
    return [204];
  }
  if (path === "history") return [200, { messages: chat.messages }];
  if (path === "feedback") {
    const rated = chat.messages.find((one) => one.from === "bot" && one.id === body.answer);
    if (!rated) return failure(404, "unknown_answer", "There is no such answer.");
    rated.feedback = body.value;
    return [204];
  }
  if (path !== "messages") return failure(404, "not_found", "There is nothing here.");
  if (body.text.length > settings.max_length) return failure(422, "too_long", "Please send 1000 characters or fewer.");
  if (/^gone/.test(body.text) && chat.messages.length) {
    chats.delete(token);
    return failure(401, "unauthorized", "This conversation has ended. Start a new one.");
  }
  if (/^fail/.test(body.text)) return failure(500, "trouble", "Something went wrong.");
  if (/^limit/.test(body.text) && !chat.limited) {
    chat.limited = true;
    return [...failure(429, "rate_limited", "Too many messages."), { "Retry-After": "5" }];
  }
  await wait(/^slow/.test(body.text) ? 12_000 : 400);
  if (!chat.answers.has(body.id)) {
    const answers = answersTo(body.text);
    chat.answers.set(body.id, answers);
    chat.messages.push({ from: "user", id: body.id, text: body.text, time: new Date().toISOString() });
    chat.messages.push(...answers.map((one) => ({ from: "bot", ...one, feedback: null })));
  }
  return [200, { id: body.id, answers: chat.answers.get(body.id) }];
}

async function handle(request, response) {
  const path = new URL(request.url, "http://localhost").pathname.replace(/^\/webhooks\/web\//, "");
  const api = ["session", "messages", "history", "feedback"].includes(path);
  if (!api) {
    const name = path === "" ? "demo.html" : path;
    try {
      const body = await readFile(join(FILES, name.replace(/[^\w.-]/g, "")));
      const headers = { "Content-Type": TYPES[extname(name)] + "; charset=utf-8", "Cache-Control": "no-cache" };
      if (name.endsWith(".html")) headers["Content-Security-Policy"] = POLICY;
      response.writeHead(200, headers).end(body);
    } catch {
      response.writeHead(404).end();
    }
    return;
  }
  let text = "";
  for await (const piece of request) text += piece;
  const token = (request.headers.authorization ?? "").replace("Bearer ", "");
  const [status, data, headers = {}] = await call(request.method, path, token, text ? JSON.parse(text) : {});
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(data ? JSON.stringify(data) : undefined);
}

const port = Number(process.argv[2] ?? 8099);
createServer(handle).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/webhooks/web/`));
