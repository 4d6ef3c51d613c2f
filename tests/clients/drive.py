"""Drives the official clients of OpenAI and Anthropic, unchanged, against the base URLs of the environment.

OPENAI_BASE_URL and ANTHROPIC_BASE_URL say where, as for any program that uses these clients. The model is `clients`, whose
script is models/clients.toml. Each line of the output is a JSON object: one reply as the client gave it to its caller.

    case         what was tried
    api          chat.completions, responses or messages
    stream       whether it was streamed
    id           the provider's identifier
    text         what the model said
    calls        tool calls: name, arguments as an object
    finish       why it ended, in the words of the API
    usage        the usage object of the API, null when it sent none
    status       HTTP status of an error, null otherwise

It needs the packages of requirements.txt.
"""

import asyncio
import json
import os

os.environ.setdefault("OPENAI_API_KEY", "sk-openai-key-of-the-client-test")
os.environ.setdefault("ANTHROPIC_API_KEY", "sk-ant-key-of-the-client-test")

import anthropic  # noqa: E402
import openai  # noqa: E402

MODEL = "clients"
SYSTEM = "You work in a folder."
RESULT = "exit code: 2\nls: cannot access 'x'"
CONCURRENT = 20

openai_client = openai.OpenAI()
anthropic_client = anthropic.Anthropic()

PARAMETERS = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
}
DESCRIPTION = "Runs a command in a shell."


def show(case, api, stream, reply, status=None):
    line = {"case": case, "api": api, "stream": stream, "status": status}
    line.update(reply)
    print(json.dumps(line), flush=True)


def as_dict(value):
    return None if value is None else value.model_dump(exclude_none=True)


# OpenAI: chat completions


def chat_reply(completion):
    choice = completion.choices[0]
    calls = [
        {"id": call.id, "name": call.function.name, "arguments": json.loads(call.function.arguments)}
        for call in choice.message.tool_calls or []
    ]
    return {
        "id": completion.id,
        "text": choice.message.content or "",
        "calls": calls,
        "finish": choice.finish_reason,
        "usage": as_dict(completion.usage),
    }


class ChatPieces:
    """Puts the chunks of a stream together, as callers of the plain streaming interface do."""

    def __init__(self):
        self.reply = {"id": None, "text": "", "calls": [], "finish": None, "usage": None}

    def add(self, chunk):
        reply = self.reply
        reply["id"] = chunk.id
        reply["usage"] = as_dict(chunk.usage) or reply["usage"]
        for choice in chunk.choices:
            reply["text"] += choice.delta.content or ""
            reply["finish"] = choice.finish_reason or reply["finish"]
            for piece in choice.delta.tool_calls or []:
                while len(reply["calls"]) <= piece.index:
                    reply["calls"].append({"id": None, "name": "", "arguments": ""})
                call = reply["calls"][piece.index]
                call["id"] = piece.id or call["id"]
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments or ""

    def whole(self):
        for call in self.reply["calls"]:
            call["arguments"] = json.loads(call["arguments"])
        return self.reply


def chat(messages, stream, usage=True):
    tools = [{"type": "function", "function": {"name": "bash", "description": DESCRIPTION, "parameters": PARAMETERS}}]
    request = {"model": MODEL, "messages": messages, "tools": tools, "temperature": 0.5}
    if not stream:
        return chat_reply(openai_client.chat.completions.create(**request))
    if usage:
        request["stream_options"] = {"include_usage": True}
    pieces = ChatPieces()
    for chunk in openai_client.chat.completions.create(stream=True, **request):
        pieces.add(chunk)
    return pieces.whole()


def chat_with_tool(stream):
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"List the files (chat, {stream})."}]
    first = chat(messages, stream)
    show("tool", "chat.completions", stream, first)
    called = [
        {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": json.dumps(c["arguments"])}}
        for c in first["calls"]
    ]
    messages.append({"role": "assistant", "content": first["text"], "tool_calls": called})
    messages += [{"role": "tool", "tool_call_id": c["id"], "content": RESULT} for c in first["calls"]]
    show("tool result", "chat.completions", stream, chat(messages, stream))


# OpenAI: responses


def response_reply(response):
    calls = [
        {"id": item.call_id, "name": item.name, "arguments": json.loads(item.arguments)}
        for item in response.output
        if item.type == "function_call"
    ]
    return {
        "id": response.id,
        "text": response.output_text,
        "calls": calls,
        "finish": response.status,
        "usage": as_dict(response.usage),
    }


def respond(items, stream):
    tools = [{"type": "function", "name": "bash", "description": DESCRIPTION, "parameters": PARAMETERS, "strict": False}]
    request = {"model": MODEL, "instructions": SYSTEM, "input": items, "tools": tools, "temperature": 0.5}
    if not stream:
        return openai_client.responses.create(**request)
    with openai_client.responses.stream(**request) as events:
        for _ in events:
            pass
        return events.get_final_response()


def respond_with_tool(stream):
    items = [{"role": "user", "content": f"List the files (responses, {stream})."}]
    first = respond(items, stream)
    show("tool", "responses", stream, response_reply(first))
    for item in first.output:
        echoed = item.model_dump(exclude_none=True)
        echoed.pop("parsed_arguments", None)
        for part in echoed.get("content", []) if item.type == "message" else []:
            part.pop("parsed", None)
        items.append(echoed)
    items += [
        {"type": "function_call_output", "call_id": c["id"], "output": RESULT} for c in response_reply(first)["calls"]
    ]
    show("tool result", "responses", stream, response_reply(respond(items, stream)))


# Anthropic: messages


def message_reply(message):
    calls = [{"id": b.id, "name": b.name, "arguments": b.input} for b in message.content if b.type == "tool_use"]
    return {
        "id": message.id,
        "text": "".join(b.text for b in message.content if b.type == "text"),
        "calls": calls,
        "finish": message.stop_reason,
        "usage": as_dict(message.usage),
    }


def message(messages, stream):
    tools = [{"name": "bash", "description": DESCRIPTION, "input_schema": PARAMETERS}]
    system = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]
    request = {"model": MODEL, "max_tokens": 1000, "system": system, "messages": messages, "tools": tools}
    if not stream:
        return anthropic_client.messages.create(**request)
    with anthropic_client.messages.stream(**request) as events:
        for _ in events:
            pass
        return events.get_final_message()


def message_with_tool(stream):
    messages = [{"role": "user", "content": f"List the files (messages, {stream})."}]
    first = message(messages, stream)
    show("tool", "messages", stream, message_reply(first))
    messages.append({"role": "assistant", "content": [as_dict(block) for block in first.content]})
    results = [
        {"type": "tool_result", "tool_use_id": c["id"], "content": RESULT, "is_error": True}
        for c in message_reply(first)["calls"]
    ]
    messages.append({"role": "user", "content": results})
    show("tool result", "messages", stream, message_reply(message(messages, stream)))


# Several at once


async def chat_at_once(client, number):
    pieces = ChatPieces()
    messages = [{"role": "user", "content": f"Stream number {number:02} of chat."}]
    request = {"model": MODEL, "messages": messages, "stream_options": {"include_usage": True}}
    async for chunk in await client.chat.completions.create(stream=True, **request):
        pieces.add(chunk)
    show(f"concurrent {number:02}", "chat.completions", True, pieces.whole())


async def message_at_once(client, number):
    messages = [{"role": "user", "content": f"Stream number {number:02} of messages."}]
    async with client.messages.stream(model=MODEL, max_tokens=1000, messages=messages) as events:
        reply = message_reply(await events.get_final_message())
    show(f"concurrent {number:02}", "messages", True, reply)


async def all_at_once():
    async with openai.AsyncOpenAI() as chat_client, anthropic.AsyncAnthropic() as message_client:
        streams = [chat_at_once(chat_client, number) for number in range(CONCURRENT)]
        streams += [message_at_once(message_client, number) for number in range(CONCURRENT)]
        await asyncio.gather(*streams)


def refused(api, stream, call):
    """A request that the provider refuses for good: the client raises, and does not try again."""
    try:
        call()
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        show("refused", api, stream, {"text": str(error.body)}, status=error.status_code)


def main():
    for stream in (False, True):
        hello = [{"role": "user", "content": f"Say hello (chat, {stream})."}]
        show("hello", "chat.completions", stream, chat(hello, stream))
        hello = [{"role": "user", "content": f"Say hello (responses, {stream})."}]
        show("hello", "responses", stream, response_reply(respond(hello, stream)))
        hello = [{"role": "user", "content": f"Say hello (messages, {stream})."}]
        show("hello", "messages", stream, message_reply(message(hello, stream)))
        chat_with_tool(stream)
        respond_with_tool(stream)
        message_with_tool(stream)
        busy = [{"role": "user", "content": f"Be busy (chat, {stream})."}]
        show("busy", "chat.completions", stream, chat(busy, stream))
        busy = [{"role": "user", "content": f"Be busy (responses, {stream})."}]
        show("busy", "responses", stream, response_reply(respond(busy, stream)))
        busy = [{"role": "user", "content": f"Be busy (messages, {stream})."}]
        show("busy", "messages", stream, message_reply(message(busy, stream)))
        unknown = [{"role": "user", "content": "Nobody wrote an answer to this."}]
        refused("chat.completions", stream, lambda: chat(unknown, stream))
        refused("responses", stream, lambda: respond(unknown, stream))
        refused("messages", stream, lambda: message(unknown, stream))
    quiet = [{"role": "user", "content": "Say hello (chat, without usage)."}]
    show("no usage", "chat.completions", True, chat(quiet, True, usage=False))
    asyncio.run(all_at_once())


if __name__ == "__main__":
    main()
