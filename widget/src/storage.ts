/** Text by name in the browser's storage; in memory where that is blocked, as in some private modes. */
export class Cabinet {
  #memory = new Map<string, string>();

  /**
   * @param storage returns the browser's storage; may throw
   * @param prefix of all names, so that the page's own entries are left alone
   */
  constructor(
    readonly storage: () => Storage,
    readonly prefix: string,
  ) {}

  get(name: string): string | null {
    try {
      return this.storage().getItem(this.prefix + name) ?? this.#memory.get(name) ?? null;
    } catch {
      return this.#memory.get(name) ?? null;
    }
  }

  /** Keep a text; null takes it away. */
  set(name: string, value: string | null): void {
    this.#memory.delete(name);
    try {
      if (value === null) this.storage().removeItem(this.prefix + name);
      else this.storage().setItem(this.prefix + name, value);
    } catch {
      if (value !== null) this.#memory.set(name, value);
    }
  }

  /** Return what was kept as JSON, or null where there is nothing of use. */
  read<T>(name: string): T | null {
    try {
      return JSON.parse(this.get(name) ?? "null") as T;
    } catch {
      return null;
    }
  }

  /** Return the names in the browser's storage that begin with a text. */
  names(start: string): string[] {
    const whole = this.prefix + start;
    try {
      return Object.keys(this.storage())
        .filter((name) => name.startsWith(whole))
        .map((name) => name.slice(this.prefix.length));
    } catch {
      return [];
    }
  }
}
