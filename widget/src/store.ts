/** The conversation: what is shown, what is still to be sent, and what the browser keeps of it. */

import { merged, newId, note, type Incoming, type Item, type Note, type Outgoing } from "./items";
import { Cabinet } from "./storage";
import { Transport, Trouble } from "./transport";
import type { Answer, History, NewSession, Reply, Settings, Vote } from "./wire";

/** After this time without an answer the person is told whom to call instead, in milliseconds. */
const SLOW = 10_000;

/** A message that could not be sent for this long waits for the person, not for the network. */
const STALE = 600_000;

/** The status of a task whose conversation is no longer the one that is shown. */
const REPLACED = -1;

interface Session {
  token: string;
  /** When it ends, in milliseconds since 1970. */
  ends: number;
  settings: Settings;
}

type Kept = Outgoing & { at: number };

/** What the view does for the store. */
export interface Listener {
  /** Something that is shown has changed. */
  changed(): void;
  /** An answer has come to a message that was sent from this page. */
  answered(answer: Incoming): void;
  /** Something for the page's own analytics; never the words of a message. */
  event(name: "message-sent" | "answer" | "feedback" | "error", detail: Record<string, unknown>): void;
}

export class Store {
  items: Item[] = [];
  settings: Settings | null = null;
  /** Answers that came while the panel was closed. */
  unread = 0;
  /** No answer for ten seconds. */
  slow = false;
  /** Why the message in flight waits, and for how many seconds. */
  wait: { code: string; seconds: number } | null = null;
  /** Why the conversation could not be opened: the code of a `Trouble`. */
  closed: string | null = null;
  /** The panel is open: what comes is read at once. */
  watched = false;

  #session: Session | null = null;
  #opening: Promise<void> | null = null;
  /** Feedback goes one at a time: a thumb that is tried again must not take the place of its comment. */
  #rating: Promise<unknown> = Promise.resolve();
  /** Goes up when the conversation is replaced: what was under way for the old one is dropped. */
  #age = 0;
  /** The age whose messages are being sent. */
  #pumping = -1;

  constructor(
    readonly wire: Transport,
    readonly cabinet: Cabinet,
    readonly lang: string,
    readonly listener: Listener,
  ) {}

  /** A message is under way. */
  get busy(): boolean {
    return !this.wait && this.items.some((item) => item.from === "user" && item.state === "sending");
  }

  /** Take up what an earlier page left: session, unread answers, messages not yet sent. */
  start(): void {
    this.#adopt();
    this.unread = Number(this.cabinet.get("unread"));
    this.#collect();
    void this.#pump();
  }

  /** Open the conversation: a session, when there is none, and what was said in it. */
  open(): Promise<void> {
    this.watched = true;
    this.#count(0);
    return (this.#opening ??= this.#load());
  }

  /** The panel was closed. */
  leave(): void {
    this.watched = false;
  }

  /** Send a text, or a button by its payload, after those that are still waiting. */
  send(text: string, payload?: string): void {
    const item: Outgoing = { from: "user", id: newId(), text, state: "waiting" };
    if (payload) item.payload = payload;
    this.listener.event("message-sent", { button: !!payload });
    this.#line(item);
  }

  /** Send a message again that had failed. */
  retry(item: Outgoing): void {
    this.#drop(item);
    item.state = "waiting";
    delete item.error;
    this.#line(item);
  }

  /** Take back a message that had failed. */
  discard(item: Outgoing): void {
    this.#drop(item);
    this.cabinet.set("out " + item.id, null);
    this.listener.changed();
  }

  /**
   * Say whether an answer was of use.
   * @throws Trouble when it could not be stored; the thumb is then as before
   */
  async rate(item: Incoming, value: Vote, comment?: string): Promise<void> {
    const before = item.feedback;
    item.feedback = value;
    this.listener.changed();
    try {
      const send = () =>
        this.#keep((token) => this.wire.call("POST", "feedback", token, { answer: item.id, value, comment }));
      await (this.#rating = this.#rating.then(send, send));
      this.#tellTabs();
      this.listener.event("feedback", { value, comment: !!comment });
    } catch (error) {
      item.feedback = before;
      this.#report(error as Trouble);
      this.listener.changed();
      throw error;
    }
  }

  /**
   * Begin a new conversation; what was said before stays stored until it is deleted or ends.
   * @throws Trouble when there is no answer; all is then as before
   */
  async startAgain(): Promise<void> {
    await alone(async () => {
      this.#adopt();
      // What is stored for it can still be deleted.
      if (this.#session) this.cabinet.set("left", JSON.stringify([...this.#left(), this.#session.token]));
      await this.#create();
    });
    this.#replace("anew");
  }

  /**
   * Delete everything that is stored for this person: at the clinic, then in this browser.
   * @throws Trouble when that could not be done; nothing is then lost
   */
  async deleteAll(): Promise<void> {
    this.#adopt();
    for (const token of [...this.#left(), this.#session?.token]) {
      if (!token) continue;
      await this.wire.call("DELETE", "session", token).catch((error: Trouble) => {
        // Then there is nothing left of it.
        if (error.status !== 401) throw error;
      });
    }
    for (const name of ["session", "left", ...this.cabinet.names("")]) this.cabinet.set(name, null);
    this.#session = null;
    this.#replace("deleted");
  }

  /**
   * Follow what another tab has done.
   * @param name of the entry that has changed; null for all
   */
  follow(name: string | null): void {
    this.unread = this.watched ? 0 : Number(this.cabinet.get("unread"));
    const changed = this.#adopt();
    if (this.watched && this.#session && (changed || name === "turn")) void this.open();
    this.listener.changed();
  }

  /** Read the session that this browser has, if it has not ended; return whether it is another one. */
  #adopt(): boolean {
    const kept = this.cabinet.read<Session>("session");
    const session = kept && kept.ends > Date.now() ? kept : null;
    const changed = session?.token !== this.#session?.token;
    const replaced = changed && this.#session;
    this.#session = session;
    this.settings = session?.settings ?? this.settings;
    if (replaced) {
      this.#age++;
      this.items = session ? [] : [note("anew")];
      this.#collect();
      void this.#pump();
    }
    return changed;
  }

  #left(): string[] {
    return this.cabinet.read<string[]>("left") ?? [];
  }

  async #load(): Promise<void> {
    try {
      await this.#keep((token) => this.#fetchHistory(token));
      this.closed = null;
    } catch (error) {
      const { code, status } = error as Trouble;
      if (status !== REPLACED) {
        this.closed = code;
        this.#report(error as Trouble);
      } else if (this.watched) {
        return this.#load();
      }
    }
    this.#opening = null;
    this.listener.changed();
  }

  /** Take up the messages that earlier pages could not send. */
  #collect(): void {
    const kept = this.cabinet.names("out ").map((name) => this.cabinet.read<Kept>(name));
    for (const item of kept.filter((one) => one !== null).sort((a, b) => a.at - b.at)) {
      if (this.items.some(({ id }) => id === item.id)) continue;
      const old = Date.now() - item.at > STALE;
      this.items.push(old ? { ...item, state: "failed", error: "network" } : item);
    }
  }

  /** Keep a message until it has arrived, each under a name of its own: tabs do not overwrite each other. */
  #hold(item: Outgoing): void {
    this.cabinet.set("out " + item.id, JSON.stringify({ ...item, at: Date.now() }));
  }

  /** Put a message behind those that wait. */
  #line(item: Outgoing): void {
    this.items.push(item);
    this.#hold(item);
    this.listener.changed();
    void this.#pump();
  }

  #drop(item: Item): void {
    this.items = this.items.filter((other) => other !== item);
  }

  #count(unread: number): void {
    this.unread = unread;
    this.cabinet.set("unread", unread ? String(unread) : null);
  }

  /** Let other tabs know that there is something new in the conversation. */
  #tellTabs(): void {
    this.cabinet.set("turn", newId());
  }

  #report({ code, status }: Trouble): void {
    this.listener.event("error", { code, status });
  }

  /** Forget what is on the screen, and what was to be sent. */
  #replace(text: Note["text"]): void {
    this.#age++;
    for (const name of this.cabinet.names("out ")) this.cabinet.set(name, null);
    this.#count(0);
    this.slow = false;
    this.wait = null;
    this.items = [note(text)];
    this.listener.changed();
  }

  /** Ask for a session and keep it. */
  async #create(): Promise<Session> {
    const made = await this.wire.call<NewSession>("POST", "session", null, { lang: this.lang });
    const session: Session = {
      token: made.token,
      ends: Date.now() + made.expires_in * 1000,
      settings: made.settings,
    };
    this.#session = session;
    this.settings = session.settings;
    this.cabinet.set("session", JSON.stringify(session));
    this.listener.changed();
    return session;
  }

  /** Return the token of this conversation; one tab at a time, so that two never begin two. */
  #token(): Promise<string> {
    return alone(async () => {
      this.#adopt();
      return (this.#session ?? (await this.#create())).token;
    });
  }

  /** Do a task with the token, patiently; a conversation that has ended is begun anew. */
  async #keep<T>(task: (token: string) => Promise<T>): Promise<T> {
    const age = this.#age;
    const still = () => {
      if (age !== this.#age) throw new Trouble("replaced", REPLACED);
    };
    const once = async (again: boolean): Promise<T> => {
      const token = await this.#token();
      still();
      try {
        return await task(token);
      } catch (error) {
        if ((error as Trouble).status !== 401 || !again) throw error;
        still();
        this.#end(token);
        return once(false);
      }
    };
    try {
      const done = await this.wire.persist(() => once(true), (why, seconds) => {
        still();
        this.wait = { code: why.code, seconds };
        this.listener.changed();
      });
      still();
      return done;
    } finally {
      if (age === this.#age) this.wait = null;
    }
  }

  /** The server no longer knows the conversation: say so, and keep only what it has not had. */
  #end(token: string): void {
    if (this.cabinet.read<Session>("session")?.token === token) this.cabinet.set("session", null);
    this.#session = null;
    const unsent = this.items.filter((item) => item.from === "user" && item.state);
    this.items = [note("anew"), ...unsent];
    this.listener.changed();
  }

  async #fetchHistory(token: string): Promise<void> {
    const history = await this.wire.call<History>("GET", "history", token);
    if (token !== this.#session?.token) return;
    history.messages.forEach(({ from, id }, place) => {
      if (from === "bot" || history.messages[place + 1]?.from !== "bot") return;
      // It has its answer: no matter that the one who sent it never heard of that.
      this.cabinet.set("out " + id, null);
      const item = this.items.find((other) => other.id === id);
      if (item?.from === "user") delete item.state;
    });
    this.items = merged(this.items, history.messages);
  }

  /** Send what waits, one message at a time. */
  async #pump(): Promise<void> {
    const age = this.#age;
    if (this.#pumping === age) return;
    this.#pumping = age;
    const next = () => this.items.find((item): item is Outgoing => item.from === "user" && item.state === "waiting");
    for (let item = next(); item && age === this.#age; item = next()) await this.#deliver(item);
    if (age === this.#age) this.#pumping = -1;
  }

  async #deliver(item: Outgoing): Promise<void> {
    const age = this.#age;
    item.state = "sending";
    const timer = setTimeout(() => {
      if (age !== this.#age) return;
      this.slow = true;
      this.listener.changed();
    }, SLOW);
    this.listener.changed();
    const { id, text, payload } = item;
    try {
      const reply = await this.#keep((token) =>
        this.wire.call<Reply>("POST", "messages", token, { id, text, payload }),
      );
      this.cabinet.set("out " + id, null);
      delete item.state;
      // What was said before could not be read until now.
      if (this.closed && this.watched) void this.open();
      this.#take(id, reply.answers);
      this.#tellTabs();
    } catch (error) {
      // Replaced: it belongs to a conversation that is no longer shown.
      if (age === this.#age) {
        const trouble = error as Trouble;
        item.state = "failed";
        item.error = trouble.code;
        item.refused = trouble.status >= 400 && trouble.status < 429;
        // What can never be taken is not kept for the next page.
        if (item.refused) this.cabinet.set("out " + id, null);
        this.#report(trouble);
      }
    }
    clearTimeout(timer);
    if (age === this.#age) this.slow = false;
    this.listener.changed();
  }

  /** Put answers behind the message that they answer, those not yet there. */
  #take(id: string, answers: Answer[]): void {
    const fresh = answers.filter((answer) => !this.items.some((item) => item.id === answer.id));
    const incoming = fresh.map((answer): Incoming => ({ ...answer, from: "bot", feedback: null, live: true }));
    let place = this.items.findIndex((item) => item.id === id) + 1;
    while (this.items[place]?.from === "bot") place++;
    this.items.splice(place, 0, ...incoming);
    if (!this.watched) this.#count(this.unread + incoming.length);
    this.listener.changed();
    for (const answer of incoming) {
      this.listener.answered(answer);
      this.listener.event("answer", {
        kind: answer.kind,
        sources: answer.sources.length,
        buttons: answer.buttons.length,
      });
    }
  }
}

/** Do a task while no other tab of this site does it, where the browser can see to that. */
function alone<T>(task: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  return locks ? locks.request("needlepoint", task) as Promise<T> : task();
}
