"""Registers a servicer so that bytes which are no message are refused with INVALID_ARGUMENT.

gRPC by itself answers INTERNAL, which tells a reporter to try for ever: bad UTF-8 or a message
nested too deeply would never become a dead letter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

SERVICE = pb.DESCRIPTOR.services_by_name["CallResults"]


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Stands in for a request that could not be decoded."""

    reason: str


def add_servicer(servicer: pb_grpc.CallResultsServicer, server: grpc.aio.Server) -> None:
    """Register all RPCs of the contract."""
    handlers = {method.name: _handler(servicer, method) for method in SERVICE.methods}
    generic = grpc.method_handlers_generic_handler(SERVICE.full_name, handlers)
    server.add_generic_rpc_handlers((generic,))


def _handler(
    servicer: pb_grpc.CallResultsServicer, method: MethodDescriptor
) -> "grpc.RpcMethodHandler[Message, Message]":
    make = (
        grpc.unary_stream_rpc_method_handler
        if method.server_streaming
        else grpc.unary_unary_rpc_method_handler
    )
    return make(
        getattr(servicer, method.name),
        request_deserializer=_decoder(GetMessageClass(method.input_type)),
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )


def _decoder(message_class: type[Message]) -> Callable[[bytes], Message | Undecodable]:
    def decode(raw: bytes) -> Message | Undecodable:
        try:
            return message_class.FromString(raw)
        except (DecodeError, UnicodeDecodeError, ValueError):
            name = message_class.DESCRIPTOR.name
            return Undecodable(f"must be a {name}: valid protobuf, texts in UTF-8")

    return decode
