// What to paste into an application, by platform. The Sentry SDKs come first: they are
// what people find in their package registry.

export interface Setup {
  id: string;
  name: string;
  /** As `Project.platform` says it. */
  platform: string;
  /** In order: what it is, and the text to copy. */
  steps: readonly Step[];
}

interface Step {
  title: string;
  text: string;
}

export interface Target {
  dsn: string;
  publicKey: string;
  /** The server's address, as it is given to clients. */
  url: string;
}

/** What is pasted as it stands. */
const lines = (...each: string[]): string => each.join("\n");

const START = "Start it before anything else";
const SEEN = "See it work";

/** One of JavaScript's: install, init, throw. */
const script = (pack: string, dsn: string, where = START): readonly Step[] => [
  { title: "Install", text: `npm install ${pack}` },
  {
    title: where,
    text: `import * as Sentry from "${pack}";\n\nSentry.init({\n  dsn: "${dsn}",\n  release: "web@1.0.0",\n  environment: "production",\n});`,
  },
  { title: SEEN, text: 'Sentry.captureException(new Error("hello from JavaScript"));' },
];

/** One of Python's frameworks. */
const python = (extra: string, dsn: string, where: string): readonly Step[] => [
  { title: "Install", text: `pip install "sentry-sdk${extra}"` },
  {
    title: where,
    text: `import sentry_sdk\n\nsentry_sdk.init(\n    dsn="${dsn}",\n    release="api@1.0.0",\n    environment="production",\n)`,
  },
  { title: SEEN, text: "1 / 0" },
];

export function setupsFor({ dsn, publicKey, url }: Target): readonly Setup[] {
  const of = (id: string, name: string, platform: string, steps: readonly Step[]): Setup => ({
    id,
    name,
    platform,
    steps,
  });
  return [
    of("browser", "Browser", "javascript", script("@sentry/browser", dsn)),
    of("react", "React", "javascript", script("@sentry/react", dsn, "Before the first render")),
    of("nextjs", "Next.js", "javascript", [
      { title: "Install", text: "npm install @sentry/nextjs" },
      {
        title: "Put into instrumentation-client.js, for the browser",
        text: `import * as Sentry from "@sentry/nextjs";\n\nSentry.init({ dsn: "${dsn}", release: "web@1.0.0" });`,
      },
      {
        title: "Put into instrumentation.js, for the server",
        text: lines(
          `import * as Sentry from "@sentry/nextjs";`,
          "",
          "export function register() {",
          `  Sentry.init({ dsn: "${dsn}", release: "web@1.0.0" });`,
          "}",
          "",
          "export const onRequestError = Sentry.captureRequestError;",
        ),
      },
      { title: SEEN, text: 'Sentry.captureException(new Error("hello from Next.js"));' },
    ]),
    of("vue", "Vue", "javascript", [
      { title: "Install", text: "npm install @sentry/vue" },
      {
        title: "After createApp, before mount",
        text: `import * as Sentry from "@sentry/vue";\n\nSentry.init({\n  app,\n  dsn: "${dsn}",\n  release: "web@1.0.0",\n});`,
      },
      { title: SEEN, text: 'Sentry.captureException(new Error("hello from Vue"));' },
    ]),
    of(
      "node",
      "Node.js",
      "node",
      script("@sentry/node", dsn, "Put into instrument.mjs, start with node --import ./instrument.mjs"),
    ),
    of("express", "Express", "node", [
      ...script("@sentry/node", dsn, "Put into instrument.mjs, start with node --import ./instrument.mjs").slice(0, 2),
      { title: "After all routes", text: "Sentry.setupExpressErrorHandler(app);" },
      { title: SEEN, text: 'app.get("/boom", () => {\n  throw new Error("hello from Express");\n});' },
    ]),
    of("python", "Python", "python", python("", dsn, START)),
    of("django", "Django", "python", python("[django]", dsn, "At the end of settings.py")),
    of("flask", "Flask", "python", python("[flask]", dsn, "Before Flask(__name__)")),
    of("fastapi", "FastAPI", "python", python("[fastapi]", dsn, "Before FastAPI()")),
    of("go", "Go", "go", [
      { title: "Install", text: "go get github.com/getsentry/sentry-go" },
      {
        title: "First in main",
        text: lines(
          "err := sentry.Init(sentry.ClientOptions{",
          `\tDsn:         "${dsn}",`,
          `\tRelease:     "api@1.0.0",`,
          `\tEnvironment: "production",`,
          "})",
          "if err != nil {",
          "\tlog.Fatal(err)",
          "}",
          "defer sentry.Flush(2 * time.Second)",
        ),
      },
      { title: SEEN, text: 'sentry.CaptureException(errors.New("hello from Go"))' },
    ]),
    of("php", "PHP", "php", [
      { title: "Install", text: "composer require sentry/sentry" },
      {
        title: START,
        text: `\\Sentry\\init([\n    'dsn' => '${dsn}',\n    'release' => 'shop@1.0.0',\n    'environment' => 'production',\n]);`,
      },
      { title: SEEN, text: "\\Sentry\\captureException(new \\Exception('hello from PHP'));" },
    ]),
    of("laravel", "Laravel", "php", [
      { title: "Install", text: "composer require sentry/sentry-laravel" },
      {
        title: "Put into bootstrap/app.php",
        text: "->withExceptions(function (Exceptions $exceptions) {\n    \\Sentry\\Laravel\\Integration::handles($exceptions);\n})",
      },
      { title: "Give it the DSN", text: `php artisan sentry:publish --dsn=${dsn}` },
      { title: SEEN, text: "php artisan sentry:test" },
    ]),
    of("ruby", "Ruby", "ruby", [
      { title: "Install", text: "gem install sentry-ruby" },
      {
        title: START,
        text: `require "sentry-ruby"\n\nSentry.init do |config|\n  config.dsn = "${dsn}"\n  config.release = "shop@1.0.0"\nend`,
      },
      { title: SEEN, text: 'Sentry.capture_exception(RuntimeError.new("hello from Ruby"))' },
    ]),
    of("rails", "Rails", "ruby", [
      { title: "Install", text: "bundle add sentry-ruby sentry-rails" },
      {
        title: "Put into config/initializers/sentry.rb",
        text: `Sentry.init do |config|\n  config.dsn = "${dsn}"\n  config.breadcrumbs_logger = [:active_support_logger, :http_logger]\nend`,
      },
      { title: SEEN, text: 'Sentry.capture_exception(RuntimeError.new("hello from Rails"))' },
    ]),
    of("java", "Java", "java", [
      { title: "Install (Gradle)", text: 'implementation("io.sentry:sentry:8.+")' },
      {
        title: START,
        text: `Sentry.init(options -> {\n  options.setDsn("${dsn}");\n  options.setRelease("api@1.0.0");\n});`,
      },
      { title: SEEN, text: 'Sentry.captureException(new RuntimeException("hello from Java"));' },
    ]),
    of("spring", "Spring Boot", "java", [
      { title: "Install (Gradle)", text: 'implementation("io.sentry:sentry-spring-boot-starter-jakarta:8.+")' },
      {
        title: "Put into application.properties",
        text: `sentry.dsn=${dsn}\nsentry.release=api@1.0.0\nsentry.environment=production`,
      },
      { title: SEEN, text: 'Sentry.captureException(new RuntimeException("hello from Spring"));' },
    ]),
    of("dotnet", ".NET", "csharp", [
      { title: "Install", text: "dotnet add package Sentry" },
      {
        title: START,
        text: `using var sentry = SentrySdk.Init(options =>\n{\n    options.Dsn = "${dsn}";\n    options.Release = "api@1.0.0";\n});`,
      },
      { title: SEEN, text: 'SentrySdk.CaptureException(new Exception("hello from .NET"));' },
    ]),
    of("rust", "Rust", "rust", [
      { title: "Install", text: "cargo add sentry" },
      {
        title: "First in main; keep the guard",
        text: `let _guard = sentry::init(("${dsn}", sentry::ClientOptions {\n    release: sentry::release_name!(),\n    ..Default::default()\n}));`,
      },
      { title: SEEN, text: 'sentry::capture_message("hello from Rust", sentry::Level::Error);' },
    ]),
    of("android", "Android", "java", [
      { title: "Install (app/build.gradle)", text: 'plugins {\n  id("io.sentry.android.gradle") version "5.+"\n}' },
      {
        title: "Put into AndroidManifest.xml, in <application>",
        text: `<meta-data android:name="io.sentry.dsn" android:value="${dsn}" />`,
      },
      { title: SEEN, text: 'Sentry.captureException(RuntimeException("hello from Android"))' },
    ]),
    of("ios", "iOS, macOS", "cocoa", [
      { title: "Install (Swift Package Manager)", text: "https://github.com/getsentry/sentry-cocoa" },
      {
        title: "In application(_:didFinishLaunchingWithOptions:)",
        text: `import Sentry\n\nSentrySDK.start { options in\n    options.dsn = "${dsn}"\n    options.releaseName = "app@1.0.0"\n}`,
      },
      { title: SEEN, text: 'SentrySDK.capture(message: "hello from iOS")' },
    ]),
    of("flutter", "Flutter", "dart", [
      { title: "Install", text: "flutter pub add sentry_flutter" },
      {
        title: "Around runApp",
        text: `await SentryFlutter.init(\n  (options) {\n    options.dsn = '${dsn}';\n  },\n  appRunner: () => runApp(const MyApp()),\n);`,
      },
      { title: SEEN, text: "await Sentry.captureException(StateError('hello from Flutter'));" },
    ]),
    of("opentelemetry", "OpenTelemetry", "otel", [
      {
        title: "Point the exporter here, by HTTP or gRPC; no collector is needed",
        text: `export OTEL_EXPORTER_OTLP_ENDPOINT=${url}\nexport OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${publicKey}"`,
      },
      {
        title: "See it work: exceptions and logged errors become events, spans and metrics are only counted",
        text: lines(
          `curl ${url}/v1/logs \\`,
          `  -H "Authorization: Bearer ${publicKey}" \\`,
          `  -H "Content-Type: application/json" \\`,
          `  -d '{"resourceLogs": [{"scopeLogs": [{"logRecords": [`,
          `    {"severityNumber": 17, "body": {"stringValue": "hello from OpenTelemetry"}}]}]}]}'`,
        ),
      },
    ]),
    of("curl", "curl", "other", [
      {
        title: "Any language that speaks HTTP",
        text: lines(
          `curl ${url}/api/errors \\`,
          `  -H "Authorization: Bearer ${publicKey}" \\`,
          `  -H "Content-Type: application/json" \\`,
          `  -d '{"error": {"type": "HelloError", "message": "hello from curl"}}'`,
        ),
      },
    ]),
    of("errata", "Errata’s own SDK", "javascript", [
      {
        title: "Build it from Errata’s repository (it is not on npm yet)",
        text: "(cd /path/to/errata/sdk-ts && npm ci && npm run build)\nnpm install /path/to/errata/sdk-ts",
      },
      {
        title: "Start it before anything else; /node in Node.js",
        text: `import { init } from "@errata/sdk/browser";\n\ninit({\n  dsn: "${dsn}",\n  release: "web@1.0.0",\n  environment: "production",\n});`,
      },
      {
        title: SEEN,
        text: 'import { captureException } from "@errata/sdk/browser";\n\ncaptureException(new Error("hello from the browser"));',
      },
    ]),
  ];
}

const names = setupsFor({ dsn: "", publicKey: "", url: "" });

/** What a project can be of: id of the set-up and its name. */
export const platforms: readonly (readonly [id: string, name: string])[] = names.map(
  ({ id, name }) => [id, name] as const,
);

/** The name of what a project says it is of; empty: it says nothing. */
export const platformName = (platform: string): string =>
  names.find((each) => each.id === platform)?.name ??
  names.find((each) => each.platform === platform)?.name ??
  platform;

/** The set-up to open first for a project's platform. */
export const setupFor = (platform: string): string =>
  (
    names.find((each) => each.id === platform) ??
    names.find((each) => each.platform === platform || platform.startsWith(each.platform))
  )?.id ?? "browser";
