/// Holds the sizes of a decoder-only language model, as its `config.json` tells them.
///
/// A layer has the parts of Llama, Qwen2 and Qwen3: four projections of attention, gate, up and down of the
/// feed-forward part (for each expert if there are several), two norms. Other layers are counted as if they
/// had these.
package struct ModelShape: Sendable, Equatable {
  /// The name by which it is shown.
  package var name: String
  package var layers: Int
  /// The size of the residual stream.
  package var width: Int
  package var heads: Int
  package var keyValueHeads: Int
  package var headSize: Int
  /// The inner size of the feed-forward part, of one expert if there are several.
  package var feedForward: Int
  package var vocabulary: Int
  /// Whether the head is the embedding.
  package var isTied: Bool
  /// Whether queries, keys and values have biases.
  package var hasBiases: Bool
  /// Whether queries and keys have a norm of their own in each head (Qwen3).
  package var hasHeadNorms: Bool
  /// The number of feed-forward parts, and how many of them see a token; 1: there is no router.
  package var experts: Int
  package var expertsOfToken: Int

  package init(
    name: String, layers: Int, width: Int, heads: Int, keyValueHeads: Int, headSize: Int,
    feedForward: Int, vocabulary: Int, isTied: Bool = false, hasBiases: Bool = false,
    hasHeadNorms: Bool = false, experts: Int = 1, expertsOfToken: Int = 1
  ) {
    self.name = name
    self.layers = layers
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.feedForward = feedForward
    self.vocabulary = vocabulary
    self.isTied = isTied
    self.hasBiases = hasBiases
    self.hasHeadNorms = hasHeadNorms
    self.experts = experts
    self.expertsOfToken = expertsOfToken
  }

  package var queryWidth: Int { heads * headSize }
  package var keyValueWidth: Int { keyValueHeads * headSize }

  /// Weights of a layer's matrices that take part for one token.
  package var matrixWeights: Int {
    attentionWeights + router + expertsOfToken * 3 * width * feedForward
  }

  package var headWeights: Int { vocabulary * width }

  /// The number of parameters.
  package var parameterCount: Int {
    let biases = hasBiases ? queryWidth + 2 * keyValueWidth : 0
    let norms = 2 * width + (hasHeadNorms ? 2 * headSize : 0)
    let layer = attentionWeights + router + experts * 3 * width * feedForward + biases + norms
    return layers * layer + headWeights * (isTied ? 1 : 2) + width
  }

  /// Returns the number of weights of adapters of a rank on every linear layer but the head, or on those
  /// that are named.
  package func adapterWeights(rank: Int, targets: [String]) -> Int {
    let inner = feedForward
    let sizes: [(name: String, sum: Int, count: Int)] = [
      ("q_proj", width + queryWidth, 1), ("k_proj", width + keyValueWidth, 1),
      ("v_proj", width + keyValueWidth, 1), ("o_proj", queryWidth + width, 1),
      ("gate_proj", width + inner, experts), ("up_proj", width + inner, experts),
      ("down_proj", inner + width, experts),
    ]
    let all = targets == ["all-linear"]
    return layers * rank
      * sizes.filter { all || targets.contains($0.name) }.reduce(0) { $0 + $1.sum * $1.count }
  }

  private var attentionWeights: Int { 2 * width * queryWidth + 2 * width * keyValueWidth }
  private var router: Int { experts > 1 ? width * experts : 0 }
}

/// What passes cost, in units that a machine has rates for. A multiplication and an addition are two
/// operations. The engine counts the same (`operations.py`, `memory.py`, `machine_costs.py`).
extension ModelShape {
  /// Operations of all layers' matrices for one token.
  package var rowOperations: Double { 2 * Double(layers * matrixWeights) }
  /// Operations of attention for two tokens that see each other, over all layers.
  package var pairOperations: Double { 4 * Double(queryWidth * layers) }
  /// Operations of the head for one token.
  package var headOperations: Double { 2 * Double(headWeights) }

  /// Returns the bytes that one layer keeps of a token for the backward pass.
  ///
  /// - Parameter bytes: of a number in passes: 4, or 2 in bf16.
  package func activationBytes(_ bytes: Int) -> Int {
    let norms = 2 * width * (2 * 4 + 2 * bytes)
    let attention = (3 * queryWidth + 4 * keyValueWidth + width) * bytes
    return norms + attention + 4 * feedForward * expertsOfToken * bytes
  }

  /// Returns the bytes of keys and values of one token.
  package func cacheBytes(_ bytes: Int) -> Int { layers * 2 * keyValueWidth * bytes }

  /// Returns the bytes that a decoding step of the engine moves for each place of a row: its attention takes
  /// keys and values that are repeated for each head.
  package func movedCacheBytes(_ bytes: Int) -> Int {
    let moved =
      queryWidth == keyValueWidth ? keyValueWidth : keyValueWidth + 2 * queryWidth
    return layers * 2 * moved * bytes
  }

  /// Returns the bytes of weights that a decoding step reads for a number of rows: of experts those that
  /// are expected to see a row.
  package func stepBytes(_ bytes: Int, rows: Int) -> Double {
    guard experts > 1 else { return Double(bytes * (layers * matrixWeights + headWeights)) }
    var missed = 1.0
    for _ in 0..<rows { missed *= 1 - Double(expertsOfToken) / Double(experts) }
    let seen = Double(experts) * (1 - missed)
    let layer = Double(attentionWeights + router) + seen * Double(3 * width * feedForward)
    return Double(bytes) * (Double(layers) * layer + Double(headWeights))
  }
}
