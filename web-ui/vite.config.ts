import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { noJson } from "./scripts/no-json";

// In development the API is another process: the built server.
const server = process.env["ERRATA_URL"] ?? "http://127.0.0.1:8470";

// The server refuses sign-in from another origin than its own.
const proxied = { target: server, changeOrigin: true, headers: { origin: server } };

const router = fileURLToPath(new URL("./node_modules/react-router/dist/development", import.meta.url));

export default defineConfig({
  plugins: [react(), noJson()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    proxy: { "^/errata\\.v1\\.": proxied, "^/auth/": proxied, "^/api/": proxied },
  },
  build: {
    target: "es2022",
    // The server looks hashed files up under /assets/ and lets browsers keep them.
    assetsDir: "assets",
    manifest: true,
    // An inlined asset would need `data:` in the content security policy.
    assetsInlineLimit: 0,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 60_000,
    // Node would load the two entries in two forms, each with contexts of its own.
    alias: [
      { find: /^react-router$/, replacement: `${router}/index.mjs` },
      { find: /^react-router\/dom$/, replacement: `${router}/dom-export.mjs` },
    ],
  },
});
