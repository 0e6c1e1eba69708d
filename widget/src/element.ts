/** The element <needlepoint-chat>: launcher and panel, focus, keys and announcements. */

import { html, nothing, render, type TemplateResult } from "lit/html.js";
import { withPhones } from "./format";
import { icon } from "./icons";
import type { Incoming, Item, Outgoing } from "./items";
import { choices, line, reason, type Stage } from "./messages";
import { alone, channelAddress } from "./page";
import { Cabinet } from "./storage";
import { Store, type Listener } from "./store";
import { fill, stringsFor, type Strings } from "./strings";
import { Transport } from "./transport";
import css from "./widget.css?inline";
import type { Button, Vote } from "./wire";

/** Full screen, as in widget.css. */
const SMALL = "(max-width: 480px), (max-height: 480px)";

/** So low that the whole panel scrolls, as in widget.css. */
const LOW = "(max-height: 480px)";

/** Called wherever the clinic has set no other numbers. */
const EMERGENCY = "911, 999, 112";

const MAX_LENGTH = 1000;

/** From this share of the longest text on, the counter is shown. */
const COUNT_FROM = 0.8;

type Question = "again" | "delete";

/**
 * Its templates are Lit's. LitElement is not used: with it the script would be larger by a sixth, and all that is
 * needed of it is `changed` and `attributeChangedCallback`.
 */
export class NeedlepointChat extends HTMLElement implements Stage, Listener {
  static observedAttributes = ["open", "title", "phone", "theme"];

  /** Where the script came from; the channel is there too. */
  static script: string | undefined;

  commenting: string | null = null;
  strings!: Strings;

  #lang = "en";
  #store!: Store;
  #tab!: Cabinet;
  #menu = false;
  #question: Question | null = null;
  #opened = false;
  #wasOpen = false;
  #queued = false;
  #draft = "";
  #spoken = "";
  #banner = "";
  #toEnd = false;
  /** The comment that was last scrolled to. */
  #shown: string | null = null;
  /** What has the focus after the next update, by its selector. */
  #focus = "";
  /** What had the focus on the page before `show`. */
  #back: HTMLElement | null = null;
  #release: (() => void) | null = null;
  #media: MediaQueryList[] = [];

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
    } catch {
      // Safari before 16.4.
      root.append(Object.assign(document.createElement("style"), { textContent: css }));
    }
  }

  connectedCallback(): void {
    if (!this.#store) this.#begin();
    this.#media = [SMALL, LOW, "(prefers-color-scheme: dark)"].map((query) => matchMedia(query));
    this.#listen("add");
    // Where the panel was open on the page before, it stays open; on a phone it would hide the new page.
    const kept = this.#tab.get("open");
    if (kept && (kept === "no" || !this.#media[0]!.matches)) this.open = kept === "yes";
    this.changed();
  }

  disconnectedCallback(): void {
    this.#listen("remove");
    this.#letGo();
  }

  attributeChangedCallback(): void {
    this.changed();
  }

  get open(): boolean {
    return this.hasAttribute("open");
  }

  set open(open: boolean) {
    this.toggleAttribute("open", open);
  }

  get items(): Item[] {
    return this.#store.items;
  }

  get held(): boolean {
    return !!this.#store.wait;
  }

  /** Open the panel and put the focus into it. */
  show(): void {
    const active = document.activeElement;
    this.#back = active instanceof HTMLElement && active !== this ? active : null;
    this.open = true;
    // On a touch screen the keyboard would cover half of the panel.
    this.#focus = matchMedia("(pointer: coarse)").matches ? ".panel" : "#input";
    this.changed();
  }

  /** Close the panel; the focus goes back to where it came from. */
  close(): void {
    this.open = false;
    this.#focus = "back";
    this.changed();
  }

  // For the store

  /** Draw anew, once for all changes of this moment. */
  changed = (): void => {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.isConnected) this.#update();
    });
  };

  answered(answer: Incoming): void {
    this.#toEnd = true;
    // Read out by its own role, when it can be seen.
    if (answer.kind === "emergency" && this.open) return;
    const { strings } = this;
    const count = answer.buttons.length;
    this.#say(
      `${strings.assistant}: ${answer.text}` + (count ? ` ${fill(strings.choices, { n: count })}` : ""),
    );
  }

  event(name: string, detail: Record<string, unknown> = {}): void {
    this.dispatchEvent(new CustomEvent("needlepoint:" + name, { detail, bubbles: true }));
  }

  // For the lines of the conversation

  choose({ title, payload }: Button): void {
    this.#send(title, payload);
  }

  rate(item: Incoming, value: Vote, comment?: string): void {
    const given = this.#store.rate(item, value, comment);
    if (comment) this.endComment();
    else this.#comment(item.id);
    given.then(
      () => this.#say(this.strings.thanks),
      () => {
        this.#comment(null);
        this.#say(this.strings.notDone);
      },
    );
  }

  endComment(): void {
    this.#comment(null);
    this.#focus = "#input";
  }

  retry(item: Outgoing): void {
    this.#toEnd = true;
    this.#focus = "#input";
    this.#store.retry(item);
  }

  edit(item: Outgoing): void {
    this.#write(item.text);
    this.#focus = "#input";
    this.#store.discard(item);
  }

  #update(): void {
    if (this.open !== this.#wasOpen) this.#turn();
    render(this.#template(), this.shadowRoot!, { host: this });
    const full = this.open && this.#media[0]!.matches;
    if (full) this.#release ??= alone(this);
    else this.#letGo();
    if (this.#toEnd && this.open) this.#scrollToEnd();
    this.#moveFocus();
    if (this.#shown !== this.commenting) this.#find(".comment")?.scrollIntoView({ block: "nearest" });
    this.#shown = this.commenting;
    const input = this.#find<HTMLTextAreaElement>("#input");
    if (!input) return;
    if (input.value !== this.#draft) input.value = this.#draft;
    input.style.height = "";
    if (this.#draft) input.style.height = input.scrollHeight + 2 + "px";
  }

  /** The panel was opened or closed. */
  #turn(): void {
    const { open } = this;
    this.#wasOpen = open;
    this.#tab.set("open", open ? "yes" : "no");
    this.#opened = true;
    this.#menu = false;
    this.#question = null;
    this.#toEnd = true;
    if (open) void this.#store.open();
    else this.#store.leave();
    this.event(open ? "open" : "close");
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  #listen(what: "add" | "remove"): void {
    const change = (target: EventTarget | null, name: string, listener: EventListener) =>
      target?.[`${what}EventListener`](name, listener);
    for (const query of this.#media) change(query, "change", this.changed);
    for (const name of ["online", "offline"]) change(window, name, this.changed);
    change(window, "storage", this.#follow as EventListener);
    for (const name of ["resize", "scroll"]) change(visualViewport, name, this.#fit);
  }

  #template(): TemplateResult {
    const { strings, open } = this;
    const theme = this.getAttribute("theme");
    const dark = theme ? theme === "dark" : this.#media[2]!.matches;
    const { unread } = this.#store;
    // An empty title, or the browser would show the attribute of this element as a tip everywhere.
    return html`<div class="np ${dark ? "dark" : ""}" lang=${this.#lang} title="" @keydown=${this.#key}>
      <section aria-label=${strings.chat}>
        <button class="launcher solid" part="launcher" aria-expanded=${open} ?hidden=${open} @click=${this.show}>
          ${icon("chat")}<span class="hidden">${strings.open}</span><span aria-hidden="true">${strings.chat}</span>
          ${unread
            ? html`<span class="badge"
                ><span aria-hidden="true">${unread}</span
                ><span class="hidden">${fill(strings.unread, { n: unread })}</span></span
              >`
            : nothing}
        </button>
        ${this.#opened ? this.#panel() : nothing}
      </section>
      <div class="hidden" role="status">${this.#spoken}</div>
    </div>`;
  }

  #begin(): void {
    [this.strings, this.#lang] = stringsFor(this.closest("[lang]")?.getAttribute("lang"));
    const base = channelAddress(this.getAttribute("server"), NeedlepointChat.script);
    const prefix = `needlepoint ${base} `;
    this.#store = new Store(new Transport(base), new Cabinet(() => localStorage, prefix), this.#lang, this);
    this.#tab = new Cabinet(() => sessionStorage, prefix);
    this.#draft = this.#tab.get("draft") ?? "";
    this.#store.start();
  }

  #panel(): TemplateResult {
    const { strings } = this;
    const question = this.#question;
    const settings = this.#store.settings;
    return html`<div
      class="panel"
      part="panel"
      role="dialog"
      aria-labelledby="title"
      aria-describedby="bot"
      tabindex="-1"
      ?hidden=${!this.open}
      @click=${this.#outsideMenu}
      @focusin=${this.#outsideMenu}
    >
      <div class="head" ?inert=${question}>
        ${icon("bot")}
        <div class="name">
          <h2 id="title">${this.getAttribute("title") || settings?.title || strings.title}</h2>
          <p id="bot">${strings.bot}</p>
        </div>
          <button
            class="tool"
            id="more"
           
            aria-label=${strings.menu}
            aria-expanded=${this.#menu}
            @click=${() => this.#setMenu(!this.#menu)}
          >
            ${icon("more")}
          </button>
          <div class="menu" id="menu" ?hidden=${!this.#menu}>
            <button @click=${() => this.#ask("again")}>${strings.again}</button>
            <button @click=${() => this.#ask("delete")}>${strings.delete}</button>
          </div>
          <button class="tool" aria-label=${strings.close} @click=${this.close}>
            ${icon("close")}
          </button>
      </div>
      <div class="body" ?inert=${question}>
        <div class="list" role="region" aria-label=${strings.messages} tabindex="0">
          <ol role="list">
            <li class="said bot">
              <div class="bubble"><span class="hidden">${strings.assistant}: </span>${strings.hello}</div>
              ${choices(this, settings?.suggestions ?? [], strings.suggestions, 0)}
            </li>
            ${this.items.map((item) => line(this, item))}
          </ol>
          ${this.#store.busy
            ? html`<div class="said">
                <div class="bubble typing"><i></i><i></i><i></i><span class="hidden">${strings.typing}</span></div>
              </div>`
            : nothing}
        </div>
        ${this.#trouble()} ${this.#composer()}
        <p class="foot small">${strings.disclaimer} ${this.#emergency()}</p>
      </div>
      ${question ? this.#confirm(question) : nothing}
    </div>`;
  }

  #composer(): TemplateResult {
    const { strings } = this;
    const max = this.#max;
    const over = this.#over;
    return html`<form
        class="composer"
        @submit=${(event: Event) => {
          event.preventDefault();
          this.#submit();
        }}
      >
        <label class="hidden" for="input">${strings.input}</label>
        <textarea
          id="input"
          rows="1"
          placeholder=${strings.input}
          enterkeyhint="send"
          aria-describedby="count"
          aria-invalid=${over > 0}
          @input=${(event: Event) => this.#write((event.target as HTMLTextAreaElement).value)}
          @keydown=${this.#enter}
        ></textarea>
        <button class="send solid" aria-label=${strings.send} aria-disabled=${over > 0 || !this.#draft.trim()}>
          ${icon("send")}
        </button>
      </form>
      <div class="small ${over > 0 ? "over" : ""}" id="count" ?hidden=${over + max < max * COUNT_FROM}>
        ${this.#count()}
      </div>`;
  }

  /** What stands in the way at the moment, and whom to call meanwhile. */
  #trouble(): TemplateResult | typeof nothing {
    const { strings } = this;
    const store = this.#store;
    const failed = this.items.find((item): item is Outgoing => item.from === "user" && item.state === "failed" && !item.refused);
    let text = "";
    if (!navigator.onLine) text = strings.offline;
    else if (store.wait?.code === "rate_limited") {
      text = `${strings.rate_limited} ${fill(strings.later, { n: store.wait.seconds })}`;
    }
    else if (store.slow) text = strings.slow;
    else if (failed) text = reason(strings, failed.error!);
    else if (store.closed) text = reason(strings, store.closed);
    const phone = this.getAttribute("phone") || store.settings?.phone;
    if (text !== this.#banner) {
      this.#banner = text;
      if (text && this.open) this.#say(`${text} ${phone ? `${strings.call} ${phone}.` : ""}`);
    }
    if (!text) return nothing;
    return html`<div class="banner">
      <p>${text}</p>
      ${phone ? html`<p>${strings.call} ${withPhones(phone)}</p>` : nothing}
      <p>${this.#emergency()}</p>
      ${store.closed && !failed
        ? html`<button class="plain" @click=${() => void store.open()}>${strings.retry}</button>`
        : nothing}
    </div>`;
  }

  #emergency(): TemplateResult {
    return html`${this.strings.emergency} ${withPhones(this.#store.settings?.emergency || EMERGENCY)}.`;
  }

  #confirm(question: Question): TemplateResult {
    const { strings } = this;
    const [text, label] =
      question === "again" ? [strings.againAsk, strings.again] : [strings.deleteAsk, strings.delete];
    return html`<div class="veil">
      <div class="ask" role="alertdialog" aria-modal="true" aria-label=${label} aria-describedby="ask">
        <p id="ask">${text}</p>
        <div class="row">
          <button class="solid" @click=${() => this.#agree(question)}>
            ${label}
          </button>
          <button class="plain" id="cancel" @click=${this.#cancel}>${strings.cancel}</button>
        </div>
      </div>
    </div>`;
  }

  #ask(question: Question): void {
    this.#menu = false;
    this.#question = question;
    this.#focus = "#cancel";
    this.changed();
  }

  #cancel = (): void => {
    this.#question = null;
    this.#focus = "#more";
    this.changed();
  };

  async #agree(question: Question): Promise<void> {
    const { strings } = this;
    this.#question = null;
    this.#focus = "#input";
    this.changed();
    try {
      if (question === "again") await this.#store.startAgain();
      else await this.#store.deleteAll();
      this.#comment(null);
      if (question === "delete") this.#write("");
      this.#say(question === "again" ? strings.anew : strings.deleted);
    } catch {
      this.#say(strings.notDone);
    }
  }

  get #max(): number {
    return this.#store.settings?.max_length ?? MAX_LENGTH;
  }

  /** By how many characters the draft is too long. */
  get #over(): number {
    // As the server counts: an emoji is one character.
    return [...this.#draft].length - this.#max;
  }

  #write(text: string): void {
    const before = this.#over;
    this.#draft = text;
    this.#tab.set("draft", text || null);
    if (before <= 0) this.#sayOver();
    this.changed();
  }

  /** Say so where the draft is too long. */
  #sayOver(): boolean {
    const over = this.#over > 0;
    if (over) this.#say(this.#count());
    return over;
  }

  #count(): string {
    return fill(this.strings.count, { n: this.#over + this.#max, max: this.#max });
  }

  #submit(): void {
    const text = this.#draft.trim();
    if (!text || this.#sayOver()) return;
    this.#write("");
    this.#send(text);
  }

  #comment(answer: string | null): void {
    this.commenting = answer;
    this.changed();
  }

  #send(text: string, payload?: string): void {
    this.#toEnd = true;
    this.#store.send(text, payload);
  }

  #enter(event: KeyboardEvent): void {
    // While a word is being composed, Enter belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.open) return;
    event.stopPropagation();
    if (this.#question) this.#cancel();
    else if (this.#menu) {
      this.#focus = "#more";
      this.#setMenu(false);
    } else this.close();
  }

  #setMenu(open: boolean): void {
    this.#menu = open;
    this.changed();
  }

  #outsideMenu(event: Event): void {
    if (this.#menu && !(event.target as Element).closest("#menu, #more")) this.#setMenu(false);
  }

  #follow = (event: StorageEvent): void => {
    const { prefix } = this.#store.cabinet;
    if (event.key === null || event.key.startsWith(prefix)) {
      this.#store.follow(event.key && event.key.slice(prefix.length));
    }
  };

  /** Fit the panel above the on-screen keyboard, where the browser does not. */
  #fit = (): void => {
    const panel = this.#find(".panel");
    // Pinched to a larger scale, less of the page is seen; the panel must not shrink then.
    if (!panel || !visualViewport || visualViewport.scale > 1.01) return;
    panel.style.setProperty("--seen", visualViewport.height + "px");
    panel.style.setProperty("--top", visualViewport.offsetTop + "px");
  };

  /** Show the end of the list, but not past the beginning of what was last asked. */
  #scrollToEnd(): void {
    this.#toEnd = false;
    const box = this.#find(this.#media[1]!.matches ? ".panel" : ".list");
    const asked = [...this.shadowRoot!.querySelectorAll(".me")].pop();
    if (!box) return;
    const place = asked
      ? asked.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop - 12
      : Infinity;
    box.scrollTop = Math.min(place, box.scrollHeight);
  }

  #moveFocus(): void {
    const wanted = this.#focus;
    if (!wanted) return;
    this.#focus = "";
    if (wanted !== "back") this.#find(wanted)?.focus();
    else if (this.#back?.isConnected && this.#back !== document.body) this.#back.focus();
    else this.#find(".launcher")?.focus();
  }

  /** Have a screen reader say something; what is said stays for a second, or it would be found twice. */
  #say(text: string): void {
    this.#spoken = this.#spoken ? `${this.#spoken} ${text}` : text;
    this.changed();
    setTimeout(() => {
      this.#spoken = "";
      this.changed();
    }, 1000);
  }

  #find<T extends HTMLElement = HTMLElement>(selector: string): T | null {
    return this.shadowRoot!.querySelector<T>(selector);
  }
}
