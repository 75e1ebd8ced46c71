import FulcrumKernel

/// Every key of a configuration that is not a component's own: the source of checks and manuals.
package enum ConfigurationSchema {
  /// The keys at the top.
  package static let general: [Parameter] = [
    .integer("steps", default: 100, in: 1...10_000_000, help: "training steps (rollout batches)"),
    .integer(
      "threads", default: 0, in: 0...1024, help: "threads to keep busy; 0: all of the machine's"),
    .integer("seed", default: 1, in: 0...Int.max, help: "every random draw is a function of it"),
    .text("output", default: "runs/fulcrum", help: "the run directory, or the checkpoint of sft"),
    .text(
      "start", default: "",
      help: "a run's checkpoint folder to go on from in a new run: policy, optimiser and counters;"
        + " empty: at step 0 with policy.checkpoint"),
    .text(
      "arm", default: "",
      help: "what reports call this way to train; empty: by the settings in which runs differ"),
    .texts(
      "arms", default: [],
      help: "other ways to train, NAME=key=value;key=value, for 'fulcrum arms' and the microscope"),
    .texts("plugin-path", default: [], help: "folders in which plugins are looked for first"),
  ]

  /// The keys that name components: one, or a list where several make sense.
  package static let choices = [
    "task", "policy", "reward", "advantage", "schedule", "objective",
  ]

  /// Every key with its values, default and help, for the command line's manual.
  package static var manual: String {
    let choiceHelp =
      choices.joined(separator: ", ")
      + ":\n  a component's name, or {use: NAME, sha256: DIGEST, parameter: value, …};"
      + " reward, advantage and objective also take a list, and a"
      + " reward in one a weight (default 1)"
    let groups = [("", general)] + sections.map { ($0.name, $0.parameters) }
    return groups.map { name, parameters in
      let prefix = name.isEmpty ? "" : name + "."
      return parameters.map { parameter in
        let value = parameter.defaultValue.map { "default \($0)" } ?? "required"
        return "\(prefix)\(parameter.name): \(parameter.expectation), \(value)\n  \(parameter.help)"
      }.joined(separator: "\n")
    }.joined(separator: "\n") + "\n" + choiceHelp
  }

  package static let sections: [(name: String, parameters: [Parameter])] = [
    (
      "rollout",
      [
        .integer("prompts", default: 16, in: 1...1_000_000, help: "prompts a step"),
        .integer(
          "samples", default: 8, in: 1...100_000, help: "completions for each prompt (the group)"),
        .number(
          "temperature", default: 1, in: 0.01...100, help: "divides the logits, here and in updates"
        ),
        .integer(
          "max-new-tokens", default: 256, in: 1...1_000_000, help: "longest completion, in tokens"),
        .flag(
          "dynamic-sampling", default: false,
          help: "drop prompts whose completions all have one reward, and draw others (DAPO)"),
        .integer(
          "max-refills", default: 10, in: 0...100_000,
          help: "with dynamic sampling: how often a step may draw again before the run stops"),
        .choice(
          "on-failure", default: MissingScoreRule.stop.rawValue,
          of: MissingScoreRule.allCases.map(\.rawValue),
          help:
            "what becomes of a completion that a reward function could not score (error, refused,"
            + " time-out): stop the run, or leave it, or its whole group, out of the step"),
        .text(
          "replay", default: "",
          help: "a folder of recorded rollouts to train on, rather than to sample"),
      ]
    ),
    (
      "update",
      [
        .integer(
          "minibatch-prompts", default: 0, in: 0...1_000_000,
          help: "prompts (not completions) for each optimiser step; 0: all of the step's"),
        .integer(
          "iterations", default: 1, in: 1...10_000,
          help: "μ: how often each batch is gone through (TRL: num_iterations, verl: ppo_epochs)"),
        .choice(
          "aggregation", default: Aggregation.Kind.tokenMean.rawValue,
          of: Aggregation.Kind.allCases.map(\.rawValue),
          help: "how a mini-batch's token terms become one objective (verl: loss_agg_mode)"),
        .integer(
          "aggregation-length", default: 0, in: 0...1_000_000,
          help: "L of seq-mean-token-sum-norm, in tokens; 0: rollout.max-new-tokens"),
        .flag(
          "mask-truncated", default: false,
          help: "leave completions cut at max-new-tokens out of updates and their denominators;"
            + " their rewards still count in their groups"),
        .integer(
          "max-skipped", default: 3, in: 0...1_000_000,
          help: "steps in a row that may skip optimiser steps for gradients that are not finite,"
            + " before the run stops"),
        .choice(
          "old-log-probabilities", default: "rollout", of: ["rollout", "recompute"],
          help: "take the sampler's own, or score the batch once more before the update"),
        .number(
          "max-logp-difference", default: 0.01, in: 0...1000,
          help: "the step fails if a token's log π in training differs by more nats from log π as"
            + " sampled; 0: not by a bit"),
      ] + LearningRate.parameters(default: 1e-6)
    ),
    (
      "reference",
      [
        .integer(
          "update-every", default: 0, in: 0...10_000_000,
          help: "steps after which the reference moves towards the policy; 0: it is frozen"
            + " (TRL: ref_model_sync_steps)"),
        .number(
          "mix", default: 0.6, in: 0...1,
          help: "how far it moves: 1 makes it the policy (TRL: ref_model_mixup_alpha)"),
      ]
    ),
    (
      "evaluation",
      [
        .integer(
          "items", default: 100, in: 0...1_000_000,
          help: "held-out items for each category; 0: none"),
        .integer(
          "every", default: 0, in: 0...10_000_000,
          help: "steps between evaluations; 0: only before and after"),
        .number(
          "temperature", default: 0, in: 0...100, help: "0: the most likely token; else sampled"),
        .integer(
          "max-new-tokens", default: 0, in: 0...1_000_000, help: "0: as in rollouts"),
      ]
    ),
    (
      "checkpoint",
      [
        .integer(
          "every", default: 0, in: 0...10_000_000,
          help: "steps between checkpoints; 0: only at the end"),
        .integer("keep", default: 2, in: 1...10_000, help: "how many of the newest stay"),
      ]
    ),
    (
      "logging",
      [
        .integer(
          "samples", default: 16, in: 0...1_000_000, help: "completions written for each step"),
        .integer(
          "samples-every", default: 1, in: 1...10_000_000, help: "steps between written samples"),
        .number(
          "probe", default: 0.0625, in: 0...1,
          help: "share of the completions that are scored again after the update, to see which"
            + " tokens went the way of their advantage; 0: none"),
        .flag(
          "record", default: false,
          help: "write every step's whole rollout to rollouts/, for 'fulcrum replay'"),
        .flag(
          "tensorboard", default: true,
          help: "write metrics, histograms and some samples to tensorboard/, for"
            + " 'tensorboard --logdir OUTPUT'"),
      ]
    ),
    (
      "warm-start",
      [
        .integer(
          "demonstrations", default: 10_000, in: 1...100_000_000, help: "worked examples, each once"
        ),
        .integer(
          "batch", default: 64, in: 1...1_000_000, help: "demonstrations for each optimiser step"),
        .integer(
          "vocabulary-texts", default: 2_000, in: 1...10_000_000,
          help: "demonstrations from which a fresh policy's tokenizer is trained"),
      ] + LearningRate.parameters(default: 1e-3)
    ),
    // What 'fulcrum microscope' looks at: nothing that a run depends on.
    (
      "microscope",
      [
        .integer("batches", default: 3, in: 1...1_000_000, help: "batches to look at"),
        .text(
          "words", default: "",
          help: "a file with the lists of words of Fig. 5; empty: those that are built in"),
      ]
    ),
  ]
}
