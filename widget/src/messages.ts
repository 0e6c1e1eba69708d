/** The lines of the conversation as templates. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { formatted, link, safeAddress } from "./format";
import { icon } from "./icons";
import type { Incoming, Item, Outgoing } from "./items";
import { fill, type Strings } from "./strings";
import { MAX_COMMENT, type Button, type Source, type Vote } from "./wire";

/** What the lines need of the widget, and what they ask of it. */
export interface Stage {
  readonly strings: Strings;
  readonly items: Item[];
  /** What is being sent has to wait. */
  readonly held: boolean;
  /** The answer whose comment is being written. */
  readonly commenting: string | null;
  choose(button: Button): void;
  rate(item: Incoming, value: Vote, comment?: string): void;
  endComment(): void;
  retry(item: Outgoing): void;
  edit(item: Outgoing): void;
}

/** The bot's answers are written in English, whatever the language of the widget. */
const ANSWER_LANG = "en";

/** Texts of answers, taken apart only once. */
const texts = new WeakMap<Item, TemplateResult[]>();

export function line(stage: Stage, item: Item): TemplateResult {
  if (item.from === "user") return mine(stage, item);
  if (item.from === "bot") return answer(stage, item);
  return html`<li class="note">
    ${stage.strings[item.text]}
  </li>`;
}

/** Return buttons that say something for the person. */
export function choices(stage: Stage, buttons: Button[], label: string, after: number): TemplateResult | typeof nothing {
  if (!buttons.length) return nothing;
  const said = new Set(stage.items.slice(after).map((item) => item.from === "user" && item.text));
  return html`<div class="row" role="group" aria-label=${label}>
    ${buttons.map((button) => {
      const used = said.has(button.title);
      return html`<button
        class="choice"
        lang=${ANSWER_LANG}
        aria-disabled=${used}
        @click=${() => used || stage.choose(button)}
      >
        ${button.title}
      </button>`;
    })}
  </div>`;
}

/** Return the text for the code of a failure. */
export function reason(strings: Strings, code: string): string {
  const known: Partial<Record<string, string>> = strings;
  return known[{ too_large: "too_long", timeout: "network" }[code] ?? code] ?? strings.trouble;
}

function mine(stage: Stage, item: Outgoing): TemplateResult {
  const { strings } = stage;
  // Not "nothing": that would take the whole attribute away.
  return html`<li class="said me ${item.state ?? ""}">
    <div class="bubble"><span class="hidden">${strings.you}: </span>${item.text}</div>
    ${item.state === "failed"
      ? html`<div class="row small">
          <span class="over">${strings.failed}.</span> ${item.refused ? reason(strings, item.error!) : nothing}
          <button class="plain" @click=${() => (item.refused ? stage.edit(item) : stage.retry(item))}>
            ${item.refused ? strings.edit : strings.retry}
          </button>
        </div>`
      : item.state === "waiting" || (item.state && stage.held)
        ? html`<div class="small">${strings.waiting}</div>`
        : nothing}
  </li>`;
}

function answer(stage: Stage, item: Incoming): TemplateResult {
  const { strings } = stage;
  const urgent = item.kind === "emergency";
  let text = texts.get(item);
  if (!text) texts.set(item, (text = formatted(item.text, strings.newTab, urgent)));
  return html`<li class="said bot ${item.kind}">
    <div class="bubble" role=${urgent && item.live ? "alert" : nothing}>
      <span class="hidden">${strings.assistant}: </span>
      ${urgent ? html`<div class="flag">${icon("alarm")}${strings.urgent}</div>` : nothing}
      <div lang=${ANSWER_LANG}>${text}</div>
      ${item.sources.length
        ? html`<div class="sources">
            <div>${strings.sources}</div>
            <ul role="list" lang=${ANSWER_LANG}>
              ${item.sources.map((one) => html`<li>${source(one, strings)}</li>`)}
            </ul>
          </div>`
        : nothing}
    </div>
    ${choices(
      stage,
      item.buttons,
      fill(strings.choices, { n: item.buttons.length }),
      stage.items.indexOf(item),
    )}
    ${item.kind === "answer" ? rating(stage, item) : nothing}
  </li>`;
}

function source({ title, publisher, year, url }: Source, strings: Strings): TemplateResult {
  const href = safeAddress(url);
  const rest = [publisher, year].filter(Boolean).join(", ");
  const behind = rest && ` (${rest})`;
  return html`${href ? link(href, title, strings.newTab) : title}${behind}`;
}

function rating(stage: Stage, item: Incoming): TemplateResult {
  const { strings } = stage;
  const thumb = (value: Vote) =>
    html`<button
      class="tool ${value}"
      aria-label=${strings[value]}
      title=${strings[value]}
      aria-pressed=${item.feedback === value}
      @click=${() => stage.rate(item, value)}
    >
      ${icon("thumb")}
    </button>`;
  return html`<div class="row rate" role="group" aria-label=${strings.useful}>
      <span class="small" aria-hidden="true">${item.feedback ? strings.thanks : strings.useful}</span>${thumb("up")}${thumb("down")}
    </div>
    ${stage.commenting === item.id
      ? html`<form
          class="comment"
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            const comment = (event.target as HTMLFormElement).querySelector("textarea")!.value.trim();
            if (comment) stage.rate(item, item.feedback!, comment);
            else stage.endComment();
          }}
        >
          <label class="small" for="comment">${strings.comment}</label>
          <textarea id="comment" maxlength=${MAX_COMMENT}></textarea>
          <div class="row">
            <button class="solid">${strings.sendComment}</button>
            <button class="plain" type="button" @click=${() => stage.endComment()}>${strings.cancel}</button>
          </div>
        </form>`
      : nothing}`;
}
