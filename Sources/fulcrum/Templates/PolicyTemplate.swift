extension PluginTemplate.Component {
  /// Makes a policy that is a table of logits over bytes.
  static func policy(_ type: String, _ name: String) -> Self {
    Self(
      source: policySource(type, name),
      tests: #"""
          private func make(spread: Double) throws -> \#(type) {
            let parameters = try Parameters(
              ["spread": .number(spread)], for: \#(type).manual.parameters, at: "policy")
            return try \#(type)(parameters, context: ComponentContext())
          }

          @Test func `equal logits give every byte the same probability`() throws {
            let batch = SequenceBatch(prompts: [[65]], completions: [[[66, 0]]])
            let request = ScoreRequest(temperature: 1)
            try make(spread: 0).score(batch, sequences: 0..<1, request: request) { _, scores in
              for token in 0..<2 {
                // 256 = 2^8 bytes: -8 ln 2, and a lever of sqrt(1 - 1/256). To Float's precision.
                #expect(abs(scores.logProbabilities[token] + 5.545_177_4) < 1e-6)
                #expect(abs(scores.entropies[token] - 5.545_177_4) < 1e-6)
                #expect(abs(scores.levers[token] - 0.998_045) < 1e-6)
              }
            }
          }

          @Test func `a token's gradient is as long as its lever, and makes it likelier`() throws {
            let policy = try make(spread: 0)
            let batch = SequenceBatch(prompts: [[65]], completions: [[[66]]])
            let request = ScoreRequest(temperature: 1)
            try policy.accumulateGradient(
              of: batch, sequences: 0..<1, request: request, participants: .all
            ) { (_, _, weights: inout MutableSpan<Float>) in weights[0] = 1 }
            #expect(abs(try policy.applyGradient(learningRate: 1).norm - 0.998_045) < 1e-6)
            try policy.score(batch, sequences: 0..<1, request: request) { _, scores in
              // Its logit is 1 - 1/256 now and the 255 others are -1/256:
              // 1 - 1/256 - log(e^(255/256) + 255 e^(-1/256)).
              #expect(abs(scores.logProbabilities[0] + 4.551_866) < 1e-5)
            }
          }

          @Test func `what is sampled is scored to the same bits`() throws {
            let policy = try make(spread: 2)
            var request = GenerationRequest(
              prompts: [.init(tokens: policy.encode("A"), id: 3)], samplesPerPrompt: 4,
              maximumTokens: 20, temperature: 0.7, seed: 5, step: 1)
            request.topK = 40
            request.topP = 0.9
            request.minP = 0.05
            let generation = try policy.generate(request)
            var scored: [Float] = []
            let score = ScoreRequest(temperature: 0.7)
            try policy.score(generation.sequences, sequences: 0..<4, request: score) { _, scores in
              for token in scores.logProbabilities.indices {
                scored.append(scores.logProbabilities[token])
              }
            }
            #expect(scored == generation.logProbabilities)
          }

        """#,
      label: "policy",
      usage: "policy: {use: \(name), spread: 0.1}")
  }

  private static func policySource(_ type: String, _ name: String) -> String {
    #"""
    import Foundation
    import FulcrumKernel

    /// A table of logits: each byte depends on the one before it, and byte 0 ends a completion.
    ///
    /// log pi(b | a) = z[a][b] / T - log sum over c of exp(z[a][c] / T). Gradient ascent, no momentum.
    ///
    /// A feature that not every policy has is a protocol of its own. This policy can be copied, set
    /// aside and blended. The kernel's folder Capabilities has the other protocols.
    final class \#(type): FreezablePolicy, SnapshotPolicy, BlendablePolicy {
      static let manual = ComponentManual(
        name: "\#(name)",
        summary: "a table of logits: each byte depends on the one before it",
        source: "a beginning; say here what your model is",
        parameters: [
          .text(
            "checkpoint", default: "", help: "a folder that a run wrote; empty: a fresh table",
            meaning: .checkpoint),
          .number("spread", default: 0.1, in: 0...10, help: "deviation of a fresh table's logits"),
        ])

      private static let size = 256
      /// Logits: row a is for the byte that follows byte a.
      private var table: [Double]
      private var gradient = [Double](repeating: 0, count: size * size)

      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        let folder = try parameters.text("checkpoint")
        let spread = try parameters.number("spread")
        table = folder.isEmpty ? Self.fresh(spread, context.seed) : try Self.read(folder + "/table")
      }

      private init(table: [Double]) { self.table = table }

      var summary: String { "a table of \(Self.size) x \(Self.size) logits" }
      var contextLength: Int { 1 << 16 }
      var endToken: Int32 { 0 }

      private static func fresh(_ spread: Double, _ seed: UInt64) -> [Double] {
        var random = CounterRandom(seed: seed, purpose: "table").stream(0)
        return (0..<size * size).map { _ in spread * random.normal() }
      }

      func encode(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }

      func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String {
        if let bad = tokens.first(where: { UInt8(exactly: $0) == nil }) {
          throw FulcrumError(.data, "expected a token in 0...255, got \(bad)")
        }
        let kept = tokens.filter { keepingSpecialTokens || $0 != endToken }
        return String(decoding: kept.map { UInt8($0) }, as: UTF8.self)
      }

      /// Sets `row` to log pi of every byte after `previous`.
      private func fill(_ row: inout [Double], after previous: Int32, _ temperature: Float) {
        let start = Int(previous) * Self.size
        var greatest = -Double.infinity
        for k in row.indices {
          row[k] = table[start + k] / Double(temperature)
          greatest = max(greatest, row[k])
        }
        var sum = 0.0
        for k in row.indices { sum += exp(row[k] - greatest) }
        let total = greatest + log(sum)
        for k in row.indices { row[k] -= total }
      }

      func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
        let random = CounterRandom(seed: request.seed, purpose: "sampling")
        let temperature = request.temperature > 0 ? request.temperature : 1
        let stops = try StopMatcher(request.stopStrings)
        var row = [Double](repeating: 0, count: Self.size)
        var completions: [[[Int32]]] = []
        var logs: [Float] = []
        var finished: [Bool] = []
        for prompt in request.prompts {
          guard let last = prompt.tokens.last, prompt.tokens.count < contextLength else {
            throw FulcrumError(
              .data,
              "expected a prompt of 1 to \(contextLength - 1) tokens, got "
                + "\(prompt.tokens.count)")
          }
          let limit = min(request.maximumTokens, contextLength - prompt.tokens.count)
          var group: [[Int32]] = []
          for sample in 0..<request.samplesPerPrompt {
            var tokens: [Int32] = []
            var (progress, isDone) = (StopMatcher.Progress(), false)
            while tokens.count < limit, !isDone {
              fill(&row, after: tokens.last ?? last, temperature)
              let uniform = random.uniform(
                step: request.step, prompt: prompt.id, sample: UInt32(sample),
                token: UInt32(tokens.count))
              let isShort = tokens.count < request.minimumTokens
              let token = Self.draw(row, request, Double(uniform), without: isShort ? endToken : nil)
              tokens.append(Int32(token))
              logs.append(Float(row[token]))
              let text = Int32(token) == endToken ? [] : [UInt8(token)]
              let isStopped = stops.read(text.span, &progress) && !isShort
              isDone = Int32(token) == endToken || isStopped
            }
            finished.append(isDone)
            group.append(tokens)
          }
          completions.append(group)
        }
        return Generation(
          sequences: SequenceBatch(prompts: request.prompts.map(\.tokens), completions: completions),
          logProbabilities: logs, isFinished: finished)
      }

      private static func draw(
        _ row: [Double], _ request: GenerationRequest, _ uniform: Double, without barred: Int32?
      ) -> Int {
        let order = row.indices.filter { Int32($0) != barred }.sorted {
          (row[$1], $0) < (row[$0], $1)
        }
        if request.temperature == 0 { return order[0] }
        let kept = order.prefix(request.topK > 0 ? request.topK : size)
        let limit = Double(request.topP) * kept.reduce(0) { $0 + exp(row[$1]) }
        var (sum, end) = (exp(row[kept[0]]), 1)
        while end < kept.count, sum < limit {
          sum += exp(row[kept[end]])
          end += 1
        }
        let near = kept.prefix(end).filter {
          exp(row[$0] - row[order[0]]) >= Double(request.minP)
        }
        var rest = uniform * near.reduce(0) { $0 + exp(row[$1]) }
        for token in near {
          rest -= exp(row[token])
          if rest < 0 { return token }
        }
        return near[near.count - 1]
      }

      func score(
        _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
        visit: (Range<Int>, borrowing TokenScores) throws(FulcrumError) -> Void
      ) throws(FulcrumError) {
        try check(batch, sequences, request)
        for sequence in sequences {
          let tokens = batch.tokens(ofSequence: sequence)
          try scored(batch, sequence, Array(tokens), request) { (scores) throws(FulcrumError) in
            try visit(tokens, scores)
          }
        }
      }

      func accumulateGradient(
        of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
        participants: TokenMask,
        weigh: (Span<Int>, borrowing TokenScores, inout MutableSpan<Float>) throws(FulcrumError) ->
          Void
      ) throws(FulcrumError) {
        try check(batch, sequences, request)
        var row = [Double](repeating: 0, count: Self.size)
        for sequence in sequences {
          let places = batch.tokens(ofSequence: sequence).filter(participants.contains)
          if places.isEmpty { continue }
          var weights = [Float](repeating: 0, count: places.count)
          try scored(batch, sequence, places, request) { (scores) throws(FulcrumError) in
            var span = weights.mutableSpan
            try weigh(places.span, scores, &span)
          }
          for (index, place) in places.enumerated() {
            let previous = Self.token(before: place, of: sequence, in: batch)
            fill(&row, after: previous, request.temperature)
            let token = batch.tokens[place]
            let weight = Double(weights[index]) / Double(request.temperature)
            let start = Int(previous) * Self.size
            for k in row.indices { gradient[start + k] -= weight * exp(row[k]) }
            gradient[start + Int(token)] += weight
          }
        }
      }

      /// The completion's token before a place, or the prompt's last one.
      private static func token(
        before place: Int, of sequence: Int, in batch: SequenceBatch
      ) -> Int32 {
        if place > batch.tokens(ofSequence: sequence).lowerBound { return batch.tokens[place - 1] }
        let group = batch.group(ofSequence: sequence)
        return batch.promptTokens[batch.promptOffsets[group + 1] - 1]
      }

      /// Refuses what the table can't score: data may come from anywhere.
      private func check(_ batch: SequenceBatch, _ sequences: Range<Int>, _ request: ScoreRequest)
        throws(FulcrumError)
      {
        if let statistic = request.statistics.first {
          throw FulcrumError(.unsupported, "this table knows no \(statistic.name)")
        }
        let all = batch.promptTokens
        for place in all.indices { try Self.check(all[place]) }
        for place in batch.tokens(ofSequences: sequences) { try Self.check(batch.tokens[place]) }
      }

      private static func check(_ token: Int32) throws(FulcrumError) {
        guard (0..<Int32(size)).contains(token) else {
          throw FulcrumError(.data, "expected a token in 0...\(size - 1), got \(token)")
        }
      }

      private func scored(
        _ batch: SequenceBatch, _ sequence: Int, _ places: [Int], _ request: ScoreRequest,
        _ body: (borrowing TokenScores) throws(FulcrumError) -> Void
      ) throws(FulcrumError) {
        var row = [Double](repeating: 0, count: Self.size)
        var (logs, entropies, levers): ([Float], [Float], [Float]) = ([], [], [])
        for place in places {
          let previous = Self.token(before: place, of: sequence, in: batch)
          fill(&row, after: previous, request.temperature)
          let token = batch.tokens[place]
          var (entropy, squares) = (0.0, 0.0)
          for k in row.indices {
            let probability = exp(row[k])
            entropy -= probability > 0 ? probability * row[k] : 0
            let difference = (k == Int(token) ? 1 : 0) - probability
            squares += difference * difference
          }
          logs.append(Float(row[Int(token)]))
          entropies.append(Float(entropy))
          levers.append(Float(squares.squareRoot()))
        }
        try body(
          TokenScores(logProbabilities: logs.span, entropies: entropies.span, levers: levers.span))
      }

      func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
        defer { discardGradient() }
        let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm.isFinite else {
          throw FulcrumError(.notFinite, "expected a finite gradient, got one of norm \(norm)")
        }
        for i in table.indices { table[i] += learningRate * gradient[i] }
        return GradientReport(norm: norm, isClipped: false)
      }

      func discardGradient() {
        for i in gradient.indices { gradient[i] = 0 }
      }

      func frozenCopy() -> any FrozenPolicy { Self(table: table) }

      /// Gradient ascent without momentum has no state beside the table.
      private final class Snapshot: PolicySnapshot {
        let table: [Double]
        init(_ table: [Double]) { self.table = table }
      }

      func snapshot() -> any PolicySnapshot { Snapshot(table) }

      func restore(_ snapshot: any PolicySnapshot) throws(FulcrumError) {
        guard let snapshot = snapshot as? Snapshot else {
          throw FulcrumError(.usage, "expected a snapshot of a table, got another policy's")
        }
        table = snapshot.table
        discardGradient()
      }

      func blend(with other: any PolicyModel, share: Double) throws(FulcrumError) {
        guard let other = other as? Self else {
          throw FulcrumError(.usage, "expected another table, got \(other.summary)")
        }
        for i in table.indices {
          table[i] = share == 1 ? other.table[i] : (1 - share) * table[i] + share * other.table[i]
        }
      }

      func save(to directory: String) throws(FulcrumError) {
        do {
          let bytes = table.withUnsafeBytes { Data($0) }
          try bytes.write(to: URL(fileURLWithPath: directory + "/table"))
        } catch {
          throw FulcrumError(.inputOutput, "could not be written: \(error)", at: directory)
        }
      }

      private static func read(_ file: String) throws(FulcrumError) -> [Double] {
        guard let data = FileManager.default.contents(atPath: file) else {
          throw FulcrumError(.checkpoint, "expected a table of logits, got no file", at: file)
        }
        var table = [Double](repeating: 0, count: size * size)
        guard data.count == table.count * 8 else {
          throw FulcrumError(
            .checkpoint, "expected \(table.count * 8) bytes, got \(data.count)", at: file)
        }
        _ = table.withUnsafeMutableBytes { data.copyBytes(to: $0) }
        guard table.allSatisfy(\.isFinite) else {
          throw FulcrumError(.checkpoint, "expected finite logits, got others", at: file)
        }
        return table
      }

      // Gradient ascent has no state beside the table, which is saved to the bit.
      func saveOptimizer(to directory: String) {}
      func loadOptimizer(from directory: String) {}
    }

    """#
  }
}
