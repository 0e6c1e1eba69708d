import { afterEach, describe, expect, it, vi } from "vitest";
import { merged, type Incoming, type Item, type Outgoing } from "../src/items";
import { Cabinet } from "../src/storage";
import { Store } from "../src/store";
import { Transport, type Surroundings } from "../src/transport";
import { BASE, FakeServer, FakeStorage, SETTINGS } from "./fake-server";

/** A page with the widget: its store, and what it told the view. */
class Page {
  events: [string, Record<string, unknown>][] = [];
  answered: Incoming[] = [];
  store: Store;
  #gone = false;

  constructor(
    readonly server: FakeServer,
    readonly storage: FakeStorage = new FakeStorage(),
  ) {
    const cabinet = new Cabinet(() => storage as unknown as Storage, "test ");
    this.store = new Store(new Transport(BASE, this.#surroundings()), cabinet, "en", {
      changed: () => {},
      answered: (answer) => this.answered.push(answer),
      event: (name, detail) => this.events.push([name, detail]),
    });
    this.store.start();
  }

  /** Leave the page: nothing that is under way comes back to it. */
  leave(): void {
    this.#gone = true;
  }

  #surroundings(): Surroundings {
    const { server } = this;
    const here = <T>(task: Promise<T>) =>
      new Promise<T>((done, failed) => {
        task.then(
          (value) => this.#gone || done(value),
          (error: unknown) => this.#gone || failed(error as Error),
        );
      });
    return {
      fetch: (url, init) => here(server.fetch(url, init)),
      online: () => server.online(),
      sleep: (milliseconds) => here(server.sleep(milliseconds)),
      whenOnline: () => here(server.whenOnline()),
    };
  }

  /** What is shown, one word per line. */
  get shown(): string[] {
    return this.store.items.map((item) => {
      if (item.from === "note") return `(${item.text})`;
      return item.from === "bot" ? item.text : item.state ? `${item.text}: ${item.state}` : item.text;
    });
  }

  first(text: string): Outgoing {
    return this.store.items.find((item): item is Outgoing => item.from === "user" && item.text === text)!;
  }
}

/** Let everything that can happen without waiting happen. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
  await new Promise((done) => setImmediate(done));
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
}

afterEach(() => vi.useRealTimers());

describe("a conversation", () => {
  it("begins with the settings of the clinic", async () => {
    const page = new Page(new FakeServer());
    await page.store.open();
    expect(page.store.settings).toEqual(SETTINGS);
    expect(page.shown).toEqual([]);
  });

  it("asks for nothing before the chat is used", async () => {
    const server = new FakeServer();
    new Page(server);
    await settled();
    expect(server.calls).toEqual([]);
  });

  it("shows a message and its answer", async () => {
    const page = new Page(new FakeServer());
    page.store.send("pain");
    expect(page.shown).toEqual(["pain: sending"]);
    await settled();
    expect(page.shown).toEqual(["pain", "About pain"]);
  });

  it("sends one message at a time, in order", async () => {
    const server = new FakeServer();
    server.meanwhile = () => new Promise((done) => setImmediate(done));
    const page = new Page(server);
    for (const text of ["one", "two", "three"]) page.store.send(text);
    expect(page.shown).toEqual(["one: sending", "two: waiting", "three: waiting"]);
    await vi.waitFor(() => expect(page.shown).toHaveLength(6));
    expect(server.handled).toEqual(["one", "two", "three"]);
    expect(server.most).toBe(1);
    expect(page.shown).toEqual(["one", "About one", "two", "About two", "three", "About three"]);
  });

  it("tells the page of events without any words", async () => {
    const page = new Page(new FakeServer());
    page.store.send("my secret", "/payload");
    await settled();
    expect(page.events.map(([name]) => name)).toEqual(["message-sent", "answer"]);
    expect(JSON.stringify(page.events)).not.toContain("secret");
  });

  it("is there again on the next page, each message once", async () => {
    const server = new FakeServer();
    const first = new Page(server);
    first.store.send("pain");
    await settled();
    const second = new Page(server, first.storage);
    await second.store.open();
    expect(second.shown).toEqual(["pain", "About pain"]);
    await second.store.open();
    expect(second.shown).toEqual(["pain", "About pain"]);
    expect(server.calls.filter((call) => call === "POST session")).toHaveLength(1);
  });

  it("ends in time: what has expired is not used again", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const server = new FakeServer();
    const first = new Page(server);
    await first.store.open();
    vi.setSystemTime(Date.now() + 3601 * 1000);
    const second = new Page(server, first.storage);
    await second.store.open();
    expect(server.calls.filter((call) => call === "POST session")).toHaveLength(2);
  });

  it("works where storage is blocked", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    const blocked = new Cabinet(() => {
      throw new DOMException("blocked", "SecurityError");
    }, "test ");
    Object.assign(page.store, { cabinet: blocked });
    page.store.send("one");
    await settled();
    page.store.send("two");
    await settled();
    expect(page.shown).toEqual(["one", "About one", "two", "About two"]);
    await page.store.deleteAll();
    expect(page.shown).toEqual(["(deleted)"]);
    expect(server.chats.size).toBe(0);
  });

  it("works where storage is full", async () => {
    const storage = new FakeStorage();
    storage.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const page = new Page(new FakeServer(), storage);
    page.store.send("one");
    await settled();
    expect(page.shown).toEqual(["one", "About one"]);
  });
});

describe("trouble", () => {
  it.each(["lost before", "lost after"] as const)("does not handle a message twice when the answer is %s", async (fault) => {
    const server = new FakeServer();
    server.fail("messages", fault, fault);
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    expect(page.shown).toEqual(["pain", "About pain"]);
    expect(server.handled).toEqual(["pain"]);
  });

  it("shows an answer once that comes by the history first", async () => {
    const server = new FakeServer();
    server.fail("messages", "lost after");
    const page = new Page(server);
    let goOn = () => {};
    server.sleep = () => new Promise((done) => (goOn = done));
    page.store.send("pain");
    await settled();
    await page.store.open();
    expect(page.shown).toEqual(["pain", "About pain"]);
    goOn();
    await settled();
    expect(page.shown).toEqual(["pain", "About pain"]);
  });

  it("keeps a message that failed, and sends it again when asked", async () => {
    const server = new FakeServer();
    server.fail("messages", { status: 500, code: "trouble" });
    const page = new Page(server);
    page.store.send("pain");
    page.store.send("next");
    await settled();
    expect(page.shown).toEqual(["pain: failed", "next", "About next"]);
    expect(page.first("pain")).toMatchObject({ error: "trouble", refused: false });
    expect(page.events).toContainEqual(["error", { code: "trouble", status: 500 }]);
    page.store.retry(page.first("pain"));
    await settled();
    expect(page.shown).toEqual(["next", "About next", "pain", "About pain"]);
  });

  it.each([
    [413, "too_large"],
    [422, "too_long"],
    [403, "forbidden_payload"],
  ])("says that a message refused with %i is to be changed, and does not keep it for the next page", async (status, code) => {
    const server = new FakeServer();
    server.fail("messages", { status, code });
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    expect(page.first("pain")).toMatchObject({ state: "failed", error: code, refused: true });
    expect(new Page(server, page.storage).shown).toEqual([]);
    page.store.discard(page.first("pain"));
    expect(page.shown).toEqual([]);
  });

  it("waits when there were too many messages, and says for how long", async () => {
    const server = new FakeServer();
    server.fail("messages", { status: 429, code: "rate_limited", after: 9 });
    const page = new Page(server);
    let wait: unknown;
    server.sleep = async () => {
      wait = page.store.wait;
    };
    page.store.send("pain");
    await settled();
    expect(wait).toEqual({ code: "rate_limited", seconds: 9 });
    expect(page.shown).toEqual(["pain", "About pain"]);
    expect(page.store.wait).toBeNull();
  });

  it("sends what was written offline when the device is online again", async () => {
    const server = new FakeServer();
    server.isOnline = false;
    const page = new Page(server);
    page.store.send("one");
    page.store.send("two");
    await settled();
    expect(page.store.wait?.code).toBe("offline");
    expect(page.store.busy).toBe(false);
    server.goOnline();
    await settled();
    expect(page.shown).toEqual(["one", "About one", "two", "About two"]);
  });

  it("sends on the next page what could not be sent on this one", async () => {
    const server = new FakeServer();
    server.isOnline = false;
    const first = new Page(server);
    first.store.send("one");
    first.store.send("two");
    await settled();
    const back = new FakeServer();
    const second = new Page(back, first.storage);
    await settled();
    expect(second.shown).toEqual(["one", "About one", "two", "About two"]);
    expect(second.store.unread).toBe(2);
    expect(new Page(back, first.storage).shown).toEqual([]);
  });

  it("asks before it sends what is old", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const server = new FakeServer();
    server.isOnline = false;
    const first = new Page(server);
    first.store.send("one");
    vi.setSystemTime(Date.now() + 700 * 1000);
    const second = new Page(new FakeServer(), first.storage);
    await settled();
    expect(second.shown).toEqual(["one: failed"]);
  });

  it("begins anew when the conversation has ended, and does not lose the message", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("one");
    await settled();
    server.chats.clear();
    page.store.send("two");
    await settled();
    expect(page.shown).toEqual(["(anew)", "two", "About two"]);
    expect(server.handled).toEqual(["one", "two"]);
  });

  it("says when there is no answer for ten seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const server = new FakeServer();
    let answer = () => {};
    server.meanwhile = () => new Promise<void>((done) => (answer = done));
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(page.store.slow).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(page.store.slow).toBe(true);
    answer();
    await settled();
    expect(page.store.slow).toBe(false);
    expect(page.shown).toEqual(["pain", "About pain"]);
  });

  it("says when the chat cannot be reached, and opens when asked again", async () => {
    const server = new FakeServer();
    server.fail("session", ...Array.from({ length: 8 }, () => "lost before" as const));
    const page = new Page(server);
    await page.store.open();
    expect(page.store.closed).toBe("network");
    await page.store.open();
    expect(page.store.closed).toBeNull();
    expect(page.store.settings).toEqual(SETTINGS);
  });

  it("shows what was said before as soon as a message comes through again", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    server.fail("history", { status: 500, code: "trouble" });
    const next = new Page(server, page.storage);
    await next.store.open();
    expect(next.store.closed).toBe("trouble");
    next.store.send("cost");
    await settled();
    expect(next.shown).toEqual(["pain", "About pain", "cost", "About cost"]);
    expect(next.store.closed).toBeNull();
  });
});

describe("feedback", () => {
  it("with a comment comes after its thumb, though that had to be tried again", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    const answer = page.store.items[1] as Incoming;
    const sent: unknown[] = [];
    const fetch = server.fetch.bind(server);
    server.fetch = (url, init) => {
      if (url.endsWith("/feedback")) sent.push(JSON.parse(init.body as string).comment);
      return fetch(url, init);
    };
    server.fail("feedback", "lost before");
    await Promise.all([page.store.rate(answer, "down"), page.store.rate(answer, "down", "too short")]);
    expect(sent).toEqual([undefined, undefined, "too short"]);
  });

  it("is stored, can be changed, and is there on the next page", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    const answer = page.store.items[1] as Incoming;
    await page.store.rate(answer, "up");
    await page.store.rate(answer, "down", "too short");
    const next = new Page(server, page.storage);
    await next.store.open();
    expect(next.store.items[1]).toMatchObject({ feedback: "down" });
    expect(page.events.at(-1)).toEqual(["feedback", { value: "down", comment: true }]);
  });

  it("is taken back when it could not be stored", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("pain");
    await settled();
    const answer = page.store.items[1] as Incoming;
    server.fail("feedback", { status: 500, code: "trouble" });
    await expect(page.store.rate(answer, "up")).rejects.toMatchObject({ status: 500 });
    expect(answer.feedback).toBeNull();
  });
});

describe("starting again and deleting", () => {
  it("starts a new conversation, and can still delete the one before", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("one");
    await settled();
    await page.store.startAgain();
    expect(page.shown).toEqual(["(anew)"]);
    page.store.send("two");
    await settled();
    expect(server.chats.size).toBe(2);
    await page.store.deleteAll();
    expect(server.chats.size).toBe(0);
    expect(page.shown).toEqual(["(deleted)"]);
    expect(Object.keys(page.storage)).toEqual([]);
  });

  it("does not say that data was deleted when it was not", async () => {
    const server = new FakeServer();
    const page = new Page(server);
    page.store.send("one");
    await settled();
    server.fail("session", "lost before");
    await expect(page.store.deleteAll()).rejects.toMatchObject({ code: "network" });
    expect(page.shown).toEqual(["one", "About one"]);
    expect(server.chats.size).toBe(1);
  });

  it("drops an answer that comes for a conversation that was deleted", async () => {
    const server = new FakeServer();
    let answer = () => {};
    server.meanwhile = () => new Promise<void>((done) => (answer = done));
    const page = new Page(server);
    page.store.send("one");
    await settled();
    await page.store.deleteAll();
    answer();
    await settled();
    expect(page.shown).toEqual(["(deleted)"]);
    expect(page.answered).toEqual([]);
    server.meanwhile = () => {};
    page.store.send("two");
    await settled();
    expect(page.shown).toEqual(["(deleted)", "two", "About two"]);
  });
});

describe("two tabs", () => {
  const key = (name: string) => name;

  it("show the same conversation", async () => {
    const server = new FakeServer();
    const one = new Page(server);
    const two = new Page(server, one.storage);
    await one.store.open();
    await two.store.open();
    one.store.send("pain");
    await settled();
    two.store.follow(key("turn"));
    await settled();
    expect(two.shown).toEqual(["pain", "About pain"]);
    two.store.send("cost");
    await settled();
    one.store.follow(key("turn"));
    await settled();
    expect(one.shown).toEqual(["pain", "About pain", "cost", "About cost"]);
    expect(server.chats.size).toBe(1);
  });

  it("follow when one starts again: nothing is mixed up", async () => {
    const server = new FakeServer();
    const one = new Page(server);
    const two = new Page(server, one.storage);
    await one.store.open();
    await two.store.open();
    one.store.send("pain");
    await settled();
    two.store.follow(key("turn"));
    await settled();
    await one.store.startAgain();
    // Before this tab has heard of it:
    two.store.send("cost");
    await settled();
    expect(two.shown).toEqual(["cost", "About cost"]);
    expect([...server.chats.values()].map((chat) => chat.messages.length)).toEqual([2, 2]);
  });

  it("count what is unread together", async () => {
    const server = new FakeServer();
    const one = new Page(server);
    const two = new Page(server, one.storage);
    one.store.send("pain");
    await settled();
    two.store.follow(key("unread"));
    expect([one.store.unread, two.store.unread]).toEqual([1, 1]);
    await two.store.open();
    one.store.follow(key("unread"));
    expect([one.store.unread, two.store.unread]).toEqual([0, 0]);
  });

  it("are told when the data was deleted in the other", async () => {
    const server = new FakeServer();
    const one = new Page(server);
    const two = new Page(server, one.storage);
    one.store.send("pain");
    await settled();
    await two.store.open();
    await one.store.deleteAll();
    two.store.follow(key("session"));
    await settled();
    expect(two.shown).toEqual(["(anew)"]);
    expect(server.chats.size).toBe(0);
  });
});

describe("history", () => {
  const user = (id: string, state?: "waiting"): Item => ({ from: "user", id, text: id, ...(state ? { state } : {}) });
  const bot = (id: string): Incoming => ({
    from: "bot",
    id,
    text: id,
    kind: "answer",
    buttons: [],
    sources: [],
    time: "",
    feedback: null,
  });
  const ids = (items: Item[]) => items.map((item) => item.id);

  it.each([
    ["nothing is shown yet", [], ["u1", "a1"], ["u1", "a1"]],
    ["all is shown", ["u1", "a1"], ["u1", "a1"], ["u1", "a1"]],
    ["another tab has asked more", ["u1", "a1"], ["u1", "a1", "u2", "a2"], ["u1", "a1", "u2", "a2"]],
    ["it is shorter than what is shown", ["u1", "a1", "u2", "a2"], ["u2", "a2"], ["u1", "a1", "u2", "a2"]],
    ["it is older than what is shown", ["u1", "a1", "u2", "a2"], ["u1", "a1"], ["u1", "a1", "u2", "a2"]],
  ])("is right when %s", (_name, shown, told, expected) => {
    const make = (id: string) => (id.startsWith("u") ? user(id) : bot(id));
    expect(ids(merged(shown.map(make), told.map(make) as never))).toEqual(expected);
  });

  it("puts what has not arrived last", () => {
    expect(ids(merged([user("u3", "waiting"), user("u1")], [user("u1"), bot("a1")] as never))).toEqual(["u1", "a1", "u3"]);
  });

  it("keeps the objects that are shown, with the newest feedback", () => {
    const shown = [user("u1"), { ...bot("a1"), live: true }];
    const result = merged(shown, [user("u1"), { ...bot("a1"), feedback: "up" }] as never);
    expect(result[1]).toBe(shown[1]);
    expect(result[1]).toMatchObject({ feedback: "up", live: true });
  });
});

/** Numbers that look random and are the same each time. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

it.each([1, 2, 3, 4, 5])("loses and doubles nothing in 200 random steps (%i)", async (seed) => {
  const throwDie = dice(seed);
  const server = new FakeServer();
  const storage = new FakeStorage();
  let page = new Page(server, storage);
  const sent: string[] = [];
  for (let step = 0; step < 200; step++) {
    switch (throwDie(8)) {
      case 0:
      case 1:
        sent.push(`m${step}`);
        page.store.send(`m${step}`);
        break;
      case 2:
        // A reload in the middle of whatever is under way.
        page.leave();
        page = new Page(server, storage);
        if (throwDie(2)) void page.store.open();
        break;
      case 3:
        server.isOnline = false;
        break;
      case 4:
        server.goOnline();
        break;
      case 5:
        server.fail("messages", throwDie(2) ? "lost after" : "lost before");
        break;
      case 6:
        server.fail("messages", { status: 500, code: "trouble" });
        break;
      default:
        for (const item of page.store.items) {
          if (item.from === "user" && item.state === "failed") page.store.retry(item);
        }
    }
    if (throwDie(3)) await settled();
  }
  server.goOnline();
  for (let turn = 0; turn < 40; turn++) {
    await settled();
    for (const item of page.store.items) if (item.from === "user" && item.state === "failed") page.store.retry(item);
  }
  const last = new Page(server, storage);
  await last.store.open();
  await settled();
  expect([...server.handled].sort()).toEqual([...sent].sort());
  expect(last.shown.filter((line) => !line.startsWith("About")).sort()).toEqual([...sent].sort());
  expect(last.shown).toHaveLength(2 * sent.length);
  expect(last.shown).toEqual(server.handled.flatMap((text) => [text, `About ${text}`]));
}, 30_000);
