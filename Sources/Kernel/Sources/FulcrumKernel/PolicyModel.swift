/// What an optimiser step did.
public struct GradientReport: Sendable {
  /// Global L2 norm over all parameters, before clipping.
  public let norm: Double
  /// Whether the gradient was scaled down to the norm limit.
  public let isClipped: Bool

  public init(norm: Double, isClipped: Bool) {
    self.norm = norm
    self.isClipped = isClipped
  }
}

/// A language model that can sample, score and be trained by weights on ∇ log π.
///
/// Called from one thread; it may keep `context.threads` threads busy itself. The same calls in the
/// same order give the same bits, whatever the number of threads.
public protocol PolicyModel: AnyObject, Component {
  /// One line for logs: family, size, precision.
  var summary: String { get }
  /// What the model is, line by line: family, sizes, how it is stored, end tokens.
  var facts: [ModelFact] { get }
  var parameterCount: Int { get }
  /// Prompt and completion together may not be longer, in tokens.
  var contextLength: Int { get }
  /// Ends a completion; a demonstration's completion ends with it too.
  var endToken: Int32 { get }

  /// Whether the policy was made from a checkpoint. If not, call `create` before anything else.
  var isReady: Bool { get }

  /// Makes a fresh policy of the parameters' shape: its tokenizer from the texts, its weights from
  /// the context's seed.
  func create(fromTexts texts: [String]) throws(FulcrumError)

  /// The tokens of a text; special tokens written in it (`<|im_start|>`) become themselves.
  func encode(_ text: String) throws(FulcrumError) -> [Int32]

  /// The text of tokens; special tokens are left out unless asked for.
  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String

  /// Samples completions.
  ///
  /// - Throws: `.data` if a prompt is empty or leaves no room in the context.
  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation

  /// Samples as `generate` does, to the same bits, and shows each token once it is drawn.
  ///
  /// - Parameter observe: called on this thread; `prompt` is the place in the request. The tokens
  ///   of one sample come in order. A policy that can't say calls it never.
  func generate(
    _ request: GenerationRequest, observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation

  /// Scores the completion tokens of adjacent sequences, in pieces of whole sequences.
  ///
  /// - Parameter visit: called on this thread for each piece, in order; the ranges partition
  ///   `sequences`.
  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    visit: (_ sequences: Range<Int>, _ scores: borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError)

  /// Adds Σ w ∇ log π over the completion tokens of adjacent sequences to the gradient.
  ///
  /// - Parameter weigh: called on this thread for each piece of whole sequences, in order, between
  ///   its forward and its backward pass; it sets the weights, which are zero on entry. Log π is at
  ///   the temperature, so ∇ log π carries the factor 1 / temperature.
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    weigh: (
      _ sequences: Range<Int>, _ scores: borrowing TokenScores,
      _ weights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError)

  /// Adds Σ (w ∇ log π + v ∇ H) over the completion tokens of adjacent sequences to the gradient,
  /// where H is the entropy of the distribution that the token was drawn from.
  ///
  /// - Parameter weigh: as above; it also sets v, which is zero on entry. H is at the temperature
  ///   too.
  /// - Throws: as above; `.unsupported` from a policy that has no gradient of the entropy.
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    weighWithEntropy weigh: (
      _ sequences: Range<Int>, _ scores: borrowing TokenScores,
      _ weights: inout MutableSpan<Float>, _ entropyWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError)

  /// The norms of single tokens' gradients of log π at every layer's activations, each token's from
  /// a backward pass of its own. Parameters and the accumulated gradient stay as they are.
  ///
  /// - Parameter tokens: places in `batch.tokens`, in ascending order.
  /// - Throws: as `score`; `.usage` for places that are not in the batch or not in order;
  ///   `.unsupported` from a policy that can't tell.
  func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients

  /// Takes one ascent step along the accumulated gradient, then clears it.
  ///
  /// - Throws: `.notFinite` if the gradient is not; the parameters are as before then, and the
  ///   gradient is cleared.
  func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport

  /// Clears the accumulated gradient.
  func discardGradient()

  /// Writes the accumulated gradient Σ w ∇ log π, as it is: a loss −Σ w log π has the gradient that
  /// weights of the other sign accumulate.
  ///
  /// - Parameter file: a safetensors file to write, F32 under the checkpoint's own names. A tensor
  ///   that serves twice (a tied head) occurs once, with the sum.
  func saveGradient(to file: String) throws(FulcrumError)

  /// Writes a checkpoint folder that the component's `checkpoint` parameter can name.
  ///
  /// - Parameter directory: exists, and is empty.
  func save(to directory: String) throws(FulcrumError)

  /// Moves the parameters towards another policy's of the same shape: θ ← (1 − share) θ + share θ'.
  ///
  /// - Parameter share: in 0...1; 1 copies the other's to the bit.
  /// - Throws: `.usage` for a policy of another type or shape.
  func blend(with other: any PolicyModel, share: Double) throws(FulcrumError)

  /// Writes the optimiser's state into a folder of its own, and what `save` rounded off: together
  /// they continue to the same bits.
  func saveOptimizer(to directory: String) throws(FulcrumError)

  /// Reads what `saveOptimizer` wrote.
  ///
  /// - Throws: `.checkpoint` if it is damaged or of another model.
  func loadOptimizer(from directory: String) throws(FulcrumError)

  /// Turns a model file of another format into a folder that the component's `checkpoint` parameter
  /// can name.
  ///
  /// - Parameter directory: exists, and is empty.
  static func importModel(from file: String, to directory: String) throws(FulcrumError)

  /// The tokenizer of a checkpoint folder, which may hold nothing else.
  static func makeCodec(from directory: String) throws(FulcrumError) -> any TokenCodec

  /// Floating-point operations of the matrix products in one forward pass over one sequence whose
  /// completion tokens are scored; a backward pass takes twice as many. `nil`: not known.
  func matrixOperations(promptTokens: Int, completionTokens: Int) -> Double?

  /// The machine's peak for this policy's matrix products, all threads together, measured now.
  ///
  /// - Unit: floating-point operations a second. `nil`: not known.
  func measureMatrixPeak() throws(FulcrumError) -> Double?
}

/// What a policy that doesn't offer it answers.
extension PolicyModel {
  public var facts: [ModelFact] { [] }

  public func generate(
    _ request: GenerationRequest, observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation {
    try generate(request)
  }

  public func saveGradient(to file: String) throws(FulcrumError) {
    throw Self.unsupported("save its gradient")
  }

  public func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    weighWithEntropy weigh: (
      _ sequences: Range<Int>, _ scores: borrowing TokenScores,
      _ weights: inout MutableSpan<Float>, _ entropyWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    throw Self.unsupported("take the gradient of the entropy")
  }

  public func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients {
    throw Self.unsupported("tell gradients at its layers' activations")
  }

  public func blend(with other: any PolicyModel, share: Double) throws(FulcrumError) {
    throw Self.unsupported("move towards another policy")
  }

  public static func importModel(from file: String, to directory: String) throws(FulcrumError) {
    throw unsupported("import models of other formats")
  }

  public static func makeCodec(from directory: String) throws(FulcrumError) -> any TokenCodec {
    throw unsupported("read a tokenizer without its model")
  }

  public func matrixOperations(promptTokens: Int, completionTokens: Int) -> Double? { nil }
  public func measureMatrixPeak() throws(FulcrumError) -> Double? { nil }

  private static func unsupported(_ what: String) -> FulcrumError {
    FulcrumError(.unsupported, "the policy can't \(what)", at: manual.name)
  }
}
