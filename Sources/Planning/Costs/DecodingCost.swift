/// Counts what a sampler has to do: completions of prompts, of lengths that are known in advance.
package struct DecodingWork: Sendable {
  /// One completion.
  package struct Row: Sendable {
    package let group: Int
    package let prompt: Int
    /// Tokens that are drawn.
    package let length: Int

    package init(group: Int, prompt: Int, length: Int) {
      self.group = group
      self.prompt = prompt
      self.length = length
    }
  }

  /// In the order in which they begin.
  package var rows: [Row]
  /// The most that are live at a time.
  package var most: Int
  /// Padded tokens of prompts that are computed at a time.
  package var prefillTokens: Int
  /// True: all rows' keys are read up to the longest, as the engine does; a server reads each row's own.
  package var isPadded: Bool

  package init(rows: [Row], most: Int, prefillTokens: Int, isPadded: Bool) {
    self.rows = rows
    self.most = most
    self.prefillTokens = prefillTokens
    self.isPadded = isPadded
  }
}

/// Says how one sampler computes.
package struct Sampler: Sendable {
  package var steps: StepRates
  package var prefill: PassRates
  package var model: ModelShape
  package var isBF16: Bool
  /// Devices that share each product, with two sums a layer over them; 1: none.
  package var devices = 1
  package var link = Link(bandwidth: 1, latency: 0)

  package init(steps: StepRates, prefill: PassRates, model: ModelShape, isBF16: Bool) {
    self.steps = steps
    self.prefill = prefill
    self.model = model
    self.isBF16 = isBF16
  }

  private var bytes: Int { isBF16 ? 2 : 4 }

  /// Returns what sampling takes on one core or device that is alone: row after row begins where one ended.
  ///
  /// Between two ends all that grows is the rows' lengths, one token a step, so those steps are one sum.
  package func cost(_ work: DecodingWork) -> Cost {
    var cost = Cost()
    guard !work.rows.isEmpty else { return cost }
    if steps.layout > 0 {
      cost[.overhead] += model.stepBytes(bytes, rows: work.most) / steps.layout
    }
    /// Live rows: places that are cached, and tokens that are still to be drawn.
    var live: [(cached: Int, left: Int)] = []
    var next = 0
    var prefilled = 0
    while true {
      while live.count < work.most, next < work.rows.count {
        if next >= prefilled { prefilled = prefill(work, from: next, &cost) }
        let row = work.rows[next]
        next += 1
        // The first token is drawn from the prompt's pass.
        cost[.logits] += Double(model.vocabulary) / steps.logits
        if row.length > 1 { live.append((row.prompt, row.length - 1)) }
      }
      guard let count = live.map(\.left).min() else { return cost }
      cost += self.steps(count, rows: live.map(\.cached), isPadded: work.isPadded)
      live = live.compactMap {
        $0.left > count ? ($0.cached + count, $0.left - count) : nil
      }
    }
  }

  /// Adds the pass over the prompts that are needed next.
  ///
  /// - Returns: the first row whose prompt isn't there then.
  private func prefill(_ work: DecodingWork, from first: Int, _ cost: inout Cost) -> Int {
    var end = first
    var groups = 0
    var longest = 0
    while end < work.rows.count, end - first < work.most || groups == 0 {
      let group = work.rows[end].group
      let wider = max(longest, work.rows[end].prompt)
      if groups > 0, (groups + 1) * wider > work.prefillTokens { break }
      groups += 1
      longest = wider
      while end < work.rows.count, work.rows[end].group == group { end += 1 }
    }
    let tokens = Double(groups * longest)
    var pass = prefill.cost(
      PassWork(
        calls: 1, tokens: tokens, pairs: tokens * Double(longest + 1) / 2, scored: Double(groups)),
      of: model, isBF16: isBF16, .scoring)
    pass[.logits] = 0
    cost += shared(pass, tokens: tokens)
    return end
  }

  /// Returns what some steps take in which no row ends.
  ///
  /// - Parameter rows: the places that each row has cached before the first.
  private func steps(_ count: Int, rows: [Int], isPadded: Bool) -> Cost {
    let live = Double(rows.count)
    let steps = Double(count)
    let places =
      isPadded ? live * Double(rows.max() ?? 0) : Double(rows.reduce(0, +))
    // In step i each row has i places more, and its own token's.
    let read = steps * places + live * steps * (steps + 1) / 2
    let cached = Double(isPadded ? model.movedCacheBytes(bytes) : model.cacheBytes(bytes))
    let products =
      live * (model.rowOperations + model.headOperations)
      / self.steps.products.of(isBF16: isBF16)
    let weights = model.stepBytes(bytes, rows: rows.count) / self.steps.weights
    var cost = Cost([
      .overhead: steps * (self.steps.step + Double(model.layers) * self.steps.layer),
      // The one hides behind the other.
      (products > weights ? Cost.Part.products : .weights): steps * max(products, weights),
      .cache: read * cached / self.steps.cache,
      .logits: steps * live * Double(model.vocabulary) / self.steps.logits,
    ])
    cost = shared(cost, tokens: live, steps: steps)
    return cost
  }

  /// Returns what is left of work that the devices share, with the sums over them.
  private func shared(_ cost: Cost, tokens: Double, steps: Double = 1) -> Cost {
    guard devices > 1 else { return cost }
    var own = cost * (1 / Double(devices))
    own[.overhead] = cost[.overhead]
    let sums = Ring(ranks: devices, link: link)
      .sum(bytes: tokens * Double(model.width * bytes))
    own[.network] += steps * Double(2 * model.layers) * sums
    return own
  }
}
