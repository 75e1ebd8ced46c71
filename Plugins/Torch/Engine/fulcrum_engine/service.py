"""Runs a rank: takes calls at rank 0, tells the other ranks, and answers."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from fulcrum.wire import WireFault
from transformers.utils.logging import disable_progress_bar

from .calls import ALONE, TOGETHER, Handlers, Reply, Rest, need, need_seed
from .channel import Call, Calls
from .engine import Engine
from .errors import EngineError
from .failures import error_header
from .heartbeat import Heartbeat
from .lifeline import Lifeline
from .operations import operations
from .place import Place, local_size, set_meeting_point
from .ranks import Ranks
from .settings import Settings

# The other ranks wait so long for a run to begin; the lifeline ends them long before.
_PATIENCE = timedelta(days=7)


class HostGoneError(Exception):
    """The host closed the connection without the call `end`: nobody is there to be told."""


class Service:
    """One rank of an engine, from the first call to the last.

    Args:
        calls: rank 0's connection; None on other ranks.
    """

    def __init__(self, place: Place, calls: Calls | None, lifeline: Lifeline) -> None:
        self._place, self._calls, self._lifeline = place, calls, lifeline
        self._beginning = _Beginning(place)
        self._ranks: Ranks | None = None
        self._handlers: Handlers | None = None
        self._is_ending = False

    def run(self) -> None:
        """Serves calls until `end`.

        Raises:
            Exception: what is no `EngineError`: the engine is of no use then. At rank 0 the call's
                error was sent.
        """
        while not self._is_ending:
            self._lifeline.tell("")
            call = self._next()
            # Rank 0 answers some by itself, thousands one after another.
            if call.name not in ALONE:
                self._lifeline.tell(call.name)
            try:
                header, arrays = self._answer(call)
            except EngineError as error:
                # Each rank has the same; rank 0 tells it.
                if self._calls is not None:
                    self._calls.error(error_header(error))
                if error.code == "plugin-fault":
                    raise
                continue
            except Exception as error:
                # Of the channel itself there is nobody to tell.
                if self._calls is not None and not isinstance(error, (OSError, WireFault)):
                    traceback.print_exc()
                    self._calls.error(error_header(error))
                raise
            if self._calls is not None:
                self._calls.reply(header, arrays)

    def _next(self) -> Call:
        """The next call; at other ranks, of those that all take part in."""
        if self._calls is None:
            if self._ranks is None:
                return self._beginning.receive()
            header, arrays = self._ranks.broadcast(None, None)
            return Call(header.pop("call"), header, arrays)
        call = self._calls.next()
        if call is None:
            raise HostGoneError
        return call

    def _answer(self, call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
        if call.name == "start":
            return self._start(call), {}
        if call.name == "end":
            self._tell(call)
            return self._end(), {}
        if self._handlers is None or self._ranks is None:
            raise EngineError("usage", f"the call '{call.name}' came before 'start'")
        if call.name in ALONE:
            return ALONE[call.name](self._handlers, call.header, call.arrays)
        if call.name not in TOGETHER:
            raise EngineError("usage", f"the engine has no call '{call.name}'")
        for name, array in call.arrays.items():
            if array.ndim != 1:
                raise EngineError("usage", f"expected '{name}' of one dimension, got {array.ndim}")
        if self._calls is not None:
            self._handlers.settle(call.name, call.header)
        self._tell(call)
        outcome = self._together(call)
        # Rank 0 alone has more to do; the others wait for the next call with patience.
        return outcome() if callable(outcome) else outcome

    def _tell(self, call: Call) -> None:
        """Gives rank 0's call to the other ranks."""
        if self._calls is None:
            return
        if self._ranks is None:
            self._beginning.send(call)
        else:
            self._ranks.broadcast({**call.header, "call": call.name}, call.arrays)

    def _together(self, call: Call) -> Reply | Rest:
        assert self._handlers is not None and self._ranks is not None
        result: Reply | Rest = ({}, {})
        error: EngineError | None = None
        try:
            result = TOGETHER[call.name](self._handlers, call.header, call.arrays)
        except EngineError as raised:
            error = raised
        # One rank's error is every rank's, or they would wait for each other in vain.
        self._ranks.agree(error)
        return result if self._calls is not None else ({}, {})

    def _start(self, call: Call) -> dict[str, Any]:
        if self._handlers is not None:
            raise EngineError("usage", "the call 'start' came twice")
        parameters = need(call.header, "parameters", dict)
        settings = Settings.read(parameters, need_seed(call.header))
        threads = need(call.header, "threads", int)
        if settings.threads == 0 and threads > 0:
            # The host speaks of the machine; ranks on it share.
            settings = replace(settings, threads=max(1, threads // local_size()))
        self._tell(call)
        if self._ranks is None:
            self._ranks = self._join(settings)
        engine, error = None, None
        try:
            engine = Engine(settings, self._ranks, Heartbeat(self._calls))
        except EngineError as raised:
            error = raised
        self._ranks.agree(error)
        assert engine is not None
        self._handlers = Handlers(engine, self._calls)
        started = engine.started()
        return {
            "summary": started.summary,
            "contextLength": started.context_length,
            "endTokens": started.end_tokens,
            "endToken": started.end_tokens[0],
            "vocabularySize": started.vocabulary_size,
            "parameterCount": started.parameter_count,
            "facts": started.facts,
            "template": started.has_template,
            "operations": operations(engine.skeleton),
        }

    def _join(self, settings: Settings) -> Ranks:
        set_meeting_point()
        try:
            return Ranks(self._place, settings.device, settings.collective_seconds)
        except EngineError as error:
            if self._calls is not None:
                raise
            # Ranks that have no group can't agree: the host hears it on the lifeline.
            raise RuntimeError(error.message) from error

    def _end(self) -> dict[str, Any]:
        # From here on a closed lifeline is no accident.
        self._lifeline.release()
        self.close()
        if self._ranks is not None:
            self._ranks.wait()
            self._ranks.leave()
        self._is_ending = True
        return {}

    def close(self) -> None:
        """Ends what this rank has started."""
        if self._handlers is not None:
            self._handlers.close()


class _Beginning:
    """Tells the other ranks of calls before they are a group: `start` says how they become one."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store: Any = None
        self._count = 0

    def send(self, call: Call) -> None:
        """Gives a call without arrays to all ranks."""
        if self._place.world > 1:
            envelope = {"call": call.name, "header": call.header}
            self._meet().set(self._key(), json.dumps(envelope))

    def receive(self) -> Call:
        """Waits for rank 0's next call."""
        store, key = self._meet(), self._key()
        store.wait([key], _PATIENCE)
        envelope = json.loads(store.get(key))
        return Call(envelope["call"], envelope["header"], {})

    def _key(self) -> str:
        self._count += 1
        return f"fulcrum/call-{self._count}"

    def _meet(self) -> Any:
        if self._store is None:
            set_meeting_point()
            rendezvous = dist.rendezvous(
                "env://", self._place.rank, self._place.world, timeout=_PATIENCE
            )
            self._store = next(iter(rendezvous))[0]
        return self._store


def serve(place: Place, calls: Calls | None, lifeline: Lifeline) -> int:
    """Runs a rank to its end; gives the exit status.

    An error that ends it is told to the host on the lifeline.
    """
    # Bars that are drawn over themselves are no use in a log.
    disable_progress_bar()
    service = Service(place, calls, lifeline)
    try:
        service.run()
    except HostGoneError:
        return 1
    except Exception as error:
        print(f"fulcrum_engine: rank {place.rank} ends: {error}", file=sys.stderr)
        traceback.print_exc()
        lifeline.fail({**error_header(error), "rank": place.rank})
        return 1
    finally:
        service.close()
    return 0
