/**
 * What the committed build was made from, and whether it is small enough.
 *
 * `source_hash` in widget.json is made like this, from the files of `widget/` named in SOURCES below, those of a
 * folder at any depth: for each file, in the order of their paths as bytes, the line
 *
 *     <path within widget/, with "/">, a NUL, <SHA-256 of the file, in hexadecimal>, a line feed
 *
 * and of all these lines together, in UTF-8, the SHA-256 in hexadecimal.
 *
 *     node scripts/built.mjs --write   writes widget.json for the build that is there
 *     node scripts/built.mjs           fails when build, sources and widget.json do not belong together
 */

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const SOURCES = ["package.json", "src", "vite.config.ts"];
const LIMIT = 15 * 1024;

const widget = fileURLToPath(new URL("..", import.meta.url));
const target = join(widget, "../needlepoint/channels/web_static");

const sha256 = (data) => createHash("sha256").update(data).digest("hex");

function sources() {
  const files = SOURCES.flatMap((name) =>
    name.includes(".")
      ? [name]
      : readdirSync(join(widget, name), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => relative(widget, join(entry.parentPath, entry.name)).replaceAll("\\", "/")),
  );
  return files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const lines = sources().map((path) => `${path}\0${sha256(readFileSync(join(widget, path)))}\n`);
const script = readFileSync(join(target, "widget.js"));
const found = {
  source_hash: sha256(lines.join("")),
  sha256: sha256(script),
  bytes_gzip: gzipSync(script, { level: 9 }).length,
};

if (process.argv.includes("--write")) {
  writeFileSync(join(target, "widget.json"), JSON.stringify(found, null, 2) + "\n");
}
const written = JSON.parse(readFileSync(join(target, "widget.json"), "utf8"));
console.log(`widget.js: ${found.bytes_gzip} bytes with gzip, of ${LIMIT} allowed`);
if (found.bytes_gzip > LIMIT) {
  console.error("The widget is too large: take something out of widget/src.");
  process.exit(1);
}
for (const name of ["source_hash", "sha256"]) {
  if (written[name] === found[name]) continue;
  console.error(`${name} in widget.json is not that of the files here: run "npm run build" and commit what it writes.`);
  process.exit(1);
}
