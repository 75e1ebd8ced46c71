import Foundation
import FulcrumKernel
import JSON
import Planning
import Training

/// Writes plans of one job on one machine, in layouts that grow.
package struct PlanTable {
  let planned: PlannedJob
  let machine: Machine
  /// In the order in which they were asked for.
  let plans: [StepPlan]

  package init(_ planned: PlannedJob, on machine: Machine, _ plans: [StepPlan]) {
    self.planned = planned
    self.machine = machine
    self.plans = plans
  }

  /// The plans as text: one in full, several beside each other.
  package var text: String {
    guard let first = plans.first else { return "" }
    let body = plans.count == 1 ? Self.phases(first) + "\n\n" + memory(first) : scaling
    return [heading, body, knowledge.joined(separator: "\n")].joined(separator: "\n\n")
  }

  // MARK: Parts

  private var heading: String {
    let job = planned.job
    let engine = job.engine
    let options =
      [
        engine.isBF16 ? "bf16" : "f32", engine.isSharded ? "weights shared by the ranks" : nil,
        engine.checkpoints ? "gradient checkpointing" : nil,
        engine.loraRank > 0 ? "adapters of rank \(engine.loraRank)" : nil,
        engine.hasServer
          ? "a sampler on " + Counted.text(engine.serverDevices, "device") + " of its own" : nil,
      ].compactMap(\.self)
    let mean = Self.significant(job.meanLength)
    return TextTable.text([
      [
        "model",
        "\(job.model.name), \(Self.significant(Double(job.model.parameterCount) / 1e9)) billion"
          + " parameters, " + options.joined(separator: ", "),
      ],
      ["machine", machine.name],
      [
        "step",
        Counted.text(job.prompts, "prompt") + " of \(job.promptTokens) tokens ×"
          + " \(job.samples) completions of \(mean) tokens on average, \(job.maximumLength) at most; "
          + Counted.text(job.optimizerSteps, "optimiser step"),
      ],
    ])
  }

  private static func phases(_ plan: StepPlan) -> String {
    var rows = [["phase", "seconds", "share", "most of it"]]
    for (phase, cost) in plan.phases {
      let bound = cost.bound.map {
        "\($0.rawValue) \(percent(cost[$0] / cost.seconds))"
      }
      rows.append([
        phase.rawValue, seconds(cost.seconds), percent(cost.seconds / plan.sum), bound ?? "",
      ])
    }
    let side = plan.job.isAhead ? ", sampling and the rest side by side" : ""
    rows.append(["step", seconds(plan.seconds), "", tokens(plan) + side])
    return ranks(plan) + "\n" + TextTable.text(rows, numeric: [1, 2]) + "\n"
      + "efficiency: training \(percent(plan.trainingEfficiency)) of the peak, the whole step"
      + " \(percent(plan.efficiency))"
  }

  private func memory(_ plan: StepPlan) -> String {
    let memory = plan.memory
    let rows = memory.parts.map { ["  " + $0.name, Self.gibibytes($0.bytes)] }
    let sum = "\(Self.gibibytes(memory.bytes)) of \(Self.gibibytes(memory.limit))"
    let verdict =
      memory.fits
      ? "fits" : "doesn't fit: " + memory.remedies.joined(separator: "; or ")
    return "memory of each \(unit), at the peak, which is \(memory.peak)\n"
      + TextTable.text(rows + [["  sum", sum]]) + "\n  " + verdict
  }

  /// The plans beside each other, and what the more ranks bring.
  private var scaling: String {
    guard let first = plans.first else { return "" }
    var rows = [
      [
        "nodes", "\(unit)s", "step", "rollout", "scoring", "update", "tokens/s", "speed-up",
        "of ideal",
        "training", "memory", "",
      ]
    ]
    for plan in plans {
      let gain = first.seconds / plan.seconds
      let ideal = Double(plan.layout.ranks) / Double(first.layout.ranks)
      rows.append([
        "\(plan.layout.nodes)", "\(plan.layout.ranks)", Self.seconds(plan.seconds),
        Self.seconds(plan.seconds(of: "time/rollout")),
        Self.seconds(plan.seconds(of: "time/scoring")),
        Self.seconds(plan.seconds(of: "time/update")),
        Self.whole(plan.tokensPerSecond), Self.significant(gain) + " ×",
        Self.percent(gain / ideal), Self.percent(plan.trainingEfficiency),
        Self.gibibytes(plan.memory.bytes), plan.memory.fits ? "fits" : "doesn't fit",
      ])
    }
    let remedies = Set(plans.filter { !$0.memory.fits }.map(\.memory.remedies))
    return TextTable.text(rows, numeric: Set(0...10))
      + "\nseconds; training: its share of the peak; memory of each \(unit)"
      + remedies.sorted { $0.count > $1.count }.prefix(1).map {
        "\nwhere it doesn't fit: " + $0.joined(separator: "; or ")
      }.joined()
  }

  /// Says what was measured, what was assumed, and what was never run.
  private var knowledge: [String] {
    var lines: [String] = []
    switch machine.source {
    case .measured: lines.append("measured: the rates of \(machine.name)")
    case .assumed:
      lines.append(
        "assumed: what \(machine.name) attains of its data sheet or of the file's rates; nobody measured it"
      )
    }
    if !planned.assumptions.isEmpty {
      lines.append("assumed: " + planned.assumptions.joined(separator: "; "))
    }
    lines.append(
      "checked: steps of small models on one core (Documentation/Planning.md). Never run: GPUs,"
        + " several nodes, models above 135 million parameters")
    return lines
  }

  private var unit: String { machine.isGPU ? "GPU" : "rank" }

  private static func ranks(_ plan: StepPlan) -> String {
    Counted.text(plan.layout.nodes, "node") + " × "
      + Counted.text(plan.layout.ranksOfNode, "rank")
  }

  private static func tokens(_ plan: StepPlan) -> String {
    whole(plan.tokensPerSecond) + " tokens/s"
  }

  // MARK: Figures

  /// Three significant digits: a plan has no more.
  static func significant(_ value: Double) -> String {
    value >= 100 ? whole(value) : String(format: value >= 10 ? "%.1f" : "%.2f", value)
  }

  static func seconds(_ value: Double) -> String {
    value > 0 && value < 0.01 ? String(format: "%.4f", value) : significant(value)
  }

  static func whole(_ value: Double) -> String { String(format: "%.0f", value) }

  static func percent(_ share: Double) -> String {
    share < 0.0995 ? String(format: "%.1f %%", 100 * share) : whole(100 * share) + " %"
  }

  static func gibibytes(_ bytes: Double) -> String {
    let value = bytes / 1_073_741_824
    return (value < 0.1 ? String(format: "%.3f", value) : significant(value)) + " GiB"
  }
}

extension PlanTable {
  /// The plans as one JSON object.
  package var line: JSONLine {
    let job = planned.job
    return JSONLine([
      ("model", .text(job.model.name)),
      ("parameters", .number(Double(job.model.parameterCount))),
      ("machine", .text(machine.name)),
      ("machine_source", .text(machine.source.rawValue)),
      ("assumed", .list(planned.assumptions.map { .text($0) })),
      ("prompts", .number(Double(job.prompts))),
      ("completions", .number(Double(job.completions))),
      ("optimizer_steps", .number(Double(job.optimizerSteps))),
      ("plans", .list(plans.map { .object(Self.record($0)) })),
    ])
  }

  private static func record(_ plan: StepPlan) -> JSONLine {
    let phases = plan.phases.map { phase, cost in
      var parts = JSONLine()
      for part in Cost.Part.allCases where cost[part] > 0 {
        parts.add(part.rawValue, .number(cost[part]))
      }
      return JSONLine.Value.object(
        JSONLine([
          ("phase", .text(phase.rawValue)), ("metric", .text(phase.metric)),
          ("seconds", .number(cost.seconds)), ("parts", .object(parts)),
        ]))
    }
    var memory = JSONLine()
    for part in plan.memory.parts { memory.add(part.name, .number(part.bytes)) }
    return JSONLine([
      ("nodes", .number(Double(plan.layout.nodes))),
      ("ranks", .number(Double(plan.layout.ranks))),
      ("seconds", .number(plan.seconds)),
      ("tokens_per_second", .number(plan.tokensPerSecond)),
      ("training_efficiency", .number(plan.trainingEfficiency)),
      ("efficiency", .number(plan.efficiency)),
      ("phases", .list(phases)),
      ("memory_bytes", .number(plan.memory.bytes)),
      ("memory_limit_bytes", .number(plan.memory.limit)),
      ("memory", .object(memory)),
      ("fits", .flag(plan.memory.fits)),
    ])
  }
}
