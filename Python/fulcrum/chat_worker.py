"""The process that writes conversations: `python -m fulcrum.chat_worker PATH`, started by Fulcrum.

Its calls are `open` (header `variables`; reply `has`) and `render` (array `text`: a conversation as
JSON; reply: array `text`, and `dates`: how often the template asked for today's date).
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from .answers import Reply
from .chat_template import ChatTemplate, read
from .component import Component
from .errors import Fault
from .wire import Array
from .worker import finish, serve

# The most memory of this process, in bytes: its address space.
_MEMORY = 2 << 30


class TemplateCalls:
    """Answers the host's calls with one template."""

    component: Component | None = None

    def __init__(self, file: Path) -> None:
        self.file = file
        self._template: ChatTemplate | None = None

    def answer(self, name: str, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
        """The reply's header and arrays.

        - Raises Refusal for a template that can't be read, and for messages that it refuses;
          Fault for another call.
        """
        if name == "open":
            self._template = read(self.file, header["variables"])
            return {"has": self._template is not None}, {}
        if name != "render" or self._template is None:
            raise Fault(f"there is no call '{name}' here", code="usage")
        messages = json.loads(arrays["text"].text())
        text = self._template.render(messages).encode()
        return {"dates": self._template.dates}, {"text": text}


if __name__ == "__main__":
    # A template is a program of somebody else's: it may not take the machine's memory.
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    finish(serve(sys.argv, TemplateCalls))
