/// Goes through a step's schedule as the engine does, with costs instead of work.
struct StepSimulation {
  let job: Job
  let machine: Machine
  let layout: Layout

  private var engine: EngineOptions { job.engine }
  private var model: ModelShape { job.model }
  private var ring: Ring { machine.ring(layout) }
  private var isAlone: Bool { layout.ranks == 1 }
  private var threads: Int { engine.threads > 0 ? max(1, engine.threads / layout.ranksOfNode) : 0 }

  /// Scales a cost on a core that is alone to one of a rank: calls don't get faster by threads.
  private func own(_ cost: Cost) -> Cost {
    let speed = machine.speed(layout, threads: threads)
    guard speed != 1 else { return cost }
    var scaled = cost * (1 / speed)
    scaled[.overhead] = cost[.overhead] / min(1, speed)
    return scaled
  }

  /// Returns what ranks take that work side by side, each on its own.
  ///
  /// - Parameter costs: of each rank, with a core or device of its own.
  private func together(_ costs: [Cost]) -> Cost {
    guard let most = costs.max(by: { $0.seconds < $1.seconds }), most.seconds > 0 else {
      return Cost()
    }
    // What the ranks do on average; the rest of the time they wait for the longest.
    let mean = costs.reduce(Cost(), +) * (1 / Double(costs.count))
    let nodes = stride(from: 0, to: costs.count, by: layout.ranksOfNode).map { first in
      machine.end(
        of: costs[first..<min(costs.count, first + layout.ranksOfNode)].map(\.seconds))
    }
    let crowding = machine.crowding(layout)
    var cost = mean * crowding
    cost[.waiting] += max(0, (nodes.max() ?? 0) - cost.seconds)
    return cost
  }

  /// Returns what the sampling of all completions takes.
  func sampling(_ sequences: [PackedSequence]) -> Cost {
    let rows = sequences.map {
      DecodingWork.Row(group: $0.group, prompt: $0.prompt, length: $0.scored)
    }
    if engine.hasServer, let server = machine.server {
      var sampler = Sampler(
        steps: server, prefill: machine.scoring, model: model, isBF16: engine.isBF16)
      sampler.devices = engine.serverDevices
      sampler.link = machine.within
      return sampler.cost(
        DecodingWork(
          rows: rows, most: engine.decodingRows, prefillTokens: engine.microbatchTokens,
          isPadded: false))
    }
    let sampler = Sampler(
      steps: machine.sampling, prefill: machine.scoring, model: model, isBF16: engine.isBF16)
    // Each rank decodes whole groups, and neighbours.
    let ranks = layout.ranks
    let costs = (0..<ranks).map { rank in
      let groups = (rank * job.prompts / ranks)..<((rank + 1) * job.prompts / ranks)
      return own(
        sampler.cost(
          DecodingWork(
            rows: rows.filter { groups.contains($0.group) }, most: engine.decodingRows,
            prefillTokens: engine.microbatchTokens, isPadded: true)))
    }
    var cost = together(costs)
    if engine.isSharded, !isAlone {
      cost[.network] += ring.gather(bytes: Double(engine.bytes * model.parameterCount))
    }
    return cost
  }

  /// Returns what scoring all tokens takes.
  func scoring(_ sequences: [PackedSequence]) -> Cost {
    let rounds = self.rounds(
      Packing(ranks: layout.ranks, budget: engine.microbatchTokens, mayShare: job.mayShare)
        .passes(of: sequences))
    return rounds.reduce(Cost()) {
      $0 + self.round($1, machine.scoring, .scoring, gathers: 1, scatters: 0)
    }
  }

  /// Returns what the update takes: passes, sums of gradients, optimiser steps.
  func update(_ sequences: [PackedSequence]) -> (training: Cost, gradient: Cost, optimizer: Cost) {
    let packing = Packing(
      ranks: layout.ranks, budget: engine.microbatchTokens, mayShare: job.mayShare)
    let factors = PassFactors.training(
      adapterWeights: job.adapterWeights,
      gradients: Double(job.trainedWeights) / (engine.isSharded ? Double(layout.ranks) : 1),
      checkpoints: engine.checkpoints,
      recomputesHead: machine.isGPU)
    var training = Cost()
    for number in 0..<job.minibatches {
      let groups = (number * job.minibatchPrompts)..<((number + 1) * job.minibatchPrompts)
      let own = sequences.filter { groups.contains($0.group) }
      // A phase has a part of the tokens, and nearly always one near the end of each sequence; where all
      // take part, an objective is promised neighbours.
      let rounds =
        job.phases == 1
        ? packing.adjacentRounds(of: own)
        : self.rounds(packing.passes(of: own.map { $0.part(of: job.phases) }))
      for round in rounds {
        training += self.round(round, machine.training, factors, gathers: 2, scatters: 1)
      }
    }
    training = training * Double(job.phases * job.iterations)
    let steps = Double(job.optimizerSteps)
    var gradient = Cost()
    if !engine.isSharded, !isAlone {
      // Tensor by tensor: nine or so of a layer.
      let tensors = Double(model.layers * 9 + 2)
      let bytes = 4 * Double(job.trainedWeights)
      gradient[.network] = steps * tensors * ring.sum(bytes: bytes / tensors)
    }
    let share = engine.isSharded ? Double(layout.ranks) : 1
    // Gradient: read, clipped, read. Weights and two moments: read and written. Bytes of f32.
    let bytes = (engine.isAdamW ? 40.0 : 24) * Double(job.trainedWeights) / share
    let move = own(
      Cost([.overhead: machine.optimizerStep, .optimizer: bytes / machine.optimizerBytes]))
    return (training, gradient, move * (steps * machine.crowding(layout)))
  }

  /// What a sampler of its own waits for new weights after a step.
  var transfer: Cost {
    let bytes = Double(engine.bytes * model.parameterCount)
    let gathered = engine.isSharded && !isAlone ? ring.gather(bytes: bytes) : 0
    return Cost([
      .network: gathered + bytes
        / (engine.sendsDirectly ? machine.within.bandwidth : machine.transfer)
    ])
  }

  /// Returns the operations of a forward pass over the sequences, without padding.
  func operations(_ sequences: [PackedSequence]) -> Double {
    sequences.reduce(0) { sum, one in
      let length = Double(one.length)
      return sum + length * model.rowOperations + length * (length + 1) / 2 * model.pairOperations
        + Double(one.scored) * model.headOperations
    }
  }

  /// Returns the passes of each round: none where a rank has none left.
  private func rounds(_ shares: [[PackedPass]]) -> [[PackedPass?]] {
    (0..<(shares.map(\.count).max() ?? 0)).map { number in
      shares.map { number < $0.count ? $0[number] : nil }
    }
  }

  /// Returns what a round of passes takes, one on each rank.
  ///
  /// - Parameters:
  ///   - gathers: how often each layer's weights are gathered, if ranks share them.
  ///   - scatters: how often its gradients are summed.
  private func round(
    _ passes: [PackedPass?], _ rates: PassRates, _ factors: PassFactors, gathers: Double,
    scatters: Double
  ) -> Cost {
    let costs = passes.map { pass in
      pass.map {
        own(rates.cost($0.work, of: model, isBF16: engine.isBF16, factors))
      } ?? Cost()
    }
    var cost = together(costs)
    guard !isAlone else { return cost }
    // Scores go to rank 0, weights come back.
    cost[.network] += 2 * Double(layout.ranks - 1) * ring.link.latency
    guard engine.isSharded else { return cost }
    let layer = Double(model.parameterCount) / Double(model.layers + 1)
    let trained = Double(job.trainedWeights) / Double(model.layers + 1)
    let again = engine.checkpoints && scatters > 0 ? 1.0 : 0
    let sums =
      (gathers + again) * ring.gather(bytes: Double(engine.bytes) * layer)
      + scatters * ring.scatterSum(bytes: 4 * trained)
    let all = Double(model.layers + 1) * sums
    cost[.network] += max(0, all - machine.overlap * cost.seconds)
    return cost
  }
}

extension PackedSequence {
  /// Returns the sequence with an equal part of its tokens taking part.
  fileprivate func part(of phases: Int) -> PackedSequence {
    PackedSequence(
      group: group, sequence: sequence, prompt: prompt, used: used,
      scored: max(1, scored / phases))
  }
}
