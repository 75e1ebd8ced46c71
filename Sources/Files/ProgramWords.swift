/// Says what became of a program as messages do.
extension RunningProcess.End {
  /// The end in words: `it ended with status 1`.
  package var phrase: String {
    switch self {
    case .exited(let status): "it ended with status \(status)"
    case .killedBySignal(let signal): "it was ended by signal \(signal)"
    }
  }
}

extension Duration {
  /// The time in seconds, to the millisecond: `0.5 s`, `10 s`.
  package var inSeconds: String {
    let value = (self / .milliseconds(1)).rounded() / 1000
    return value == value.rounded() ? "\(Int(value)) s" : "\(value) s"
  }
}
