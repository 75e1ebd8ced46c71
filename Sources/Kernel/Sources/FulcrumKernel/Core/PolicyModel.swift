/// A language model that can sample, score and be trained by weights on ∇ log π: all that training
/// needs.
///
/// Anything else that a policy can do is a protocol of its own (`BlendablePolicy`, `SnapshotPolicy`, …), to
/// which it conforms if it can; the host asks with `as?`. Called from one thread; it may keep
/// `context.threads` threads busy itself. The same calls in the same order give the same bits,
/// whatever the number of threads.
public protocol PolicyModel: FrozenPolicy, Component {
  /// One line for logs: family, size, precision.
  var summary: String { get }
  /// Prompt and completion together may not be longer, in tokens.
  var contextLength: Int { get }
  /// Ends a completion; a demonstration's completion ends with it too.
  var endToken: Int32 { get }

  /// The tokens of a text; special tokens written in it (`<|im_start|>`) become themselves.
  func encode(_ text: String) throws(FulcrumError) -> [Int32]

  /// The text of tokens; special tokens are left out unless asked for.
  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String

  /// Samples completions.
  ///
  /// - Throws: `.data` if a prompt is empty or leaves no room in the context.
  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation

  /// Adds Σ w ∇ log π over the completion tokens that take part to the gradient.
  ///
  /// The policy may leave out sequences without a participant, cut what stands behind a sequence's
  /// last one, and compute logits of participants alone: gradients are those of weights that are zero
  /// elsewhere.
  ///
  /// - Parameters:
  ///   - batch: has the sequences.
  ///   - sequences: adjacent ones; other sequences' tokens never take part.
  ///   - request: the temperature, and the statistics that every piece has beside the three.
  ///   - participants: the tokens that take part, by their places in `batch.tokens`.
  ///   - weigh: called on this thread for each piece, in order, between its forward and its backward
  ///     pass; it sets the weights, which are zero on entry. `tokens` are the places in
  ///     `batch.tokens` of the piece's tokens, ascending; over all pieces exactly the participants,
  ///     each once, those of a sequence in one piece. Log π is at the temperature, so ∇ log π carries
  ///     the factor 1 / temperature.
  /// - Throws: what `weigh` throws; `.unsupported` for a statistic that the policy doesn't know.
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError)

  /// Takes one ascent step along the accumulated gradient, then clears it.
  ///
  /// - Throws: `.notFinite` if the gradient is not; the parameters are as before then, and the
  ///   gradient is cleared.
  func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport

  /// Clears the accumulated gradient.
  func discardGradient()

  /// Writes a checkpoint folder that the component's parameter of the meaning `checkpoint` can name.
  ///
  /// - Parameter directory: exists, and is empty.
  func save(to directory: String) throws(FulcrumError)

  /// Writes the optimiser's state into a folder of its own, and what `save` rounded off: together
  /// they continue to the same bits.
  func saveOptimizer(to directory: String) throws(FulcrumError)

  /// Reads what `saveOptimizer` wrote.
  ///
  /// - Throws: `.checkpoint` if it is damaged or of another model.
  func loadOptimizer(from directory: String) throws(FulcrumError)
}
