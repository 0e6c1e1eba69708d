/** Calls to the web channel: one try with a time limit, and a policy of trying again. */

/** Seconds before each new try; together about half a minute, as long as the server takes to restart. */
const PAUSES = [0.5, 1, 2, 4, 8, 8, 8];

/** A longer wait than this is the person's to decide, with a button. */
const LONGEST_WAIT = 120;

/** One try may take this long, in milliseconds. */
const TIME_LIMIT = 20_000;

/** What stands between the widget and the network, so that tests can take its place. */
export interface Surroundings {
  fetch(url: string, init: RequestInit): Promise<Response>;
  online(): boolean;
  /** Return after some milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  /** Return when the device is online again. */
  whenOnline(): Promise<void>;
}

export const browser: Surroundings = {
  fetch: (url, init) => fetch(url, init),
  online: () => navigator.onLine !== false,
  sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  whenOnline: () => new Promise((done) => addEventListener("online", () => done(), { once: true })),
};

/** A call that did not work. */
export class Trouble extends Error {
  /**
   * @param code as the server names it; "network" or "timeout" when no answer came, "offline" when none can
   * @param status of the HTTP response, 0 without one
   * @param after seconds to wait before trying again, where the server said so
   */
  constructor(
    readonly code: string,
    readonly status = 0,
    readonly after = 0,
  ) {
    super(code);
  }

  /** Tell whether the same call may work a little later. */
  get passing(): boolean {
    return [0, 429, 502, 503, 504].includes(this.status);
  }
}

export class Transport {
  /** @param base address of the channel, as "https://clinic.example/webhooks/web" */
  constructor(
    readonly base: string,
    readonly around: Surroundings = browser,
  ) {}

  /**
   * Make one call and return the JSON of its response, or null where there is none.
   * @throws Trouble
   */
  async call<T>(method: string, path: string, token?: string | null, body?: unknown): Promise<T> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIME_LIMIT);
    const headers: Record<string, string> = {};
    if (token) headers["Authorization"] = "Bearer " + token;
    if (body) headers["Content-Type"] = "application/json";
    try {
      const response = await this.around.fetch(`${this.base}/${path}`, {
        method,
        headers,
        signal: stop.signal,
        // The token is all: cookies of the site are none of the bot's business.
        credentials: "omit",
        cache: "no-store",
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const data = response.status === 204 ? null : await response.json().catch(() => undefined);
      if (response.ok && data !== undefined) return data as T;
      throw new Trouble(
        data?.error?.code ?? "trouble",
        // A page of some proxy with status 200 is no answer either.
        response.ok ? 502 : response.status,
        Number(response.headers.get("Retry-After")) || 0,
      );
    } catch (error) {
      throw error instanceof Trouble ? error : new Trouble(stop.signal.aborted ? "timeout" : "network");
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Do a task, and again while it fails with a passing trouble.
   * @param waiting is told before each wait: why, and for how many seconds (0: until online)
   * @throws Trouble when it is not passing, or does not pass
   */
  async persist<T>(task: () => Promise<T>, waiting: (why: Trouble, seconds: number) => void): Promise<T> {
    for (let attempt = 0; ; ) {
      if (!this.around.online()) {
        waiting(new Trouble("offline"), 0);
        await this.around.whenOnline();
      }
      try {
        return await task();
      } catch (error) {
        const trouble = error as Trouble;
        // What failed because the device went offline is no failed try.
        if (!trouble.status && !this.around.online()) continue;
        const pause = PAUSES[attempt];
        // A server that hangs has cost as much time as several tries.
        attempt += trouble.code === "timeout" ? 3 : 1;
        if (!trouble.passing || !pause || trouble.after > LONGEST_WAIT) throw error;
        const seconds = trouble.after || pause;
        waiting(trouble, seconds);
        // Not all at the same moment, when a server comes back.
        await this.around.sleep(seconds * 1000 * (1 + Math.random() / 4));
      }
    }
  }
}
