/// Shares sequences out among ranks and packs them into passes, as the engine does (`packing.py`).
package struct Packing: Sendable {
  package let ranks: Int
  /// Padded tokens of a pass, unless one sequence has more.
  package let budget: Int
  /// Whether the model can compute a prompt apart from its completions.
  package let mayShare: Bool

  package init(ranks: Int, budget: Int, mayShare: Bool) {
    self.ranks = ranks
    self.budget = budget
    self.mayShare = mayShare
  }

  /// Returns each rank's passes, of sequences of like lengths.
  package func passes(of sequences: [PackedSequence]) -> [[PackedPass]] {
    func plan(_ shares: Bool) -> [[PackedPass]] {
      self.shares(units(sequences, shares), shares).map { own in
        var passes: [PackedPass] = []
        for unit in own {
          if passes.last.map({ $0.cost(with: unit) > budget }) ?? true {
            passes.append(PackedPass(sharesPrompts: shares))
          }
          passes[passes.count - 1].add(unit)
        }
        return passes
      }
    }
    func cost(_ plan: [[PackedPass]]) -> Int {
      plan.map { $0.reduce(0) { $0 + $1.cost } }.max() ?? 0
    }
    let whole = plan(false)
    guard mayShare else { return whole }
    let shared = plan(true)
    return cost(shared) < cost(whole) ? shared : whole
  }

  /// Returns rounds of one pass a rank at most, each of neighbours in the batch.
  ///
  /// A round grows sequence by sequence, as in the engine. From 512 on it grows by a 256th at a time, for the
  /// time that this takes goes with the square of the round.
  package func adjacentRounds(of sequences: [PackedSequence]) -> [[PackedPass?]] {
    let ordered = sequences.sorted { $0.sequence < $1.sequence }
    var rounds: [[PackedPass?]] = []
    var first = 0
    while first < ordered.count {
      var end = first + 1
      var best = round(ordered[first..<end])
      while end < ordered.count {
        let next = min(ordered.count, end + max(1, (end - first) / 256))
        let longer = round(ordered[first..<next])
        if (longer.compactMap { $0?.cost }.max() ?? 0) > budget { break }
        best = longer
        end = next
      }
      rounds.append(best)
      first = end
    }
    return rounds
  }

  private func round(_ sequences: ArraySlice<PackedSequence>) -> [PackedPass?] {
    func passes(_ isShared: Bool) -> [PackedPass?] {
      shares(units(Array(sequences), isShared), isShared).map { units in
        guard !units.isEmpty else { return nil }
        var pass = PackedPass(sharesPrompts: isShared)
        for unit in units { pass.add(unit) }
        return pass
      }
    }
    func cost(_ round: [PackedPass?]) -> Int { round.compactMap { $0?.cost }.max() ?? 0 }
    let whole = passes(false)
    guard mayShare else { return whole }
    let shared = passes(true)
    return cost(shared) < cost(whole) ? shared : whole
  }

  /// Returns what stays together: sequences, or parts of groups that share their prompt.
  private func units(_ sequences: [PackedSequence], _ isShared: Bool) -> [[PackedSequence]] {
    let ordered = sequences.sorted {
      ($0.length, $1.sequence) > ($1.length, $0.sequence)
    }
    guard isShared else { return ordered.map { [$0] } }
    var places: [Int: Int] = [:]
    var groups: [[PackedSequence]] = []
    for one in ordered {
      if let place = places[one.group] {
        groups[place].append(one)
      } else {
        places[one.group] = groups.count
        groups.append([one])
      }
    }
    let total = groups.reduce(0) { $0 + PackedPass(sharesPrompts: true).cost(with: $1) }
    // Two units a rank or more, so that the shares can be balanced.
    let limit = ranks == 1 ? budget : max(1, min(budget, total / (2 * ranks)))
    var units: [[PackedSequence]] = []
    for group in groups {
      var unit = PackedPass(sharesPrompts: true)
      for one in group {
        if !unit.sequences.isEmpty, unit.cost(with: [one]) > limit {
          units.append(unit.sequences)
          unit = PackedPass(sharesPrompts: true)
        }
        unit.add([one])
      }
      units.append(unit.sequences)
    }
    return units
  }

  /// Gives each unit to the rank with the least work so far, the longest unit first.
  private func shares(_ units: [[PackedSequence]], _ isShared: Bool) -> [[[PackedSequence]]] {
    let costs = units.map { PackedPass(sharesPrompts: isShared).cost(with: $0) }
    let order = costs.indices.sorted { (costs[$0], $1) > (costs[$1], $0) }
    var work = [Int](repeating: 0, count: ranks)
    var shares = [[[PackedSequence]]](repeating: [], count: ranks)
    if units.count <= ranks {
      for (rank, unit) in order.enumerated() { shares[rank].append(units[unit]) }
      return shares
    }
    for unit in order {
      var least = 0
      for rank in 1..<max(1, ranks) where work[rank] < work[least] { least = rank }
      work[least] += costs[unit]
      shares[least].append(units[unit])
    }
    return shares
  }
}
