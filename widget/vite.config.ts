import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Return code without the line breaks and indentation of templates; the minifier leaves none anywhere else. */
function tight(code: string): string {
  return code.trim().replace(/\s*\n\s*/g, " ").replaceAll("> <", "><").replaceAll(" >", ">");
}

const tightTemplates: Plugin = {
  name: "tight-templates",
  generateBundle(_options, bundle) {
    for (const part of Object.values(bundle)) {
      if (part.type === "chunk") part.code = tight(part.code) + "\n";
    }
  },
};

/** One classic script that needs nothing else: no chunks, no style file, no globals. */
export default defineConfig({
  plugins: [tightTemplates],
  build: {
    lib: { entry: "src/main.ts", formats: ["iife"], name: "needlepoint", fileName: () => "widget.js" },
    outDir: "../needlepoint/channels/web_static",
    // The demo page lives there too.
    emptyOutDir: false,
    target: "es2022",
    cssMinify: true,
    minify: "terser",
    terserOptions: {
      compress: { passes: 3, ecma: 2020 },
      format: { comments: false },
      // Lit's own private names, all of them in this one file.
      mangle: { properties: { regex: /^_\$/ } },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
