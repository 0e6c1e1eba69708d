import { render } from "lit/html.js";
import { describe, expect, it } from "vitest";
import { formatted, safeAddress, withPhones } from "../src/format";

function drawn(content: unknown): HTMLElement {
  const box = document.createElement("div");
  render(content, box);
  return box;
}

const text = (markdown: string, phones = false) => drawn(formatted(markdown, "(new tab)", phones));
const tags = (box: HTMLElement) => [...box.querySelectorAll("*")].map((node) => node.localName);
const links = (box: HTMLElement) => [...box.querySelectorAll("a")].map((node) => node.getAttribute("href"));

describe("a text of the bot", () => {
  it("has paragraphs and lists", () => {
    const box = text("First\n- one\n- two\nLast");
    expect(tags(box)).toEqual(["p", "ul", "li", "li", "p"]);
    expect([...box.querySelectorAll("li")].map((node) => node.textContent)).toEqual(["one", "two"]);
  });

  it("has bold and italic words, also within each other", () => {
    const box = text("**very *much* so** and *a bit*");
    expect(tags(box)).toEqual(["p", "strong", "em", "em"]);
    expect(box.textContent).toBe("very much so and a bit");
  });

  it.each(["2 * 3 * 4", "5*6*7", "a < b > c", "** not **", "snake_case_word", "[no link]", "&amp; <b>x</b>"])(
    "leaves %j as it is",
    (plain) => {
      const box = text(plain);
      expect(box.textContent).toBe(plain);
      expect(tags(box)).toEqual(["p"]);
    },
  );

  it("never makes elements of HTML", () => {
    const box = text('<img src=x onerror="alert(1)"><script>alert(1)</script>');
    expect(tags(box)).toEqual(["p"]);
    expect(box.textContent).toContain("<script>");
  });

  it("links to addresses, with and without words, and leaves the full stop outside", () => {
    const box = text("See [the page](https://a.example/x?y=1) or https://b.example/z.");
    expect(links(box)).toEqual(["https://a.example/x?y=1", "https://b.example/z"]);
    expect(box.textContent).toBe("See the page (new tab) or https://b.example/z (new tab).");
  });

  it("opens other sites in a new tab that cannot reach back", () => {
    const link = text("https://b.example/").querySelector("a")!;
    expect(link.target).toBe("_blank");
    expect(link.rel).toBe("noopener noreferrer");
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "JaVaScRiPt:alert(1)", "file:///etc/passwd", "/relative"])(
    "shows the words of a link to %s, without the link",
    (address) => {
      const box = text(`[click](${address.replaceAll(/[()]/g, "")})`);
      expect(links(box)).toEqual([]);
      expect(box.textContent).toBe("click");
    },
  );

  it("has links to telephone numbers only where it is told to", () => {
    expect(links(text("Call 911 now."))).toEqual([]);
    expect(links(text("Call **911** now.", true))).toEqual(["tel:911"]);
  });
});

describe("telephone numbers", () => {
  it.each([
    ["Call 911 now (999 in the UK, 112 in Europe)", ["tel:911", "tel:999", "tel:112"]],
    ["Call 112 or 999 now", ["tel:112", "tel:999"]],
    ["US and Canada: call or text 988 now. UK: call 116 123. Australia: call 13 11 14.", ["tel:988", "tel:116123", "tel:131114"]],
    ["Call Samaritans now on 116 123, or text SHOUT to 85258.", ["tel:116123"]],
    ["Call Samaritans now on 116 123, or text 50808.", ["tel:116123"]],
    ["call Lifeline on 0800 543 354", ["tel:0800543354"]],
    ["+1 (828) 555-0100", ["tel:+18285550100"]],
    ["under cool water for 20 minutes, 2,000 people, step 2", []],
  ])("are found in %j", (sentence, expected) => {
    const box = drawn(withPhones(sentence));
    expect(links(box)).toEqual(expected);
    expect(box.textContent).toBe(sentence);
  });
});

it("takes only addresses that are safe to link to", () => {
  expect(safeAddress("https://a.example/")).toBe("https://a.example/");
  expect(safeAddress("mailto:desk@clinic.example")).toBe("mailto:desk@clinic.example");
  expect(safeAddress("tel:+18285550100")).toBe("tel:+18285550100");
  expect([safeAddress("javascript:alert(1)"), safeAddress("no address"), safeAddress(null)]).toEqual(["", "", ""]);
});
