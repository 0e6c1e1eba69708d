import { expect, it } from "vitest";
import { fill, stringsFor, tables } from "../src/strings";

it("has every text in every language, with the same gaps to fill", () => {
  const gaps = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  const names = Object.keys(tables["en"]!) as (keyof (typeof tables)["en"])[];
  for (const [lang, table] of Object.entries(tables)) {
    expect(Object.keys(table).sort(), lang).toEqual([...names].sort());
    for (const name of names) {
      expect(table[name], `${lang} ${name}`).not.toBe("");
      expect(gaps(table[name]), `${lang} ${name}`).toEqual(gaps(tables["en"]![name]));
    }
  }
});

it("finds the language of a page, and English for those it has not", () => {
  expect(stringsFor("es-MX")).toEqual([tables["es"], "es"]);
  expect(stringsFor("ES")[1]).toBe("es");
  expect([stringsFor("de")[1], stringsFor(null)[1], stringsFor("constructor")[1]]).toEqual(["en", "en", "en"]);
});

it("fills in values and leaves other braces alone", () => {
  expect(fill("{n} of {max} {x}", { n: 0, max: 10 })).toBe("0 of 10 {x}");
});
