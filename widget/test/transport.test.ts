import { describe, expect, it } from "vitest";
import { Transport, Trouble } from "../src/transport";
import { BASE, FakeServer } from "./fake-server";

const fine = () => new Response('{"ok": true}');

function transport(...responses: (Response | Error)[]) {
  const server = new FakeServer();
  const seen: [string, RequestInit][] = [];
  server.fetch = async (url, init) => {
    seen.push([url, init]);
    const next = responses.shift();
    if (!next || next instanceof Error) throw next ?? new Error("One call too many");
    return next;
  };
  return { server, seen, wire: new Transport(BASE, server) };
}

const lost = () => new TypeError("Failed to fetch");
const status = (code: number, headers = {}) => new Response('{"error": {"code": "busy"}}', { status: code, headers });

describe("one call", () => {
  it("sends the token and JSON, and no cookies", async () => {
    const { wire, seen } = transport(fine());
    expect(await wire.call("POST", "messages", "secret", { text: "é" })).toEqual({ ok: true });
    const [url, init] = seen[0]!;
    expect(url).toBe(BASE + "/messages");
    expect(init.headers).toEqual({ Authorization: "Bearer secret", "Content-Type": "application/json" });
    expect(init.body).toBe('{"text":"é"}');
    expect(init.credentials).toBe("omit");
  });

  it("returns null where there is nothing to return", async () => {
    const { wire } = transport(new Response(null, { status: 204 }));
    expect(await wire.call("DELETE", "session", "secret")).toBeNull();
  });

  it("tells what the server says is wrong, and when to come again", async () => {
    const { wire } = transport(status(429, { "Retry-After": "7" }));
    const trouble = await wire.call("GET", "history").catch((error: Trouble) => error);
    expect(trouble).toMatchObject({ code: "busy", status: 429, after: 7 });
  });

  it.each([
    ["a page of a proxy", new Response("<html>"), { code: "trouble", status: 502 }],
    ["an error without JSON", new Response("oops", { status: 500 }), { code: "trouble", status: 500 }],
    ["no answer", lost(), { code: "network", status: 0 }],
  ])("is in trouble with %s", async (_name, response, expected) => {
    const { wire } = transport(response);
    await expect(wire.call("GET", "history")).rejects.toMatchObject(expected);
  });
});

describe("trying again", () => {
  it("goes on while the trouble may pass, each time later", async () => {
    const { wire, server } = transport(lost(), status(503), status(502), fine());
    expect(await wire.persist(() => wire.call("GET", "history"), () => {})).toEqual({ ok: true });
    expect(server.slept).toHaveLength(3);
    expect(server.slept[0]!).toBeLessThan(server.slept[1]!);
    expect(server.slept[1]!).toBeLessThan(server.slept[2]!);
  });

  it("waits as long as the server says, and says so", async () => {
    const { wire, server } = transport(status(429, { "Retry-After": "30" }), fine());
    const waits: unknown[] = [];
    await wire.persist(() => wire.call("GET", "history"), (why, seconds) => waits.push([why.status, seconds]));
    expect(waits).toEqual([[429, 30]]);
    expect(server.slept[0]).toBeGreaterThanOrEqual(30_000);
  });

  it.each([400, 401, 403, 404, 413, 422, 500])("does not repeat what was refused with %i", async (code) => {
    const { wire, seen } = transport(status(code));
    await expect(wire.persist(() => wire.call("GET", "history"), () => {})).rejects.toMatchObject({ status: code });
    expect(seen).toHaveLength(1);
  });

  it("does not make anyone wait for an hour", async () => {
    const { wire } = transport(status(429, { "Retry-After": "3600" }));
    await expect(wire.persist(() => wire.call("GET", "history"), () => {})).rejects.toMatchObject({ after: 3600 });
  });

  it("gives up in the end", async () => {
    const { wire, seen } = transport(...Array.from({ length: 20 }, lost));
    await expect(wire.persist(() => wire.call("GET", "history"), () => {})).rejects.toMatchObject({ code: "network" });
    expect(seen).toHaveLength(8);
  });

  it("waits while offline without using up its tries", async () => {
    const { wire, server, seen } = transport(fine());
    server.isOnline = false;
    const waits: string[] = [];
    const done = wire.persist(() => wire.call("GET", "history"), (why) => waits.push(why.code));
    await Promise.resolve();
    expect(seen).toHaveLength(0);
    expect(waits).toEqual(["offline"]);
    server.goOnline();
    expect(await done).toEqual({ ok: true });
    expect(server.slept).toEqual([]);
  });
});
