"""Tasks: prompts to train on and others to evaluate on, with or without worked examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import Fault

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Item:
    """A prompt with what its reward needs. Ids are given where there is none.

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
        for message in self.messages:
            if message.keys() != {"role", "content"} or message["role"] not in _ROLES:
                raise TypeError(
                    f"a message has a role of {_ROLES} and a content, not {message!r:.80}"
                )

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
    sequence of (prompt, completion), read around and around, or a function of an index.
    """

    train: Sequence[Item] | Callable[[int], Item]
    held_out: Sequence[Item]
    demonstrations: Sequence[tuple[str, str]] | Callable[[int], tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        for name in ("train", "held_out", "demonstrations"):
            given = getattr(self, name)
            fits = hasattr(given, "__len__") and hasattr(given, "__getitem__")
            is_function = callable(given) and name != "held_out"
            is_absent = given is None and name == "demonstrations"
            if not (fits or is_function or is_absent):
                raise Fault(
                    f"the task's {name}: expected a list"
                    + ("" if name == "held_out" else ", or a function of an index")
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

    def demonstration(self, index: int) -> tuple[str, str]:
        """A worked example: prompt and completion.

        - Raises Fault if there is none, or it is no pair of texts.
        """
        source = self.demonstrations
        if source is None or (not callable(source) and not len(source)):
            raise Fault("the task has no demonstrations", code="unsupported")
        pair = source(index) if callable(source) else source[index % len(source)]
        if (
            not isinstance(pair, (tuple, list))
            or len(pair) != 2
            or not all(isinstance(text, str) for text in pair)
        ):
            raise Fault(f"demonstration {index}: expected (prompt, completion), got {pair!r:.80}")
        return pair[0], pair[1]


def _checked(item: Any, part: str, index: int) -> Item:
    if not isinstance(item, Item):
        raise Fault(f"{part} item {index}: expected an f.Item(…), got {item!r:.80}")
    return item if item.id is not None else replace(item, id=f"{part}-{index}")
