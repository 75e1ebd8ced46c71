import FulcrumKernel

/// Holds the component's manual.
extension TorchPolicy {
  package static let manual = ComponentManual(
    name: "torch",
    summary: "Any causal language model of transformers, by PyTorch, on one device or many.",
    source: "Documentation/Engine.md",
    parameters: [
      .text(
        "checkpoint", default: nil,
        help:
          "a Hugging Face folder, an adapter folder of peft, or a name of the hub where the machine"
          + " reaches it", meaning: .checkpoint),
      .text(
        "python", default: "python3",
        help: "the interpreter that has torch and transformers: .venv/bin/python"),
      .texts(
        "launch", default: [],
        help:
          "the command before the interpreter, for several ranks: [torchrun, --standalone,"
          + " --nproc-per-node, \"8\"]"),
      .text(
        "listen", default: "",
        help:
          "HOST or HOST:PORT where ranks on other machines find this process; auto: at all its"
          + " addresses, by its name; empty: a Unix socket"),
      .choice(
        "device", default: "auto", of: ["auto", "cpu", "cuda"],
        help: "where the model is; auto: cuda where there is one"),
      .choice(
        "precision", default: "f32", of: ["f32", "bf16"],
        help: "of weights and products; with bf16 the optimiser keeps weights in f32 beside them"),
      .choice(
        "shard", default: "none", of: ["none", "fsdp2"],
        help: "none: each rank has the whole model; fsdp2: ranks share weights, gradient, optimiser"
      ),
      .choice(
        "attention", default: "auto", of: ["auto", "sdpa", "eager", "flash_attention_2"],
        help: "transformers' implementation; auto: the model's own choice"),
      .flag(
        "gradient-checkpointing", default: false,
        help: "whether layers' activations are computed again in the backward pass, to save memory"),
      .integer(
        "microbatch-tokens", default: 8192, in: 1...1_048_576,
        help: "tokens of one forward and backward pass on a rank; or one sequence"),
      .integer(
        "decoding-rows", default: 256, in: 1...65_536,
        help: "completions that a rank samples at the same time, at most"),
      .choice(
        "sampler", default: "torch", of: ["torch", "vllm"],
        help: "what samples the policy's completions; vllm: vLLM, in a process of its own"),
      .text(
        "vllm-python", default: "",
        help: "the interpreter that has vLLM; empty: the one of 'python'"),
      .text(
        "vllm-server", default: "",
        help:
          "http://HOST:PORT of a vLLM server that runs elsewhere; empty: a process of the engine's"),
      .texts(
        "vllm-options", default: [],
        help: "further arguments of vllm.LLM: [tensor_parallel_size=2, gpu_memory_utilization=0.5]"),
      .text(
        "vllm-devices", default: "",
        help: "CUDA_VISIBLE_DEVICES of vLLM's process: \"4,5\"; empty: as the engine's"),
      .choice(
        "vllm-transfer", default: "file", of: ["file", "nccl"],
        help: "how weights go to vLLM: by a file that both see, or from GPU to GPU"),
      .choice(
        "vllm-lora", default: "merged", of: ["merged", "adapter"],
        help: "whether adapters go to vLLM merged into the whole model, or alone"),
      .flag(
        "share-prompts", default: true,
        help:
          "whether a group's prompt is computed once in scoring and training, where the model allows"
      ),
      .integer(
        "lora-rank", default: 0, in: 0...65_536,
        help: "train adapters of this rank alone; 0: all weights"),
      .number("lora-alpha", default: 32, in: 0...1e6, help: "adapters are scaled by alpha / rank"),
      .texts(
        "lora-targets", default: ["all-linear"],
        help: "modules with adapters: [q_proj, v_proj]; all-linear: every linear layer but the head"
      ),
      .choice(
        "lora-save", default: "adapter", of: ["adapter", "merged"],
        help: "what checkpoints hold: the adapter's folder, or the whole model with it merged in"),
      .choice(
        "save-precision", default: "same", of: ["same", "f32", "bf16"],
        help:
          "of the weights in checkpoints; same: as in the checkpoint that was read; where it rounds,"
          + " the optimiser's folder holds them in f32 too"),
      .choice(
        "optimizer", default: "adamw", of: ["adamw", "sgd"],
        help: "sgd: the learning rate times the clipped gradient, without momentum",
        meaning: .optimizer),
      .number("beta1", default: 0.9, in: 0...0.999999, help: "decay of AdamW's first moment"),
      .number("beta2", default: 0.999, in: 0...0.999999, help: "decay of its second moment"),
      .number("epsilon", default: 1e-8, in: 1e-30...1, help: "added to the second moment's root"),
      .number(
        "weight-decay", default: 0.01, in: 0...100,
        help: "decoupled, on all parameters but those left out; times the learning rate",
        meaning: .weightDecay),
      .texts(
        "weight-decay-exclude", default: [],
        help: "parameters that don't decay: norms, biases, embeddings"),
      .number(
        "max-gradient-norm", default: 1, in: 0...1e30,
        help: "a gradient of larger L2 norm is scaled down to it; 0: never",
        meaning: .gradientLimit),
      .number(
        "start-limit", default: 600, in: 60...86_400,
        help: "seconds from the start until the ranks are there"),
      .number(
        "time-limit", default: 1800, in: 1...86_400,
        help: "seconds without a word from the engine while it works; loading included"),
    ])
}
