"""vLLM as the sampler of an engine: rank 0 has it; the other ranks help to bring it weights."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from .checkpoint import checkpoint_tensors
from .collecting import Collector
from .errors import EngineError
from .loading import adapter_rank
from .rows import Completions, Observer, Prompt, Request, check
from .stops import finder_of
from .vllm_backend import Backend, connect, start
from .vllm_client import VLLMClient
from .vllm_exchange import Exchange
from .vllm_request import Served, ask
from .vllm_transfer import AdapterTransfer, BroadcastTransfer, FileTransfer, own_address
from .weights import trained_state

if TYPE_CHECKING:
    from .engine import Engine


class VLLMSampler:
    """Samples from the policy's weights by vLLM.

    All ranks make one and call `bring` alike; everything else is rank 0's alone.

    Args:
        backend: of the broadcast, for tests; else by the setting `vllm-transfer`.
    """

    def __init__(self, engine: Engine, backend: str | None = None) -> None:
        self._engine = engine
        self._settings = engine.settings
        self._beat = engine.heartbeat.beat
        self._broadcasts = backend or ("nccl" if self._settings.vllm_transfer == "nccl" else None)
        self._vllm: Backend | None = None
        self._exchange: Exchange | None = None
        self._transfer: FileTransfer | BroadcastTransfer | AdapterTransfer | None = None
        alone = self._settings.vllm_lora == "adapter"
        self._adapter_rank = adapter_rank(engine.source, engine.settings) if alone else 0
        self.served: Served | None = None
        # The engine's number of the weights that vLLM has; None: it has others.
        self._brought: int | None = None
        # Versions of a server must not be those of another run.
        self._base = 0
        self._is_pending = False
        self._kept: Completions | EngineError | None = None

    @property
    def fact(self) -> str:
        """What samples, for people."""
        url = self._settings.vllm_server
        where = f"a server at {url}" if url else "a process of its own"
        return f"vllm {self.served.release}, {where}" if self.served else f"vllm, {where}"

    def start(self) -> None:
        """Starts the process, at rank 0; `ready` waits for it.

        Raises:
            EngineError: parameter, input-output.
        """
        if self._broadcasts == "nccl" and self._engine.ranks.device.type != "cuda":
            raise EngineError(
                "parameter",
                "parameter 'vllm-transfer': nccl sends between CUDA devices, and the engine has"
                f" its tensors on {self._engine.ranks.device.type}",
                "set it to file",
            )
        settings = self._settings
        if self._adapter_rank and (settings.vllm_server or self._broadcasts):
            raise EngineError(
                "parameter",
                "parameter 'vllm-lora': adapters go over alone to a process of the engine's own, by"
                " files",
                "set it to merged",
            )
        if self._engine.ranks.rank != 0:
            return
        size = 4 * self._engine.parameter_count
        self._exchange = Exchange(size, is_shared=bool(settings.vllm_server))
        if settings.vllm_server:
            self._base = secrets.randbelow(1 << 40) << 12
        self._vllm = start(self._engine, self._exchange, self._adapter_rank)

    def ready(self) -> None:
        """Waits until vLLM serves the model, and checks that it is the engine's.

        Raises:
            EngineError: not-found, parameter, unsupported; plugin-fault if it ended.
        """
        if not self._settings.vllm_server and not self._engine.source.is_adapter:
            # It reads the same files; fresh adapters add nothing.
            self._brought = 0
        if self._vllm is None:
            return
        self.served = connect(self._engine, self._vllm)
        if self._adapter_rank:
            assert self._exchange is not None and isinstance(self._vllm, VLLMClient)
            self._transfer = AdapterTransfer(self._exchange, self._engine.policy.loaded, self._vllm)
        elif self._broadcasts:
            self._transfer = BroadcastTransfer(
                self._broadcasts,
                own_address(self._settings.vllm_server),
                self._engine.ranks.device,
                self._vllm,
                self._beat,
            )
        else:
            assert self._exchange is not None
            self._transfer = FileTransfer(self._exchange)

    def bring(self) -> None:
        """Sends the weights, if they have changed since they were sent; all ranks call alike.

        Raises:
            EngineError: input-output; plugin-fault.
        """
        number = self._engine.weights_number
        if self._brought == number:
            return
        error: EngineError | None = None
        try:
            state = self._state()
            if self._vllm is not None:
                self._send(state, number)
        except EngineError as raised:
            error = raised
        self._engine.ranks.agree(error)
        self._brought = number

    def generate(
        self, prompts: Sequence[Prompt], request: Request, observe: Observer | None = None
    ) -> Completions:
        """Samples completions of each prompt.

        A completion's tokens are a function of its logits and of a seed that is one of (seed, step,
        prompt id, sample): other tokens than the engine's own sampling draws. log π are those of
        the distribution that a token was drawn from: after a minimum length's bar and after cuts,
        of which vLLM makes that by min-p before the others.

        Raises:
            EngineError: usage, data, unsupported, not-finite; plugin-fault if vLLM is gone.
        """
        self._begin(prompts, request, observe)
        return self._finish()

    def begin(
        self, prompts: Sequence[Prompt], request: Request, observe: Observer | None = None
    ) -> None:
        """Begins to sample, and gives back at once; `end` gives what was sampled.

        Raises:
            EngineError: usage, if the last one's end was not asked for; else as `generate`.
        """
        if self._kept is not None or self._is_pending:
            raise EngineError(
                "usage", "sampling has begun already", "call 'generateEnd' before the next begin"
            )
        self._begin(prompts, request, observe)
        self._is_pending = True

    def settle(self) -> None:
        """Waits for what has begun, and keeps it for `end`.

        Raises:
            EngineError: plugin-fault; another one is kept, for `end` to raise.
        """
        if not self._is_pending:
            return
        self._is_pending = False
        try:
            self._kept = self._finish()
        except EngineError as error:
            if error.code == "plugin-fault":
                raise
            self._kept = error

    def end(self) -> Completions:
        """Waits for what `begin` began.

        Raises:
            EngineError: usage, if nothing has begun; else as `generate`.
        """
        if not self._is_pending and self._kept is None:
            raise EngineError("usage", "no sampling has begun", "call 'generateBegin' first")
        self.settle()
        found, self._kept = self._kept, None
        if isinstance(found, EngineError):
            raise found
        assert found is not None
        return found

    @property
    def is_there(self) -> bool:
        """Whether this rank has vLLM."""
        return self._vllm is not None

    def close(self) -> None:
        """Ends the process, if there is one, and removes the folder; harmless twice."""
        if self._vllm is not None:
            self._vllm.close()
            self._vllm = None
        if self._exchange is not None:
            self._exchange.close()

    def _state(self) -> dict[str, torch.Tensor]:
        """What goes over, at rank 0; all ranks gather it."""
        engine = self._engine
        if not self._adapter_rank:
            return engine.whole_weights()
        return trained_state(engine.masters, engine.slots.values(0), engine.ranks.rank == 0)

    def _send(self, state: dict[str, torch.Tensor], number: int) -> None:
        assert self._vllm is not None and self._transfer is not None and self.served is not None
        version = self._base + number
        if isinstance(self._transfer, AdapterTransfer):
            found = self._transfer.send(state, version, self._beat)
        else:
            dtype = getattr(torch, self.served.dtype)
            tensors = checkpoint_tensors(self._engine.policy.loaded, state, dtype)
            found = self._transfer.send(tensors, version, self._vllm, self._beat)
        if set(found) != {version}:
            raise EngineError(
                "plugin-fault",
                f"vLLM's workers have versions {sorted(found)} of the weights, expected {version}",
            )

    def _begin(self, prompts: Sequence[Prompt], request: Request, observe: Observer | None) -> None:
        engine = self._engine
        check(prompts, request, engine.context_length, engine.token_rows.end)
        stops = finder_of(
            request.stop_strings,
            request.minimum_tokens,
            engine.end_tokens,
            engine.token_rows.end,
            engine.texts.decode_all,
        )
        assert self._vllm is not None and self.served is not None
        asked = ask(prompts, request, engine.end_tokens, engine.context_length, self.served)
        collector = Collector(
            prompts,
            request,
            engine.end_tokens,
            engine.context_length,
            engine.token_rows.end,
            observe,
            stops,
        )
        self._vllm.begin(asked, collector)

    def _finish(self) -> Completions:
        assert self._vllm is not None
        try:
            found, version = self._vllm.finish(self._beat)
        except EngineError as error:
            if error.code == "not-finite":
                # Or what isn't finite stays in the cache, whatever weights come next.
                self._vllm.workers("fulcrum_clear", {}, self._beat, resets=True)
            raise
        expected = self._base + (self._brought or 0)
        if version != expected:
            raise EngineError(
                "plugin-fault",
                f"vLLM sampled from version {version} of the weights, expected {expected}",
                "nobody else may use the server while a run does",
            )
        return found
