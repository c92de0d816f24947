"""Spans over a call, in a process of its own: a tracer provider can be set only once."""

import subprocess
import sys

SCRIPT = """
import asyncio, sys

import grpc
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tradeloom.reference.v1 import reference_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as rpc

from services.kit.channel import channel
from services.kit.interceptors import standard_interceptors


class Reference(rpc.ReferenceServiceServicer):
    async def ListGroups(self, request, context):
        return pb.ListGroupsResponse()


async def main(address, traced):
    spans = InMemorySpanExporter()
    if traced:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        trace.set_tracer_provider(provider)
    server = grpc.aio.server(interceptors=standard_interceptors())
    rpc.add_ReferenceServiceServicer_to_server(Reference(), server)
    server.add_insecure_port(address)
    await server.start()
    async with channel(address) as made:
        await rpc.ReferenceServiceStub(made).ListGroups(pb.ListGroupsRequest())
    await server.stop(None)
    seen = spans.get_finished_spans()
    print(*sorted(span.kind.name for span in seen), len({span.context.trace_id for span in seen}))


asyncio.run(main(sys.argv[1], sys.argv[2] == "traced"))
"""


def spans_of_a_call(folder, how):
    command = [sys.executable, "-c", SCRIPT, f"unix:{folder}/s.sock", how]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()


def test_a_call_makes_one_trace_of_both_ends(tmp_path):
    assert spans_of_a_call(tmp_path, "traced") == ["CLIENT", "SERVER", "1"]


def test_a_call_makes_no_span_when_spans_go_nowhere(tmp_path):
    assert spans_of_a_call(tmp_path, "untraced") == ["0"]
