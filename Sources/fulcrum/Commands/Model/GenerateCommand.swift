import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import JSON
import Runs
import Settings
import Training

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Sample a model's completions of a prompt.",
    discussion: """
      The prompt is --prompt, a file, or standard input, taken to the letter. One seed gives one \
      text, whatever the number of threads.

        fulcrum generate models/a --prompt 'What is 2 + 3?' --chat template
        fulcrum generate models/a --messages conversation.json
        fulcrum generate models/a --prompt-file prompt.txt --samples 4 --json
      """)

  /// Names what writes a conversation (`--chat`): a markup, the checkpoint's template, or nothing.
  enum Chat: String, CaseIterable, ExpressibleByArgument {
    case chatml
    case llama3 = "llama-3"
    /// The checkpoint's own.
    case template
    case none

    /// `nil`: the prompt is a text.
    var template: ChatSettings.Template? {
      switch self {
      case .chatml: .format(.chatML)
      case .llama3: .format(.llama3)
      case .template: .checkpoint
      case .none: nil
      }
    }
  }

  @Argument(help: "The model's folder.", completion: .directory)
  var folder: String

  @OptionGroup var options: PolicyOptions

  @Option(help: "The prompt.")
  var prompt: String?

  @Option(name: .customLong("prompt-file"), help: "A file with the prompt.", completion: .file())
  var promptFile: String?

  @Option(
    help: """
      A file with a conversation instead: a JSON list of messages, each with a role (system, user, \
      assistant) and a content.
      """, completion: .file(extensions: ["json"]))
  var messages: String?

  @Option(
    help: """
      Markup to put around the prompt as a user's message: chatml (SmolLM2, Qwen2.5), llama-3, \
      template (that of the model's folder), or none. Python's Jinja runs a template that the policy \
      does not know by its text. With --messages it is template unless you say another.
      """)
  var chat: Chat?

  @Flag(name: .customLong("show-prompt"), help: "Print the prompt with its markup, and its tokens.")
  var showsPrompt = false

  @Option(help: "A system message before the prompt; needs --chat or --messages.")
  var system: String?

  @Option(help: "Divides the logits; 0: take the most likely token.")
  var temperature: Float = 1

  @Option(name: .customLong("top-k"), help: "Draw from so many most likely tokens; 0: all.")
  var topK = 0

  @Option(
    name: .customLong("top-p"), help: "Draw from the most likely tokens of this share; 1: all.")
  var topP: Float = 1

  @Option(
    name: .customLong("min-p"),
    help: "Draw from tokens of at least this share of the largest probability; 0: all.")
  var minP: Float = 0

  @Option(
    name: .customLong("min-new-tokens"),
    help: "Nothing ends a completion within its first so many tokens.")
  var minimumTokens = 0

  @Option(help: "A text that ends a completion, which keeps it; may be given several times.")
  var stop: [String] = []

  @Option(
    name: .customLong("max-new-tokens"), help: "The longest completion, in tokens: it is cut there."
  )
  var maximumTokens = 256

  @Option(help: "Completions of the prompt.")
  var samples = 1

  @Option(help: "Decides the draws.")
  var seed: UInt64 = 1

  @OptionGroup var threads: ThreadOptions

  @Flag(
    help: """
      Print one JSON object a sample: "prompt", "prompt_tokens", "completion", "tokens", "logprobs", \
      "finished".
      """)
  var json = false

  func run() throws {
    let conversation = try conversation()
    let policy = try options.policy(checkpoint: folder, threads: try threads.count(), seed: seed)
    let text = try WrongRequest.rethrow { () throws(FulcrumError) in
      try markup(conversation, by: policy)
    }
    let tokens = try policy.encode(text)
    if showsPrompt {
      Fulcrum.report("prompt: \(text)")
      Fulcrum.report("\(tokens.count) tokens: \(tokens.map(String.init).joined(separator: " "))")
    }
    var request = GenerationRequest(
      prompts: [.init(tokens: tokens, id: 0)], samplesPerPrompt: samples,
      maximumTokens: maximumTokens, temperature: temperature, seed: seed, step: 0)
    request.topK = topK
    request.topP = topP
    request.minP = minP
    request.minimumTokens = minimumTokens
    request.stopStrings = stop
    // Several samples grow at the same time, so each is shown when it is done.
    let isTerminal = isatty(StandardOutput.descriptor) == 1
    let isStreaming = !json && samples == 1 && isTerminal
    let stream = TokenStream { tokens in
      (try? policy.decode(tokens, keepingSpecialTokens: false)) ?? ""
    }
    func show(_ text: String) {
      print(text.onTerminal, terminator: "")
      fflush(nil)
    }
    let generation = try WrongRequest.rethrow { () throws(FulcrumError) in
      guard isStreaming, let streaming = policy as? any StreamingPolicy else {
        return try policy.generate(request)
      }
      return try streaming.generate(request) { _, _, token in show(stream.add(token)) }
    }
    if isStreaming, policy is any StreamingPolicy { return show(stream.end() + "\n") }
    for sample in 0..<samples {
      let completion = try Completion(generation, sample, by: policy)
      if json {
        print(completion.line(prompt: text, promptTokens: tokens).text)
      } else {
        if samples > 1 { print("--- sample \(sample + 1) of \(samples)") }
        print(isTerminal ? completion.text.onTerminal : completion.text)
      }
    }
  }

  /// The conversation that is to be continued: that of the file; or the prompt, and a system message
  /// before it.
  private func conversation() throws(FulcrumError) -> [ChatMessage] {
    guard [prompt, promptFile, messages].compactMap(\.self).count < 2 else {
      throw FulcrumError(
        .usage, "expected one of --prompt, --prompt-file and --messages, got several")
    }
    guard system == nil || template != nil else {
      throw FulcrumError(
        .usage, "expected --chat beside --system, got none", at: "--system",
        hint: "without markup a system message can't be told from the prompt")
    }
    if let messages { return try Self.conversation(in: messages) }
    let text = if let prompt { prompt } else { try readPrompt() }
    return [ChatMessage(.user, text)]
  }

  private static func conversation(in file: String) throws(FulcrumError) -> [ChatMessage] {
    let bytes = [UInt8](try FileManager.default.requiredContents(at: file))
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.parse(bytes)
    } catch {
      throw FulcrumError(
        .usage, "expected a JSON list of messages, got what isn't JSON", at: file,
        hint: error.reason)
    }
    if let messages = ChatMessage.conversation(value["messages"] ?? value) { return messages }
    throw FulcrumError(
      .usage, "expected a JSON list of messages, got \(value.excerpt)", at: file,
      hint: #"[{"role": "user", "content": "…"}]; roles are system, user and assistant"#)
  }

  /// What writes the conversation; `nil`: the prompt is a text.
  private var template: ChatSettings.Template? {
    guard messages != nil else { return chat?.template }
    return (chat ?? .template).template ?? .plain
  }

  /// The conversation with its markup.
  private func markup(
    _ messages: [ChatMessage], by policy: any PolicyModel
  ) throws(FulcrumError) -> String {
    guard let template else { return messages[0].content }
    let writer = ConversationWriter(
      ChatSettings(template: template, system: system), policy: policy, checkpoint: folder,
      plugins: PluginSettings())
    do throws(FulcrumError) {
      return try writer.write(messages).prompt
    } catch {
      guard error.location == "chat.template" else { throw error }
      throw FulcrumError(
        error.code == .configuration ? .usage : error.code, error.message,
        at: "--chat \((chat ?? .template).rawValue)", hint: error.hint)
    }
  }

  private func readPrompt() throws(FulcrumError) -> String {
    let data =
      if let promptFile {
        try FileManager.default.requiredContents(at: promptFile)
      } else {
        FileHandle.standardInput.readDataToEndOfFile()
      }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FulcrumError(
        .usage, "expected UTF-8 text, got other bytes", at: promptFile ?? "standard input")
    }
    return text
  }
}

/// Holds one sample of a generation with one prompt.
private struct Completion {
  let text: String
  private let tokens: [Int32]
  private let logProbabilities: [Float]
  private let isFinished: Bool

  init(_ generation: Generation, _ sample: Int, by policy: any PolicyModel) throws(FulcrumError) {
    let places = generation.sequences.tokens(ofSequence: sample)
    tokens = places.map { generation.sequences.tokens[$0] }
    logProbabilities = places.map { generation.logProbabilities[$0] }
    isFinished = generation.isFinished[sample]
    text = try policy.decode(tokens, keepingSpecialTokens: false)
  }

  func line(prompt: String, promptTokens: [Int32]) -> JSONLine {
    JSONLine([
      ("prompt", .text(prompt)),
      ("prompt_tokens", .list(promptTokens.map { .number(Double($0)) })),
      ("completion", .text(text)),
      ("tokens", .list(tokens.map { .number(Double($0)) })),
      ("logprobs", .list(logProbabilities.map { .number(Double($0)) })),
      ("finished", .flag(isFinished)),
    ])
  }
}
