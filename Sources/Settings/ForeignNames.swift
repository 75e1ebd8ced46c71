/// Leads from the names that TRL and verl give their settings to ours.
enum ForeignNames {
  /// What to write for each name. A name may have its outer keys before it, with dots; the row with the
  /// most of them counts.
  private static let remedies: [(names: [String], remedy: String)] = [
    (
      ["learning_rate", "lr", "actor.optim.lr", "optim.lr"],
      "write update: {learning-rate: …}"
    ),
    (
      ["num_generations", "rollout.n", "n_samples_per_prompt", "group_size"],
      "write rollout: {samples: …}, the completions of each prompt"
    ),
    (
      [
        "max_completion_length", "max_response_length", "response_length", "max_new_tokens",
        "max_tokens", "generate_max_len",
      ],
      "write rollout: {max-new-tokens: …}"
    ),
    (
      [
        "beta", "kl_coef", "init_kl_coef", "kl_loss_coef", "kl_ctrl.kl_coef", "use_kl_loss",
        "use_kl_in_reward",
      ],
      "a KL penalty is a component of its own: write objective: [{use: NAME}, {use: PENALTY, beta: …}];"
        + " 'fulcrum plugin list' shows the names"
    ),
    (
      ["per_device_train_batch_size", "train_batch_size", "rollout_batch_size", "gen_batch_size"],
      "write rollout: {prompts: …, samples: …}; a step has prompts × samples completions"
    ),
    (
      [
        "gradient_accumulation_steps", "ppo_mini_batch_size", "mini_batch_size",
        "num_mini_batches", "steps_per_generation",
      ],
      "write update: {minibatch-prompts: …}, the prompts of an optimiser step; memory is bounded by the"
        + " policy's own parameters"
    ),
    (
      [
        "ppo_micro_batch_size", "ppo_micro_batch_size_per_gpu", "micro_batch_size",
        "ppo_max_token_len_per_gpu", "gradient_checkpointing",
      ],
      "memory is bounded by the policy's own parameters: 'fulcrum plugin info NAME' shows them"
    ),
    (
      [
        "num_train_epochs", "total_epochs", "num_epochs", "max_steps", "total_training_steps",
        "max_iterations",
      ],
      "write steps: …; 'fulcrum explain' says how often they go through the data"
    ),
    (
      ["num_iterations", "ppo_epochs"],
      "write update: {iterations: …}"
    ),
    (
      [
        "epsilon", "epsilon_high", "clip_ratio", "clip_ratio_low", "clip_ratio_high", "cliprange",
        "clip_range",
      ],
      "write it at the objective: {use: NAME, clip-low: …, clip-high: …}"
    ),
    (
      ["clip_ratio_c", "delta"], "write it at the objective: {use: NAME, dual-clip: …}"
    ),
    (["temperature"], "write rollout: {temperature: …}"),
    (
      ["top_p", "top_k", "min_p"],
      "write rollout: {top-p: …}, top-k or min-p; updates are without bias only where rollouts are drawn"
        + " from the whole distribution"
    ),
    (
      ["min_new_tokens", "min_tokens", "min_length"],
      "write rollout: {min-new-tokens: …}"
    ),
    (
      ["stop_strings", "stop_sequences", "stop_token"],
      "write rollout: {stop: [TEXT, …]}"
    ),
    (["warmup_steps", "lr_warmup_steps"], "write update: {warmup-steps: …}"),
    (
      ["warmup_ratio", "lr_warmup_steps_ratio"],
      "write update: {warmup-steps: …}, a number of steps"
    ),
    (
      ["lr_scheduler_type", "warmup_style"],
      "write update: {decay: constant}, linear or cosine"
    ),
    (
      ["loss_type", "loss_agg_mode"],
      "write update: {aggregation: …}"
    ),
    (["mask_truncated_completions"], "write update: {mask-truncated: true}"),
    (
      ["scale_rewards", "norm_adv_by_std_in_grpo"],
      "write it at the advantage: {use: NAME, scale: …}"
    ),
    (
      ["adv_estimator", "advantage_estimator"],
      "write advantage: [NAME]; 'fulcrum plugin list' shows the names"
    ),
    (
      [
        "vllm_importance_sampling_correction", "vllm_importance_sampling_mode",
        "vllm_importance_sampling_clip_max", "vllm_importance_sampling_clip_min",
        "vllm_importance_sampling_cap", "rollout_correction", "rollout_is",
        "rollout_is_threshold", "rollout_rs", "rollout_rs_threshold",
        "rollout_importance_sampling_mode", "rollout_importance_sampling_threshold", "use_tis",
        "tis_clip", "tis_clip_low",
      ],
      "a correction for the sampler is a component of its own, the last of the advantages: write"
        + " advantage: [NAME, {use: CORRECTION, upper: …}] and update: {old-log-probabilities:"
        + " recompute}; 'fulcrum plugin list' shows the names"
    ),
    (
      ["entropy_coeff", "entropy_coef"],
      "an entropy bonus is a component of its own: write objective: [{use: NAME}, {use: BONUS}];"
        + " 'fulcrum plugin list' shows the names"
    ),
    (
      ["max_grad_norm", "grad_clip"],
      "write it at the policy: {use: NAME, max-gradient-norm: …}"
    ),
    (["weight_decay"], "write it at the policy: {use: NAME, weight-decay: …}"),
    (["adam_beta1", "adam_beta2"], "write it at the policy: {use: NAME, beta1: …, beta2: …}"),
    (["bf16", "fp16", "dtype"], "write it at the policy: {use: NAME, precision: …}"),
    (
      ["model_name_or_path", "model", "model.path", "pretrain"],
      "write policy: {use: NAME, checkpoint: FOLDER}"
    ),
    (
      ["dataset", "dataset_name", "train_files", "train_dataset", "data"],
      "write task: {use: NAME, …}; 'fulcrum plugin list' shows the names"
    ),
    (
      ["reward_funcs", "reward_weights", "reward_model", "custom_reward_function"],
      "write reward: [{use: NAME, weight: 1}]; 'fulcrum plugin list' shows the names"
    ),
    (["sync_ref_model", "ref_model_sync_steps"], "write reference: {update-every: …}"),
    (["ref_model_mixup_alpha"], "write reference: {mix: …}"),
    (["output_dir", "default_local_dir"], "write output: FOLDER"),
    (["save_steps", "save_freq"], "write checkpoint: {every: …}"),
    (["save_total_limit", "max_actor_ckpt_to_keep"], "write checkpoint: {keep: …}"),
    (["eval_steps", "test_freq"], "write evaluation: {every: …}"),
    (["resume_from_checkpoint"], "run 'fulcrum resume RUN'; or write start: FOLDER"),
    (["report_to", "logger"], "write logging: {tensorboard: true}"),
    (["logging_steps"], "every step is logged; remove it"),
    (["use_vllm", "tensor_parallel_size"], "the policy samples by itself; remove it"),
  ]

  /// Returns what to write instead of a key of TRL or verl; `nil` for a name of neither.
  ///
  /// - Parameter path: the key with those around it, with dots.
  static func remedy(for path: String) -> String? {
    // Configurations of ours write hyphens.
    let path = path.lowercased().replacing("-", with: "_")
    let matches = remedies.flatMap { row in
      row.names.filter { path == $0 || path.hasSuffix("." + $0) }.map { ($0, row.remedy) }
    }
    return matches.max { $0.0.count < $1.0.count }?.1
  }
}
