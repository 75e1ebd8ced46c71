"""What Fulcrum adds to vLLM's workers: taking weights in place, and saying which they have.

For a server of one's own: `--worker-extension-cls fulcrum_vllm.extension.FulcrumWorker`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch


class FulcrumWorker:
    """Methods that join a worker of vLLM, called on all of them by `collective_rpc`.

    Everything that is sent and answered is JSON's, so that a server can pass it on.
    """

    # vLLM's worker, as far as it is used here.
    model_runner: Any
    model_config: Any
    rank: int

    _fulcrum_version = 0
    _fulcrum_group: Any = None

    def fulcrum_describe(self) -> dict[str, Any]:
        """What the worker serves: weights' version, log-probabilities, lengths, vLLM's version."""
        import vllm

        config = self.model_config
        return {
            "vllm": vllm.__version__,
            "version": self._fulcrum_version,
            "logprobsMode": str(config.logprobs_mode),
            "maximumLength": int(config.max_model_len),
            "vocabulary": int(config.get_vocab_size()),
            "dtype": str(config.dtype).removeprefix("torch."),
        }

    def fulcrum_version(self) -> dict[str, int]:
        """The version of the weights that the worker has."""
        return {"version": self._fulcrum_version}

    def fulcrum_update(self, folder: str, version: int) -> dict[str, int]:
        """Takes the weights in the safetensors files of a folder, under a checkpoint's names."""
        self._fulcrum_take(_tensors(folder), version)
        return self.fulcrum_version()

    def fulcrum_join(self, address: str, port: int, world: int, backend: str) -> dict[str, int]:
        """Joins the group in which weights are broadcast; the trainer is number 0 in it."""
        from .broadcast import Broadcast

        own = 1 + int(self.rank)
        self._fulcrum_group = Broadcast(address, int(port), own, int(world), backend)
        return {"rank": own}

    def fulcrum_receive(self, tensors: list[list[Any]], version: int) -> dict[str, int]:
        """Takes weights that the trainer broadcasts: of each name, precision and shape."""
        if self._fulcrum_group is None:
            raise RuntimeError("fulcrum_join comes first")
        self._fulcrum_take(self._fulcrum_group.receive(tensors), version)
        return self.fulcrum_version()

    def fulcrum_hide_rows(self, end: int, holes: list[int]) -> dict[str, int]:
        """From now on no row from `end` on and none of `holes` has a probability.

        Heads have more rows than there are tokens; a number without a token must not be drawn.
        """
        model = self.model_runner.get_model()
        compute = getattr(model, "_fulcrum_compute_logits", model.compute_logits)
        model._fulcrum_compute_logits = compute
        numbers = torch.tensor(holes, dtype=torch.int64)

        def compute_logits(*arguments: Any, **named: Any) -> Any:
            logits = compute(*arguments, **named)
            # Ranks that gather nothing have none.
            if logits is not None:
                logits[..., int(end) :] = -torch.inf
                if len(numbers):
                    logits.index_fill_(-1, numbers.to(logits.device), -torch.inf)
            return logits

        model.compute_logits = compute_logits
        return {"rows": int(end) - len(holes)}

    def fulcrum_clear(self) -> dict[str, int]:
        """Sets keys and values that were computed to zero.

        What is not finite there would go on: attention multiplies what is behind a text by zero.
        """
        return {"cleared": sum(map(_clear, self.model_runner.kv_caches))}

    def _fulcrum_take(self, tensors: Iterator[tuple[str, torch.Tensor]], version: int) -> None:
        self._fulcrum_version = -1
        with torch.inference_mode():
            # vLLM's worker has the method too, and wraps it in its configuration.
            self.reload_weights(weights_iterator=tensors)  # type: ignore[attr-defined]
            _repack_heads(self.model_runner.get_model())
        self._fulcrum_version = int(version)


def _clear(cache: Any) -> int:
    """Clears a tensor, or the tensors of a list, and gives how many there were."""
    if isinstance(cache, torch.Tensor):
        cache.zero_()
        return 1
    return sum(map(_clear, cache))


def _tensors(folder: str) -> Iterator[tuple[str, torch.Tensor]]:
    from safetensors import safe_open

    files = sorted(Path(folder).glob("*.safetensors"))
    if not files:
        raise FileNotFoundError(f"there are no weights in '{folder}': does this machine see it?")
    for file in files:
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118 (it is no dictionary)
                yield name, opened.get_tensor(name)


def _repack_heads(model: torch.nn.Module) -> None:
    """Packs embeddings and heads anew where vLLM keeps packed copies, on the processor.

    A tied head's weights come with the embedding's, and its copy would stay the old one's
    (up to 13 nats off). Linear layers are packed again by vLLM itself.
    """
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return
    from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm
    from vllm.model_executor.layers.vocab_parallel_embedding import VocabParallelEmbedding

    for module in model.modules():
        if isinstance(module, VocabParallelEmbedding) and hasattr(module, "cpu_linear"):
            dispatch_cpu_unquantized_gemm(module, remove_weight=False)
