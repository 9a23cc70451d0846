"""Turns what the agent means to say into what one response is made of."""

import json
from dataclasses import replace
from typing import cast

from sandbox.agent_turns import Turn
from sandbox.model_faults import ModelFaults
from sandbox.response_script import ResponsePlan
from sandbox.session_schema import part
from sandbox.speech import BYTES_PER_MS, noise, speak
from sandbox.wire_rules import JsonObject

_PCM_BYTES_PER_MS = 48


def plan_response(
    turn: Turn, session: JsonObject, overrides: JsonObject, faults: ModelFaults
) -> ResponsePlan:
    """Plan one response. `overrides`: what `response.create` asked for besides the session.

    Tools that the session does not offer are not called, unless they are made up. Audio in another
    format than mu-law is noise of the right length.
    """
    settings = session | {key: value for key, value in overrides.items() if key != "audio"}
    output = part(session, "audio", "output") | part(overrides, "audio", "output")
    voice = output["voice"]
    voice_name = str(voice["id"]) if isinstance(voice, dict) else str(voice)
    kind = part(output, "format")["type"]
    audio = b""
    bytes_per_ms = _PCM_BYTES_PER_MS if kind == "audio/pcm" else BYTES_PER_MS
    if settings["output_modalities"] == ["audio"]:
        audio = speak(turn.say, voice_name)
        if kind != "audio/pcmu":
            audio = noise(len(audio) // BYTES_PER_MS * bytes_per_ms, len(turn.say))
    offered = json.dumps([settings["instructions"], settings["tools"]])
    return ResponsePlan(
        turn=_with_offered_tools(turn, settings),
        audio=audio,
        bytes_per_ms=bytes_per_ms,
        delta_ms=faults.delta_ms,
        pace=faults.pace,
        instructions_tokens=len(offered) // 4,
        frame={
            "output_modalities": settings["output_modalities"],
            "max_output_tokens": settings["max_output_tokens"],
            "audio": {"output": {"format": output["format"], "voice": voice}},
            "metadata": overrides.get("metadata"),
        },
    )


def _with_offered_tools(turn: Turn, settings: JsonObject) -> Turn:
    if settings["tool_choice"] == "none":
        return replace(turn, tools=())
    offered = {tool.get("name") for tool in cast("list[JsonObject]", settings["tools"])}
    kept = tuple(tool for tool in turn.tools if tool.is_made_up or tool.name in offered)
    return replace(turn, tools=kept)
