import Foundation
import FulcrumKernel
import JSON
import Training

/// Holds a line of `evaluations.jsonl`: held-out accuracy after a step.
package struct EvaluationRecord: Codable, Sendable, Equatable {
  package let step: Int
  package let evaluation: Evaluation

  package init(step: Int, evaluation: Evaluation) {
    self.step = step
    self.evaluation = evaluation
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NamedKey.self)
    step = try container.decode(Int.self, forKey: .step)
    evaluation = try Evaluation(from: decoder)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NamedKey.self)
    try container.encode(step, forKey: .step)
    try evaluation.encode(to: encoder)
  }
}

/// Writes an evaluation as an object with an entry for each category.
extension Evaluation: Codable {
  /// Reads categories in the order of their names, in which 2 is before 10; those of transfer come last.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NamedKey.self)
    var rows: [Row] = []
    for key in container.allKeys where key.stringValue != NamedKey.step.stringValue {
      let entry = try container.decode(Entry.self, forKey: key)
      rows.append(try entry.row(key.stringValue))
    }
    self.init(
      rows: rows.sorted {
        $0.isTransfer == $1.isTransfer
          ? $0.category.compare($1.category, options: .numeric) == .orderedAscending
          : $1.isTransfer
      })
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NamedKey.self)
    for row in rows { try container.encode(Entry(row), forKey: NamedKey(row.category)) }
  }
}

extension Evaluation {
  /// The accuracy and interval of each category, as one JSON object.
  package var line: JSONLine { JSONLine(self) }

  /// Returns a line of `evaluations.jsonl`.
  package func line(step: Int) -> JSONLine {
    JSONLine(EvaluationRecord(step: step, evaluation: self))
  }

  /// Reads the evaluation of a step back from `evaluations.jsonl`.
  ///
  /// A line that can't be read is skipped rather than to end the run: its step is evaluated again.
  package static func read(step: Int, from directory: RunDirectory) -> Evaluation? {
    RunDirectory.lines(of: directory.evaluations).lazy
      .compactMap { try? JSONRecord.decode(EvaluationRecord.self, from: Array($0.utf8)) }
      .first { $0.step == step }?.evaluation
  }
}
