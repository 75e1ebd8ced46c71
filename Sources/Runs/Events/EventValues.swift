import Foundation
import JSON
import SwiftProtobuf
import TensorBoardEvents
import Training

extension Summary.Value {
  /// Makes a scalar. TensorBoard's have the precision of Float.
  static func scalar(_ tag: String, _ value: Double) -> Self {
    .with {
      $0.tag = tag
      $0.simpleValue = Float(value)
    }
  }

  static func histogram(_ tag: String, _ histogram: ValueHistogram) -> Self {
    .with { value in
      value.tag = tag
      value.histo = .with {
        $0.min = histogram.minimum
        $0.max = histogram.maximum
        $0.num = histogram.count
        $0.sum = histogram.sum
        $0.sumSquares = histogram.squares
        // Leaves out empty buckets at either end.
        let used = histogram.used
        $0.bucketLimit = used.map { histogram.lowest + Double($0 + 1) * histogram.width }
        $0.bucket = Array(histogram.counts[used])
      }
    }
  }

  /// Makes a text of rows of Markdown.
  static func text(_ tag: String, _ rows: [String]) -> Self {
    .with { value in
      value.tag = tag
      value.metadata.pluginData.pluginName = "text"
      value.metadata.dataClass = .tensor
      value.tensor = .with {
        $0.dtype = .dtString
        $0.tensorShape.dim = [.with { $0.size = Int64(rows.count) }]
        $0.stringVal = rows.map { Data($0.utf8) }
      }
    }
  }
}
