// Records errors with the official OpenTelemetry SDK for JavaScript. Arguments: http (JSON) or proto, the
// server's URL, the project's key.
import { SpanKind } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const [kind, server, key] = process.argv.slice(2);
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${kind}`);
const headers = { "x-sentry-auth": `sentry sentry_key=${key}` };
const resource = defaultResource().merge(
  resourceFromAttributes({ "service.name": "shop-node", "service.version": "3.1.0" }),
);
const spans = new OTLPTraceExporter({ url: `${server}/api/1/otlp/v1/traces`, headers, compression: "gzip" });
const logs = new OTLPLogExporter({ url: `${server}/api/1/otlp/v1/logs/`, headers });
const tracers = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(spans)] });
const loggers = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: logs })] });

class PaymentDeclined extends Error {
  name = "PaymentDeclined";
  code = "E_DECLINED";
}

function charge(order) {
  throw new PaymentDeclined(`order ${order} declined`);
}

const tracer = tracers.getTracer("shop.tracer", "0.1");
const served = { "http.request.method": "POST", "url.path": "/pay", list: ["a"] };
const span = tracer.startSpan("POST /pay", { kind: SpanKind.SERVER, attributes: served });
try {
  charge("A-1001");
} catch (error) {
  span.recordException(error);
}
span.end();
const logger = loggers.getLogger("shop.pay", "0.2");
const attributes = { till: 3, nothing: null, nested: { a: [1, "x"] } };
logger.emit({ severityNumber: SeverityNumber.ERROR, severityText: "ERROR", body: "till is stuck", attributes });
logger.emit({ severityNumber: SeverityNumber.INFO, body: { quiet: true } });
await tracers.shutdown();
await loggers.shutdown();
