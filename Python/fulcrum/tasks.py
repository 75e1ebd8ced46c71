"""Tasks: prompts to train on and others to evaluate on, with or without worked examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import Fault

_ROLES = ("system", "user", "assistant")


Prompt = str | Sequence[Mapping[str, str]]
"""A text, or the messages that the host writes it from."""


def _check_messages(messages: Sequence[Mapping[str, str]]) -> None:
    for message in messages:
        if message.keys() != {"role", "content"} or message["role"] not in _ROLES:
            raise TypeError(f"a message has a role of {_ROLES} and a content, not {message!r:.80}")


@dataclass(frozen=True)
class Item:
    """A prompt with what its reward needs. Ids are given where there is none.

    With an empty prompt the host writes the `messages`, by the policy's chat template.
    `form`: held-out items that are one puzzle in other words have the same text here. `location` is
    the place that the item was read from, for messages: `file:line`.
    """

    prompt: str
    answer: str
    id: str | None = None
    category: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    messages: Sequence[Mapping[str, str]] = ()
    form: str | None = None
    location: str | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            is_absent = value is None and name in ("id", "form", "location")
            if name not in ("fields", "messages") and not is_absent and not isinstance(value, str):
                raise TypeError(f"an item's {name} is a text, not {value!r:.80}")
        _check_messages(self.messages)

    @property
    def question(self) -> str:
        """The prompt, or the messages that it is to be written from: what is asked."""
        return self.prompt or json.dumps([dict(message) for message in self.messages])

    def json(self) -> dict[str, Any]:
        """What the wire has of it."""
        return {
            **vars(self),
            "fields": dict(self.fields),
            "messages": [dict(message) for message in self.messages],
        }


@dataclass(frozen=True)
class Task:
    """What a task's function gives.

    `train` is a sequence, or a function of an index: an endless task. `demonstrations` is a
    sequence of (prompt, completion), or a function of an index; a prompt is a text, or messages.
    Loss and accuracy of `fulcrum sft` are measured on `held_out_demonstrations`.
    """

    train: Sequence[Item] | Callable[[int], Item]
    held_out: Sequence[Item]
    demonstrations: Sequence[tuple[Prompt, str]] | Callable[[int], tuple[Prompt, str]] | None = None
    held_out_demonstrations: Sequence[tuple[Prompt, str]] = ()

    def __post_init__(self) -> None:
        for name in ("train", "held_out", "demonstrations", "held_out_demonstrations"):
            given = getattr(self, name)
            fits = hasattr(given, "__len__") and hasattr(given, "__getitem__")
            is_function = callable(given) and not name.startswith("held_out")
            is_absent = given is None and name == "demonstrations"
            if not (fits or is_function or is_absent):
                raise Fault(
                    f"the task's {name}: expected a list"
                    + ("" if name.startswith("held_out") else ", or a function of an index")
                    + f", got {given!r:.60} ({type(given).__name__})",
                    "make a list of it: list(…)",
                )

    @property
    def training_count(self) -> int | None:
        """None: the task is endless."""
        return None if callable(self.train) else len(self.train)

    def items(self, first: int, count: int) -> list[Item]:
        """Training items `first`, `first + 1`, and so on.

        - Raises Fault for what is no item; IndexError beyond the end.
        """
        items = []
        for index in range(first, first + count):
            item = self.train(index) if callable(self.train) else self.train[index]
            items.append(_checked(item, "train", index))
        return items

    def held_out_items(self, per_category: int) -> list[Item]:
        """At most so many of each category, category by category in order of first appearance."""
        categories: dict[str, list[Item]] = {}
        for index, given in enumerate(self.held_out):
            item = _checked(given, "held-out", index)
            items = categories.setdefault(item.category, [])
            if len(items) < per_category:
                items.append(item)
        return [item for items in categories.values() for item in items]

    @property
    def demonstration_count(self) -> int | None:
        """None: they are made on demand, or there are none."""
        source = self.demonstrations
        return None if source is None or callable(source) else len(source)

    def demonstration(self, index: int) -> tuple[Prompt, str]:
        """A worked example: prompt and completion.

        - Raises Fault if there is none, or it is no pair.
        """
        source = self.demonstrations
        if source is None or (not callable(source) and not len(source)):
            raise Fault("the task has no demonstrations", code="unsupported")
        pair = source(index) if callable(source) else source[index % len(source)]
        return _pair(pair, f"demonstration {index}")

    def held_out_demonstration_pairs(self, count: int) -> list[tuple[Prompt, str]]:
        """At most so many of those to measure by."""
        pairs = [self.held_out_demonstrations[i] for i in range(len(self.held_out_demonstrations))]
        return [_pair(pair, f"held-out demonstration {i}") for i, pair in enumerate(pairs[:count])]


def _pair(pair: Any, what: str) -> tuple[Prompt, str]:
    if (
        isinstance(pair, (tuple, list))
        and len(pair) == 2
        and isinstance(pair[0], (str, list, tuple))
        and isinstance(pair[1], str)
    ):
        if not isinstance(pair[0], str):
            _check_messages(pair[0])
        return pair[0], pair[1]
    raise Fault(f"{what}: expected (prompt, completion), got {pair!r:.80}")


def _checked(item: Any, part: str, index: int) -> Item:
    if not isinstance(item, Item):
        raise Fault(f"{part} item {index}: expected an f.Item(…), got {item!r:.80}")
    return item if item.id is not None else replace(item, id=f"{part}-{index}")
