#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The functions of libm that the kernel calls, under names that methods can't shadow.
enum Elementary {
  static let log: @Sendable (Double) -> Double = { logarithm($0) }
  static let cos: @Sendable (Double) -> Double = { cosine($0) }
}

private func logarithm(_ x: Double) -> Double { log(x) }
private func cosine(_ x: Double) -> Double { cos(x) }
