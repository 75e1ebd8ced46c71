import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import JSON
import Training
import YAML

struct ModelTokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Turn texts of a file of JSON lines into tokens and back.",
    discussion: """
      Each line holds {"text"}; each line of the output holds {"ids", "decoded"}. Special tokens \
      written in a text become themselves and are kept when it is decoded; none is added.

        fulcrum model tokenize models/a --input texts.jsonl --output tokens.jsonl
      """)

  @Argument(help: "The model's folder; tokenizer.json alone will do.", completion: .directory)
  var folder: String

  @OptionGroup var options: PolicyOptions

  @Option(help: "JSON lines to read.", completion: .file())
  var input: String

  @Option(help: "JSON lines to write.")
  var output: String

  func run() throws {
    let bytes = [UInt8](try FileManager.default.requiredContents(at: input))
    var texts: [(place: String, text: String)] = []
    for line in JSONLines(bytes) {
      let record = try StrictJSON.decode(
        TextRecord.self, from: line, of: input, form: #"each line holds {"text": "…"}"#)
      texts.append((line.place(in: input), record.text))
    }
    let codec = try options.policyType().staticCapability(
      (any CodecPolicy.Type).self, to: "read a tokenizer without its model"
    ).makeCodec(from: folder)
    var lines = ""
    var tokenCount = 0
    let clock = ContinuousClock()
    var spent = Duration.zero
    for (place, text) in texts {
      do throws(FulcrumError) {
        let began = clock.now
        let tokens = try codec.encode(text)
        spent += clock.now - began
        tokenCount += tokens.count
        lines += try Self.line(tokens, codec).text + "\n"
      } catch {
        throw error.within(place)
      }
    }
    try SafeFiles.write(lines, to: output)
    let byteCount = texts.reduce(0) { $0 + $1.text.utf8.count }
    let rate = Double(byteCount) / 1e6 / max(spent / .seconds(1), 1e-9)
    print(
      "\(texts.count) texts of \(byteCount) bytes: \(tokenCount) tokens, encoded at "
        + String(format: "%.1f MB/s", rate))
  }

  private static func line(
    _ tokens: [Int32], _ codec: any TokenCodec
  ) throws(FulcrumError) -> JSONLine {
    JSONLine([
      ("ids", .list(tokens.map { .number(Double($0)) })),
      ("decoded", .text(try codec.decode(tokens, keepingSpecialTokens: true))),
    ])
  }
}

/// Holds one line of the input.
private struct TextRecord: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    let key = StrictJSON.Key(stringValue: "text")
    text = try StrictJSON.container(of: decoder, keys: [key.stringValue])
      .decode(String.self, forKey: key)
  }
}
