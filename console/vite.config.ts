import { defineConfig } from "vite";

// Without plugins: the build needs nothing but Vite and what the pages import.
export default defineConfig({
  // Relative addresses, so that the pages also work below a path prefix of a proxy.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../app/web/console/built",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the policy of the pages allows files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licenses.md" },
  },
});
