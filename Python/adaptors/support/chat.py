"""Conversations as data sets have them."""

from __future__ import annotations

from typing import Any

Messages = list[dict[str, str]]


def conversation(value: Any) -> Messages | None:
    """Messages as data sets have them; contents may be lists of parts. None for what is none."""
    messages: Messages = []
    for message in value if isinstance(value, list) else []:
        if not isinstance(message, dict) or message.get("tool_calls"):
            return None  # A call of a tool is no text: without it the turn would be another.
        role, content = message.get("role"), message.get("content")
        if isinstance(content, list):
            content = "".join(part.get("text") or "" for part in content)
        if role not in ("system", "user", "assistant") or not isinstance(content, str):
            return None
        messages.append({"role": role, "content": content})
    return messages or None
