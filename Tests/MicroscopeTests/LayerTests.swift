import Foundation
import FulcrumKernel
import JSON
import Microscope
import Testing

/// The six tokens of the hand-worked batch have 1 − π = 0.45, 0.7, 0.85, 0.45, 0.45 and 0.85.
@Suite struct LayerTests {
  private func policy(_ telling: TablePolicy.Telling) -> TablePolicy {
    let policy = TablePolicy()
    policy.telling = telling
    return policy
  }

  private func isClose(_ one: Double, _ other: Double) -> Bool { abs(one - other) < 1e-6 }

  @Test func `ratios are told layer by layer`() throws {
    let findings = try HandBatch.look(HandBatch.microscope(learningRate: 0.5), batches: 2)
    let layers = try #require(findings.layers)
    #expect(layers.tokens == [4, 2, 6, 0])
    #expect(layers.names == ["embedding", "layer 1", "logits"])
    let embedding = layers.summaries[0]
    // The ratio is 1 − π itself.
    #expect(isClose(embedding.quantiles[2], 0.575))
    #expect(isClose(embedding.quantiles[0], 0.45))
    #expect(isClose(embedding.quantiles[4], 0.85))
    #expect(isClose(embedding.byInterval[0], 0.85))
    #expect(isClose(embedding.byInterval[1], 0.7))
    #expect(isClose(embedding.byInterval[2], 0.45))
    #expect(embedding.byInterval[3].isNaN)
    // Mean 0.625, sum of squares 2 · 0.19875 over 12 − 1.
    #expect(isClose(embedding.variation, (0.3975 / 11).squareRoot() / 0.625))
    // log norm is twice log (1 − π), its variance four times.
    #expect(isClose(embedding.explained, 0.75))
    #expect(isClose(embedding.own, 0.36))
    let first = layers.summaries[1]
    #expect(first.quantiles.allSatisfy { isClose($0, 3) })
    #expect(isClose(first.variation, 0))
    #expect(isClose(first.explained, 1))
    #expect(first.own == 1)
    // Token 1: ‖(−0.55, 0.7, −0.15)‖ / 0.7.
    #expect(isClose(layers.summaries[2].byInterval[1], 0.815.squareRoot() / 0.7))
  }

  @Test func `tokens are told one by one at a few layers`() throws {
    let findings = try HandBatch.look(HandBatch.microscope(learningRate: 0.5), batches: 2)
    let sampled = try #require(findings.layers).sampled
    #expect(sampled.names == ["embedding", "layer 1"])
    let rests = [0.45, 0.7, 0.85, 0.45, 0.45, 0.85]
    #expect(sampled.probabilities.count == 12)
    for (token, rest) in (rests + rests).enumerated() {
      #expect(isClose(sampled.probabilities[token], 1 - rest))
      #expect(isClose(sampled.norms[0][token], rest * rest))
      #expect(isClose(sampled.norms[1][token], 3 * rest))
    }
    let text = JSONLine(LayerRecord(try #require(findings.layers))).text
    #expect(
      text.contains(
        #""sampled": {"layers": ["embedding", "layer 1"], "probability": [0.55, 0.3, 0.15, "#),
      "\(text)")
    #expect(text.contains(#""norm": [[0.2025, 0.49, 0.7225, 0.2025"#), "\(text)")
  }

  @Test func `a policy that can't tell leaves them out, with one line`() throws {
    var lines: [String] = []
    let findings = try HandBatch.microscope(learningRate: 0.5, policy: policy(.not)).look(
      batches: 2, next: { () throws(FulcrumError) in (HandBatch.rollout, 1) },
      note: { lines.append($0) })
    #expect(findings.layers == nil)
    #expect(
      lines == [
        "batch 1 of 2: 6 tokens of step 1", "layers: 6 tokens",
        "layers: left out; the policy can't tell gradients", "batch 2 of 2: 6 tokens of step 1",
      ])
  }

  @Test func `none are asked for`() throws {
    let findings = try HandBatch.look(
      HandBatch.microscope(learningRate: 0.5, layerTokens: 0, policy: policy(.notFinite)))
    #expect(findings.layers == nil)
  }

  private static let faults: [(telling: TablePolicy.Telling, message: String)] = [
    (
      .beyondBounds,
      "policy: expected a gradient at the logits, times the temperature, between"
        + " 1.224744871391589 and 1.4142135623730951 times 1 − π, got 1."
    ),
    (.notFinite, "policy: expected finite gradients at the layers' activations, got others"),
    (
      .tooFew,
      #"policy: expected norms of 6 tokens at each of the layers ["embedding", "layer 1", "logits"],"#
        + #" got 15 over all positions and 15 at their own, at ["embedding", "layer 1", "logits"]"#
    ),
    (
      .tooFewOwn,
      #"policy: expected norms of 6 tokens at each of the layers ["embedding", "layer 1", "logits"],"#
        + #" got 18 over all positions and 17 at their own, at ["embedding", "layer 1", "logits"]"#
    ),
  ]

  @Test(arguments: faults) func `wrong gradients are refused`(
    telling: TablePolicy.Telling, message: String
  ) throws {
    #expect {
      try HandBatch.look(HandBatch.microscope(learningRate: 0.5, policy: policy(telling)))
    } throws: { error in "\(error)".hasPrefix(message) }
  }

  @Test func `other layers than in the batch before are refused`() throws {
    let policy = policy(.soundly)
    #expect {
      try HandBatch.microscope(learningRate: 0.5, policy: policy).look(
        batches: 2,
        next: { () throws(FulcrumError) in (HandBatch.rollout, 1) },
        note: { if $0.hasPrefix("batch 2") { policy.telling = .otherLayers } })
    } throws: { error in
      "\(error)".hasPrefix(
        #"policy: expected norms of 6 tokens at each of the layers ["embedding", "layer 1","#
          + #" "logits"], got 18 over all positions and 18 at their own, at ["embedding","#
          + #" "block 1", "logits"]"#)
    }
  }

  @Test func `a sample has so many tokens of each interval, by seed and batch`() {
    // 100 tokens of each interval; the last 50 are nearly certain.
    let logs = [0.1, 0.3, 0.6, 0.9, 0.995].flatMap {
      [Float](repeating: Float(log($0)), count: $0 > 0.99 ? 50 : 100)
    }
    let sample = LayerSample(tokensByInterval: 7, seed: 3)
    let places = sample.places(logProbabilities: logs, batch: 0)
    #expect(places == places.sorted())
    #expect(Set(places).count == 28)
    for interval in 0..<4 { #expect(places.count { $0 / 100 == interval } == 7) }
    #expect(places == sample.places(logProbabilities: logs, batch: 0))
    #expect(places != sample.places(logProbabilities: logs, batch: 1))
    let other = LayerSample(tokensByInterval: 7, seed: 4)
    #expect(places != other.places(logProbabilities: logs, batch: 0))
    let all = LayerSample(tokensByInterval: 1000, seed: 3)
    #expect(all.places(logProbabilities: logs, batch: 0) == Array(0..<400))
    #expect(
      LayerSample(tokensByInterval: 0, seed: 3).places(logProbabilities: logs, batch: 0) == [])
  }

  @Test func `a table shows a few of many layers`() throws {
    func names(layers count: Int) throws -> [String] {
      let names = ["embedding"] + (1...count).map { "layer \($0)" } + ["logits"]
      var findings = LayerFindings(vocabulary: 3)
      let norms = [Float](repeating: 0.65, count: names.count)
      try findings.add(
        ActivationGradients(layers: names, norms: norms, ownNorms: norms),
        logProbabilities: [Float(log(0.5))], temperature: 1)
      let record = LayerRecord(findings)
      return record.notable.map { record.names[$0] }
    }
    #expect(try names(layers: 6).count == 8)
    #expect(
      try names(layers: 30) == ["embedding", "layer 1", "layer 15", "layer 30", "logits"])
  }
}
