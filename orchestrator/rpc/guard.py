"""Keeps the services that are not ours - reflection - behind the token; health stays open."""

from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeAlias

import grpc
from google.protobuf.message import Message

from orchestrator.call_results.access import Tokens
from orchestrator.errors import OrchestratorError
from orchestrator.rpc.answers import abort
from orchestrator.rpc.decoding import SERVICE
from orchestrator.rpc.servicer import read_authorization

HEALTH = "/grpc.health.v1.Health/"
OURS = f"/{SERVICE.full_name}/"
"""The servicer checks these itself, each for its own right."""

Handler: TypeAlias = "grpc.RpcMethodHandler[Message, Message]"


class TokenGuard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in stubs only
    """Refuses callers without a token to every other service."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Pass a call on, or answer it with the refusal."""
        if not handler_call_details.method.startswith((HEALTH, OURS)):
            try:
                self._tokens.find_rights(
                    read_authorization(handler_call_details.invocation_metadata)
                )
            except OrchestratorError as error:
                return _refusing(error)
        return await continuation(handler_call_details)


def _refusing(error: OrchestratorError) -> Handler:
    async def refuse(
        _request: Message, context: "grpc.aio.ServicerContext[Message, Message]"
    ) -> NoReturn:
        await abort(context, error)

    return grpc.unary_unary_rpc_method_handler(refuse)
