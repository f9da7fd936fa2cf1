"""Records errors with the official OpenTelemetry SDK: on nested spans and in a log record.

Arguments: http or grpc, the server's URL, the project's key.
"""

import logging
import sys

from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

protocol, server, key = sys.argv[1:]
options = {"headers": {"authorization": f"Bearer {key}"}}
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from grpc import Compression

    options |= {"insecure": True, "compression": Compression.Gzip}
    spans, logs = OTLPSpanExporter(endpoint=server, **options), OTLPLogExporter(endpoint=server, **options)
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    options |= {"compression": Compression.Gzip}
    spans = OTLPSpanExporter(endpoint=f"{server}/v1/traces", **options)
    logs = OTLPLogExporter(endpoint=f"{server}/v1/logs", **options)

resource = Resource.create(
    {
        "service.name": "shop",
        "service.version": "3.1.0",
        "deployment.environment.name": "staging",
        "host.name": "web-07",
    }
)
tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(spans))
tracer = tracers.get_tracer("shop.tracer", "0.1")
loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
log = logging.getLogger("shop.cart")
log.setLevel(logging.DEBUG)
log.propagate = False
log.addHandler(LoggingHandler(level=logging.NOTSET, logger_provider=loggers))


class CartError(Exception):
    pass


def parse(raw):
    return int(raw)


def add_item(raw):
    try:
        parse(raw)
    except ValueError as error:
        raise CartError(f"cannot add item with quantity {raw}") from error


try:
    attributes = {"http.request.method": "POST", "url.path": "/cart", "enduser.id": "u-77"}
    with tracer.start_as_current_span("POST /cart", kind=SpanKind.SERVER, attributes=attributes):
        with tracer.start_as_current_span("add item"):
            try:
                add_item("twelve")
            except CartError:
                # Beside the two spans: still one error.
                log.exception("cart is broken")
                raise
except CartError:
    pass
log.info("all is well")
log.error("stock of %s is gone", "apples", extra={"shelf": 4})
tracers.shutdown()
loggers.shutdown()
