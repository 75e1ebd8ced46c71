"""Prompts: a text, or messages written in a model's chat markup."""

from __future__ import annotations

from typing import Any

# What stands before a role, behind it, behind a content, and before all.
MARKUPS = {
    "chatml": ("<|im_start|>", "\n", "<|im_end|>\n", ""),
    "llama-3": ("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "<|begin_of_text|>"),
}
CHATS = [*MARKUPS, "none"]
Messages = list[dict[str, str]]


def written(messages: Messages, chat: str) -> str:
    """The conversation, up to the header of the assistant's turn; `none`: contents alone."""
    if chat == "none":
        return "\n\n".join(message["content"] for message in messages)
    opening, behind, ending, start = MARKUPS[chat]
    turns = [opening + m["role"] + behind + m["content"] + ending for m in messages]
    return start + "".join(turns) + opening + "assistant" + behind


def conversation(value: Any) -> Messages | None:
    """Messages as data sets have them; contents may be lists of parts. None for what is none."""
    messages: Messages = []
    for message in value if isinstance(value, list) else []:
        role, content = message.get("role"), message.get("content")
        if isinstance(content, list):
            content = "".join(part.get("text") or "" for part in content)
        if role not in ("system", "user", "assistant") or not isinstance(content, str):
            return None
        messages.append({"role": role, "content": content})
    return messages or None
