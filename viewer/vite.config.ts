import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const out = resolve(import.meta.dirname, "../src/filmless/viewer/static");

/** Puts a `.br` beside each text of the build: the server has nothing to compress, and Node's zlib is all it takes. */
function brotli(): Plugin {
  return {
    name: "brotli",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|wasm|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const text = readFileSync(path);
        const quality = process.env.FILMLESS_VIEWER_QUICK ? 4 : 10;
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
        );
      }
    },
  };
}

export default defineConfig({
  plugins: [brotli()],
  resolve: {
    alias: {
      "~": resolve(import.meta.dirname, "src"),
      // vtk.js imports Node's names; without the slash Vite puts empty modules there.
      events: "events/",
      url: "url/",
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 6000,
    reportCompressedSize: false,
  },
  // For `npm run dev`: what is not of the pages comes from `filmless serve`.
  server: { proxy: { "/dicom-web": "http://127.0.0.1:8104", "/viewer": "http://127.0.0.1:8104" } },
});
