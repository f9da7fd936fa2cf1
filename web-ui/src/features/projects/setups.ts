// What to paste into an application, by platform.

export interface Setup {
  id: string;
  name: string;
  /** In order: what it is, and the text to copy. */
  steps: readonly { title: string; text: string }[];
}

export interface Target {
  dsn: string;
  publicKey: string;
  /** The server's origin, as this browser sees it. */
  origin: string;
}

// The SDK is not on npm yet: it is built from the repository and installed from its folder.
const INSTALL_SDK = {
  title: "Install from Errata's repository (the SDK is not on npm yet)",
  text: "(cd /path/to/errata/sdk-ts && npm ci && npm run build)\nnpm install /path/to/errata/sdk-ts",
};

export function setupsFor({ dsn, publicKey, origin }: Target): readonly Setup[] {
  return [
    {
      id: "browser",
      name: "Browser",
      steps: [
        INSTALL_SDK,
        {
          title: "Start it before anything else",
          text: `import { init } from "@errata/sdk/browser";\n\ninit({\n  dsn: "${dsn}",\n  release: "web@1.0.0",\n  environment: "production",\n});`,
        },
        { title: "See it work", text: 'import { captureException } from "@errata/sdk/browser";\n\ncaptureException(new Error("hello from the browser"));' },
      ],
    },
    {
      id: "node",
      name: "Node.js",
      steps: [
        INSTALL_SDK,
        {
          title: "Start it before anything else",
          text: `import { init } from "@errata/sdk/node";\n\ninit({\n  dsn: "${dsn}",\n  release: "api@1.0.0",\n  environment: "production",\n});`,
        },
        { title: "See it work", text: 'import { captureException } from "@errata/sdk/node";\n\ncaptureException(new Error("hello from Node.js"));' },
      ],
    },
    {
      id: "sentry-browser",
      name: "Sentry JavaScript",
      steps: [
        { title: "Keep the SDK you have, change its DSN", text: `import * as Sentry from "@sentry/browser";\n\nSentry.init({\n  dsn: "${dsn}",\n  release: "web@1.0.0",\n});` },
        { title: "See it work", text: 'Sentry.captureException(new Error("hello from Sentry JavaScript"));' },
      ],
    },
    {
      id: "sentry-node",
      name: "@sentry/node",
      steps: [
        { title: "Put into instrument.mjs, start with node --import ./instrument.mjs", text: `import * as Sentry from "@sentry/node";\n\nSentry.init({\n  dsn: "${dsn}",\n  release: "api@1.0.0",\n});` },
        { title: "See it work", text: 'Sentry.captureException(new Error("hello from @sentry/node"));' },
      ],
    },
    {
      id: "python",
      name: "Python",
      steps: [
        { title: "Install", text: "pip install sentry-sdk" },
        { title: "Start it before anything else", text: `import sentry_sdk\n\nsentry_sdk.init(\n    dsn="${dsn}",\n    release="worker@1.0.0",\n    environment="production",\n)` },
        { title: "See it work", text: "1 / 0" },
      ],
    },
    {
      id: "opentelemetry",
      name: "OpenTelemetry",
      steps: [
        {
          title: "Point the exporter here, by HTTP or gRPC; no collector is needed",
          text: `export OTEL_EXPORTER_OTLP_ENDPOINT=${origin}\nexport OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${publicKey}"`,
        },
        {
          title: "See it work: exceptions and logged errors become events, spans and metrics are only counted",
          text: `curl ${origin}/v1/logs \\\n  -H "Authorization: Bearer ${publicKey}" \\\n  -H "Content-Type: application/json" \\\n  -d '{"resourceLogs": [{"scopeLogs": [{"logRecords": [\n    {"severityNumber": 17, "body": {"stringValue": "hello from OpenTelemetry"}}]}]}]}'`,
        },
      ],
    },
    {
      id: "curl",
      name: "curl",
      steps: [
        {
          title: "Any language that speaks HTTP",
          text: `curl ${origin}/api/errors \\\n  -H "Authorization: Bearer ${publicKey}" \\\n  -H "Content-Type: application/json" \\\n  -d '{"error": {"type": "HelloError", "message": "hello from curl"}}'`,
        },
      ],
    },
  ];
}

/** The tab to open first for a project's platform. */
export const setupFor = (platform: string): string =>
  /python|django|flask/.test(platform) ? "python" : platform.startsWith("node") ? "node" : "browser";
