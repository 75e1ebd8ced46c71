// The functions that formulas need, so that a plugin need import nothing but the kernel.
//
// They are libm's, to the bit. In a file that imports Glibc or Foundation as well, theirs are taken:
// these are disfavoured.

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// e^x.
@_disfavoredOverload public func exp(_ x: Double) -> Double { Elementary.exp(x) }
/// e^x.
@_disfavoredOverload public func exp(_ x: Float) -> Float { Elementary.exp(x) }

/// e^x − 1, exact near 0.
@_disfavoredOverload public func expm1(_ x: Double) -> Double { Elementary.expm1(x) }
/// e^x − 1, exact near 0.
@_disfavoredOverload public func expm1(_ x: Float) -> Float { Elementary.expm1(x) }

/// The natural logarithm: −∞ at 0, NaN below.
@_disfavoredOverload public func log(_ x: Double) -> Double { Elementary.log(x) }
/// The natural logarithm: −∞ at 0, NaN below.
@_disfavoredOverload public func log(_ x: Float) -> Float { Elementary.log(x) }

/// log(1 + x), exact near 0.
@_disfavoredOverload public func log1p(_ x: Double) -> Double { Elementary.log1p(x) }
/// log(1 + x), exact near 0.
@_disfavoredOverload public func log1p(_ x: Float) -> Float { Elementary.log1p(x) }

/// The hyperbolic tangent.
@_disfavoredOverload public func tanh(_ x: Double) -> Double { Elementary.tanh(x) }
/// The hyperbolic tangent.
@_disfavoredOverload public func tanh(_ x: Float) -> Float { Elementary.tanh(x) }

/// The square root, correctly rounded; NaN below 0.
@_disfavoredOverload public func sqrt(_ x: Double) -> Double { x.squareRoot() }
/// The square root, correctly rounded; NaN below 0.
@_disfavoredOverload public func sqrt(_ x: Float) -> Float { x.squareRoot() }

/// 1 / (1 + e^−x), between 0 and 1 for every x.
@_disfavoredOverload public func logistic(_ x: Double) -> Double {
  // e to a negative power alone, which never overflows.
  let small = Elementary.exp(-abs(x))
  return x < 0 ? small / (1 + small) : 1 / (1 + small)
}
/// 1 / (1 + e^−x), between 0 and 1 for every x.
@_disfavoredOverload public func logistic(_ x: Float) -> Float {
  let small = Elementary.exp(-abs(x))
  return x < 0 ? small / (1 + small) : 1 / (1 + small)
}

/// The same and others for the kernel itself, under names that neither methods nor the functions above
/// can shadow.
enum Elementary {
  #if canImport(Glibc)
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    static func exp(_ x: Float) -> Float { Glibc.exp(x) }
    static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
    static func expm1(_ x: Float) -> Float { Glibc.expm1(x) }
    static func log(_ x: Double) -> Double { Glibc.log(x) }
    static func log(_ x: Float) -> Float { Glibc.log(x) }
    static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
    static func log1p(_ x: Float) -> Float { Glibc.log1p(x) }
    static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
    static func tanh(_ x: Float) -> Float { Glibc.tanh(x) }
    static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  #elseif canImport(Musl)
    static func exp(_ x: Double) -> Double { Musl.exp(x) }
    static func exp(_ x: Float) -> Float { Musl.expf(x) }
    static func expm1(_ x: Double) -> Double { Musl.expm1(x) }
    static func expm1(_ x: Float) -> Float { Musl.expm1f(x) }
    static func log(_ x: Double) -> Double { Musl.log(x) }
    static func log(_ x: Float) -> Float { Musl.logf(x) }
    static func log1p(_ x: Double) -> Double { Musl.log1p(x) }
    static func log1p(_ x: Float) -> Float { Musl.log1pf(x) }
    static func tanh(_ x: Double) -> Double { Musl.tanh(x) }
    static func tanh(_ x: Float) -> Float { Musl.tanhf(x) }
    static func cos(_ x: Double) -> Double { Musl.cos(x) }
  #endif
}
