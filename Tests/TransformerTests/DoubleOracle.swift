import Foundation
import FulcrumKernel
import TransformerFormats
import TransformerPlugin

/// The whole model in `Double` and plain loops, written from the papers; shares no code with the
/// plugin.
struct DoubleOracle {
  let shape: ModelShape
  let tokenRows: TokenRows
  /// Under Hugging Face names, row-major.
  var tensors: [String: [Double]]
  /// Added to one activation in every pass.
  var nudge: Nudge?

  /// A component of the residual stream after so many layers, at one position.
  struct Nudge {
    let layer, position, component: Int
    let amount: Double
  }

  init(_ policy: TransformerPolicy) throws {
    guard let network = policy.network else { throw Missing() }
    shape = network.shape
    tokenRows = network.tokenRows
    tensors = Dictionary(
      uniqueKeysWithValues: network.layout.tensors.map { tensor in
        (tensor.name, policy.values(of: tensor).map(Double.init))
      })
  }

  struct Missing: Error {}

  /// Logits after the last of the tokens.
  func logits(after tokens: [Int32]) -> [Double] {
    let width = shape.width
    var x = tokens.map { token in
      (0..<width).map { tensor("model.embed_tokens.weight")[Int(token) * width + $0] }
    }
    func move(after layers: Int) {
      guard let nudge, nudge.layer == layers else { return }
      x[nudge.position][nudge.component] += nudge.amount
    }
    move(after: 0)
    for layer in 0..<shape.layerCount {
      let name = "model.layers.\(layer)."
      let h = x.map { norm($0, tensor(name + "input_layernorm.weight")) }
      let attended = attention(h, name + "self_attn.")
      for t in x.indices {
        let out = linear(attended[t], tensor(name + "self_attn.o_proj.weight"), outputs: width)
        for i in 0..<width { x[t][i] += out[i] }
        let g = norm(x[t], tensor(name + "post_attention_layernorm.weight"))
        let hidden = shape.hiddenWidth
        let gate = linear(g, tensor(name + "mlp.gate_proj.weight"), outputs: hidden)
        let up = linear(g, tensor(name + "mlp.up_proj.weight"), outputs: hidden)
        let inner = zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
        let down = linear(inner, tensor(name + "mlp.down_proj.weight"), outputs: width)
        for i in 0..<width { x[t][i] += down[i] }
      }
      move(after: layer + 1)
    }
    let last = norm(x[x.count - 1], tensor("model.norm.weight"))
    let head = shape.isTied ? "model.embed_tokens.weight" : "lm_head.weight"
    return linear(last, tensor(head), outputs: shape.vocabularySize)
  }

  /// softmax(logits / temperature) over the tokens; 0 for a row that has none.
  func probabilities(after tokens: [Int32], temperature: Double = 1) -> [Double] {
    let scaled = logits(after: tokens).enumerated().map { (row, logit) in
      tokenRows.contains(Int32(row)) ? logit / temperature : -.infinity
    }
    let largest = scaled.max() ?? 0
    let exponentials = scaled.map { exp($0 - largest) }
    let total = exponentials.reduce(0, +)
    return exponentials.map { $0 / total }
  }

  /// Σ (w log π + v H) over the tokens after the prompt; weights begin with the first of them.
  func objective(
    _ tokens: [Int32], promptLength: Int, weights: [Double], entropyWeights: [Double],
    temperature: Double
  ) -> Double {
    var sum = 0.0
    for t in promptLength..<tokens.count {
      let p = probabilities(after: Array(tokens.prefix(t)), temperature: temperature)
      sum += weights[t - promptLength] * log(p[Int(tokens[t])])
      sum -= entropyWeights[t - promptLength] * p.reduce(0) { $1 == 0 ? $0 : $0 + $1 * log($1) }
    }
    return sum
  }

  private func tensor(_ name: String) -> [Double] { tensors[name] ?? [] }

  private func linear(_ x: [Double], _ weight: [Double], outputs: Int) -> [Double] {
    (0..<outputs).map { row in
      var sum = 0.0
      for i in x.indices { sum += weight[row * x.count + i] * x[i] }
      return sum
    }
  }

  private func norm(_ x: [Double], _ gain: [Double]) -> [Double] {
    let meanSquare = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let deviation = (meanSquare + shape.normEpsilon).squareRoot()
    return x.indices.map { x[$0] / deviation * gain[$0] }
  }

  private func rotated(_ x: [Double], position: Int) -> [Double] {
    let half = x.count / 2
    var y = x
    let factor = shape.ropeScaling.attentionFactor
    for i in 0..<half {
      let angle = Double(position) / pow(shape.ropeTheta, Double(i) / Double(half))
      y[i] = factor * (x[i] * cos(angle) - x[i + half] * sin(angle))
      y[i + half] = factor * (x[i + half] * cos(angle) + x[i] * sin(angle))
    }
    return y
  }

  private func attention(_ h: [[Double]], _ name: String) -> [[Double]] {
    let size = shape.headSize
    // Biases and gains are used where the model has them, whatever its family.
    func heads(_ part: String, _ count: Int, norm gain: String? = nil) -> [[[Double]]] {
      h.indices.map { t in
        var all = linear(h[t], tensor(name + part + ".weight"), outputs: count * size)
        if let bias = tensors[name + part + ".bias"] { all = zip(all, bias).map { $0 + $1 } }
        return (0..<count).map { head in
          let one = Array(all[head * size..<(head + 1) * size])
          guard let gain else { return one }
          return rotated(tensors[name + gain].map { norm(one, $0) } ?? one, position: t)
        }
      }
    }
    let q = heads("q_proj", shape.headCount, norm: "q_norm.weight")
    let k = heads("k_proj", shape.keyValueHeadCount, norm: "k_norm.weight")
    let v = heads("v_proj", shape.keyValueHeadCount)
    return h.indices.map { t in
      (0..<shape.headCount).flatMap { head -> [Double] in
        let group = head / (shape.headCount / shape.keyValueHeadCount)
        let scores = (0...t).map { s in
          zip(q[t][head], k[s][group]).reduce(0) { $0 + $1.0 * $1.1 } / Double(size).squareRoot()
        }
        let largest = scores.max() ?? 0
        let weights = scores.map { exp($0 - largest) }
        let total = weights.reduce(0, +)
        return (0..<size).map { i in
          (0...t).reduce(0) { $0 + weights[$1] / total * v[$1][group][i] }
        }
      }
    }
  }
}

extension DoubleOracle {
  /// The objective of all completions of a batch.
  func objective(
    _ batch: SequenceBatch, weights: [Float], entropyWeights: [Float], temperature: Double
  ) -> Double {
    (0..<batch.sequenceCount).reduce(0.0) { sum, sequence in
      let group = batch.group(ofSequence: sequence)
      let prompt = (batch.promptOffsets[group]..<batch.promptOffsets[group + 1]).map {
        batch.promptTokens[$0]
      }
      let completion = batch.tokens(ofSequence: sequence)
      return sum
        + objective(
          prompt + completion.map { batch.tokens[$0] }, promptLength: prompt.count,
          weights: weights[completion].map(Double.init),
          entropyWeights: entropyWeights[completion].map(Double.init), temperature: temperature)
    }
  }
}
