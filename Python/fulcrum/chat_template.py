"""Conversations as texts, by a model's own chat template, run in Jinja's sandbox.

The same text as transformers' `apply_chat_template` gives: same environment, same variables.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import Refusal

# What templates are given beside the messages, as the folder's files name it.
_SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token")
# No template, and no tokenizer's configuration, is longer.
_MOST = 1 << 24
_SPECIAL_FILES = ("special_tokens_map.json", "tokenizer_config.json")


class ChatTemplate:
    """A compiled template with its variables. `dates`: how often it asked for today's date."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        """Compiles a template; raises Refusal for what is none."""
        from jinja2 import meta
        from jinja2.exceptions import TemplateError

        self._variables = variables
        self.dates = 0
        try:
            environment = self._environment()
            self._template = environment.from_string(text)
            read = meta.find_undeclared_variables(environment.parse(text))
            read -= environment.globals.keys()
        except (TemplateError, MemoryError) as error:
            raise Refusal(f"the chat template is none that Jinja reads: {_said(error)}") from None
        for name in variables:
            if name not in read and name not in _SPECIAL:
                known = ", ".join(
                    sorted(read - {*_SPECIAL, "add_generation_prompt", "messages", "tools"})
                )
                hint = f"it reads {known}" if known else "it reads no arguments"
                raise Refusal(f"the chat template reads no argument '{name}'", hint=hint)

    def render(self, messages: list[dict[str, str]]) -> str:
        """The conversation's text, up to the header of the assistant's next turn.

        - Raises Refusal if the template refuses the messages.
        """
        try:
            text: str = self._template.render(
                messages=messages,
                tools=None,
                documents=None,
                add_generation_prompt=True,
                **self._variables,
            )
        # A template is a program of somebody else's: it may fail in any way.
        except Exception as error:
            raise Refusal(f"the chat template refuses the messages: {_said(error)}") from None
        if len(text) > _MOST:
            raise Refusal(f"the chat template writes {len(text)} characters, at most {_MOST} go")
        return text

    def _environment(self) -> Any:
        from jinja2 import ext, nodes
        from jinja2.exceptions import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        class Generation(ext.Extension):
            """`{% generation %}` marks what the assistant said, for masks; here it is only text."""

            tags = {"generation"}  # noqa: RUF012 (Jinja declares it without ClassVar)

            def parse(self, parser: Any) -> Any:
                line = next(parser.stream).lineno
                body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
                return nodes.Scope(body).set_lineno(line)

        def raise_exception(message: str) -> None:
            raise TemplateError(message)

        def tojson(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
            # Jinja's own makes texts fit for HTML.
            return json.dumps(value, ensure_ascii=ensure_ascii, **options)

        def strftime_now(form: str) -> str:
            self.dates += 1
            return datetime.now().strftime(form)

        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[Generation, ext.loopcontrols]
        )
        environment.filters["tojson"] = tojson
        environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
        return environment


def read(path: Path, variables: dict[str, Any]) -> ChatTemplate | None:
    """The template of a checkpoint's folder, or of a file of its own; None: the folder has none.

    A file's template has the special tokens of the folder `variables["checkpoint"]`, if given.

    - Raises Refusal for files that can't be read.
    """
    variables = dict(variables)
    folder = Path(variables.pop("checkpoint", None) or path)
    text = _text(path) if path.is_dir() else _contents(path)
    return None if text is None else ChatTemplate(text, _special(folder) | variables)


def _text(folder: Path) -> str | None:
    """The folder's template: a file of its own, or a key of the tokenizer's configuration."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return _contents(file)
    found = _json(folder / "chat_template.json").get("chat_template")
    if found is None:
        found = _json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):
        named = {entry.get("name"): entry.get("template") for entry in found}
        found = named.get("default")
    return found if isinstance(found, str) else None


def _special(folder: Path) -> dict[str, str]:
    """The special tokens' texts; a token that the files don't name is not among them."""
    found: dict[str, str] = {}
    for file in _SPECIAL_FILES:
        for name, value in _json(folder / file).items():
            value = value.get("content") if isinstance(value, dict) else value
            if name in _SPECIAL and isinstance(value, str):
                found[name] = value
    return found


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        value = json.loads(_contents(file))
    except ValueError as error:
        raise Refusal(f"{file}: expected JSON: {error}") from None
    return value if isinstance(value, dict) else {}


def _said(error: BaseException) -> str:
    """What an error says, or its kind."""
    return str(error) or type(error).__name__


def _contents(file: Path) -> str:
    try:
        with open(file, encoding="utf-8") as stream:
            text = stream.read(_MOST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file}: expected a text file: {error}") from None
    if len(text) > _MOST:
        raise Refusal(f"{file}: expected at most {_MOST} characters of text, got more")
    return text
