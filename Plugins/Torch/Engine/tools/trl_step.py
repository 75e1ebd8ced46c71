"""TRL's GRPOTrainer on the same model and prompts, one step at a time, phase by phase."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class TRLSteps:
    """Takes TRL's steps in turn with other work.

    Attributes:
        seconds: of each step: total, phases, and what all threads together used the processor.
        lengths: mean tokens of the completions of each step.
    """

    def __init__(
        self,
        folder: Path,
        tokenizer: Any,
        prompts: Sequence[str],
        samples: int,
        new_tokens: int,
        kl: float,
        steps: int,
        before: Callable[[int], None],
        on_cpu: bool = True,
        bf16: bool = False,
    ) -> None:
        """Loads the model.

        Args:
            tokenizer: the model's; an end token for padding is given to it where it has none.
            prompts: texts, all of which each step takes.
            new_tokens: of every completion, forced.
            kl: weight of the divergence from a reference; 0: there is none.
            before: called with the step's number before each, outside its time.

        Raises:
            ImportError: trl or datasets is not installed.
        """
        import datasets
        from trl import GRPOConfig

        warnings.filterwarnings("ignore")
        datasets.disable_progress_bars()
        self.seconds: list[dict[str, float]] = []
        self.lengths: list[float] = []
        self._phases: dict[str, float] = {}
        self._folder = tempfile.TemporaryDirectory()
        rows = len(prompts) * samples
        config = GRPOConfig(
            output_dir=self._folder.name,
            use_cpu=on_cpu,
            bf16=bf16,
            fp16=False,
            per_device_train_batch_size=rows,
            gradient_accumulation_steps=1,
            num_generations=samples,
            max_completion_length=new_tokens,
            generation_kwargs={"min_new_tokens": new_tokens},
            beta=kl,
            max_steps=steps,
            learning_rate=1e-6,
            lr_scheduler_type="constant",
            # Its default computes layers twice to save memory.
            gradient_checkpointing=False,
            logging_steps=1,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            model_init_kwargs={"dtype": "float32", "attn_implementation": "sdpa"},
            seed=0,
        )
        dataset = datasets.Dataset.from_list([{"prompt": text} for text in prompts] * steps)
        if tokenizer.eos_token is None:
            tokenizer.eos_token = tokenizer.convert_ids_to_tokens(len(tokenizer) - 1)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.trainer = self._trainer(str(folder), tokenizer, config, dataset, before)

    def train(self) -> None:
        """Takes all steps."""
        self.trainer.train()
        self._folder.cleanup()

    def _trainer(
        self,
        model: str,
        tokenizer: Any,
        config: Any,
        dataset: Any,
        before: Callable[[int], None],
    ) -> Any:
        from transformers import PrinterCallback
        from trl import GRPOTrainer

        steps = self

        class Timed(GRPOTrainer):
            def _generate_single_turn(self, *arguments: Any, **named: Any) -> Any:
                with steps._timed("sampling"):
                    return super()._generate_single_turn(*arguments, **named)

            def _get_per_token_logps_and_entropies(self, *arguments: Any, **named: Any) -> Any:
                import torch

                # Within the loss it is a part of training.
                phase = "" if torch.is_grad_enabled() else "reference"
                with steps._timed(phase):
                    return super()._get_per_token_logps_and_entropies(*arguments, **named)

            def training_step(self, *arguments: Any, **named: Any) -> Any:
                with steps._timed("whole"):
                    return super().training_step(*arguments, **named)

        trainer = Timed(
            model=model,
            reward_funcs=_spread,
            args=config,
            train_dataset=dataset,
            processing_class=tokenizer,
            callbacks=[self._callback(before)],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def _callback(self, before: Callable[[int], None]) -> Any:
        from transformers import TrainerCallback

        steps = self

        class Clock(TrainerCallback):
            began = 0.0
            used = 0.0
            optimizer = 0.0

            def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                before(state.global_step)
                steps._phases.clear()
                self.began, self.used = time.perf_counter(), time.process_time()

            def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                self.optimizer = time.perf_counter()

            def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                steps._phases["optimizer"] = time.perf_counter() - self.optimizer

            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                steps._finish(time.perf_counter() - self.began, time.process_time() - self.used)

            def on_log(
                self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any
            ) -> None:
                if logs and "completions/mean_length" in logs:
                    steps.lengths.append(float(logs["completions/mean_length"]))

        return Clock()

    def _finish(self, total: float, processor: float) -> None:
        phases = self._phases
        apart = ("sampling", "reference")
        training = phases.get("whole", 0.0) - sum(phases.get(name, 0.0) for name in apart)
        self.seconds.append(
            {
                "total": total,
                "sampling": phases.get("sampling", 0.0),
                "reference": phases.get("reference", 0.0),
                "training": training,
                "optimizer": phases.get("optimizer", 0.0),
                "processor": processor,
            }
        )

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        if phase:
            spent = time.perf_counter() - began
            self._phases[phase] = self._phases.get(phase, 0.0) + spent


def _spread(completions: list[str], **_: Any) -> list[float]:
    """Rewards that differ within a group, so that every completion has an advantage."""
    return [float(index % 2) for index in range(len(completions))]
