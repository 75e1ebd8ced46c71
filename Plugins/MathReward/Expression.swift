/// Holds a number or a formula in one form for all that is written otherwise and is the same: a sum
/// of terms, each a fraction times powers of factors.
///
/// Equal forms are equal values. The reverse isn't true: products of sums are not multiplied out, and
/// nothing is known of functions.
struct Expression: Sendable, Hashable {
  /// A fraction as an exponent, reduced; never zero.
  struct Exponent: Sendable, Hashable {
    var top: Int
    var bottom = 1
  }

  /// A factor that isn't taken apart.
  indirect enum Factor: Sendable, Hashable {
    /// A variable or a constant such as π.
    case symbol(String)
    /// A prime number, with an exponent between 0 and 1: a root.
    case prime(Int)
    /// A sum whose first term is ±1 times its factors.
    case sum(Expression)
    case function(String, Expression)
    case power(Expression, Expression)
  }

  typealias Factors = [Factor: Exponent]

  /// The terms: factors, and the fraction before them, which is not zero. No terms: zero.
  private(set) var terms: [Factors: Rational] = [:]

  private init(terms: [Factors: Rational]) { self.terms = terms }

  init(_ number: Rational) { if !number.isZero { terms = [[:]: number] } }

  init(_ factor: Factor) { terms = [[factor: Exponent(top: 1)]: .one] }

  /// A product of powers. Powers of a prime beyond its roots are part of the fraction.
  private init?(_ coefficient: Rational, _ factors: Factors) {
    var coefficient = coefficient
    var factors = factors
    for case (.prime(let prime), let exponent) in factors {
      // Rounded down.
      let whole = Int((Double(exponent.top) / Double(exponent.bottom)).rounded(.down))
      guard whole != 0 else { continue }
      guard let power = Rational(prime).power(whole) else { return nil }
      coefficient = coefficient * power
      let rest = exponent.top - whole * exponent.bottom
      factors[.prime(prime)] = rest == 0 ? nil : Exponent(top: rest, bottom: exponent.bottom)
    }
    guard !coefficient.isHuge else { return nil }
    terms = coefficient.isZero ? [:] : [factors: coefficient]
  }

  // A fraction can be written in many ways, so only the factors are hashed.
  func hash(into hasher: inout Hasher) { hasher.combine(Set(terms.keys)) }

  var isZero: Bool { terms.isEmpty }

  /// The number, if there is nothing but one.
  var number: Rational? {
    isZero ? Rational(0) : terms.count == 1 ? terms[[:]] : nil
  }

  /// Tells whether it is one term without variables: a fraction times roots, π and powers of them.
  private var isConstantTerm: Bool {
    terms.count == 1
      && terms.keys.allSatisfy { $0.keys.allSatisfy(\.isConstant) }
  }

  static prefix func - (a: Expression) -> Expression {
    Expression(terms: a.terms.mapValues { -$0 })
  }

  /// - Returns: `nil` if a number gets too long, or a variable cancels out.
  static func + (a: Expression, b: Expression) -> Expression? {
    var terms = a.terms
    for (factors, coefficient) in b.terms {
      let sum = terms[factors].map { $0 + coefficient } ?? coefficient
      guard !sum.isHuge, !sum.isZero || factors.keys.allSatisfy(\.isConstant) else { return nil }
      terms[factors] = sum.isZero ? nil : sum
    }
    return Expression(terms: terms)
  }

  /// Multiplies a constant term into a sum; any other sum becomes a factor.
  ///
  /// - Returns: `nil` if a number gets too long.
  static func * (a: Expression, b: Expression) -> Expression? {
    if a.isZero || b.isZero {
      // Zero times a root of a variable is not defined everywhere.
      return a.number == nil || b.number == nil ? nil : Expression(Rational(0))
    }
    if a.isConstantTerm || b.isConstantTerm {
      let (constant, sum) = a.isConstantTerm ? (a, b) : (b, a)
      guard let (factors, coefficient) = constant.terms.first else { return nil }
      var product = Expression(terms: [:])
      for (others, other) in sum.terms {
        guard let powers = multiply(factors, others),
          let term = Expression(coefficient * other, powers), let next = product + term
        else { return nil }
        product = next
      }
      return product
    }
    guard let (x, left) = a.product, let (y, right) = b.product,
      let factors = multiply(left, right)
    else { return nil }
    return Expression(x * y, factors)
  }

  /// - Returns: `nil` where a variable would cancel out, or lose its root: `x^2/x` is not defined at
  ///   0, √x · √x not below it.
  private static func multiply(_ a: Factors, _ b: Factors) -> Factors? {
    var product = a
    for (factor, exponent) in b {
      guard let old = product[factor] else {
        product[factor] = exponent
        continue
      }
      guard factor.isConstant || (old.top < 0) == (exponent.top < 0) else { return nil }
      let top = old.top * exponent.bottom + exponent.top * old.bottom
      guard let sum = Exponent.reduced(top, old.bottom * exponent.bottom),
        factor.isConstant || sum.bottom >= max(old.bottom, exponent.bottom)
      else { return nil }
      product[factor] = sum.top == 0 ? nil : sum
    }
    return product
  }

  /// The expression as one term: a sum of several is the fraction before its first term times the
  /// sum that begins with ±1.
  private var product: (Rational, Factors)? {
    if terms.count == 1 { return terms.first.map { ($0.value, $0.key) } }
    guard let first = terms.min(by: { Self.name($0.key) < Self.name($1.key) }),
      let inverse = first.value.inverse
    else { return nil }
    let sum = Expression(terms: terms.mapValues { $0 * inverse })
    return (first.value, [.sum(sum): Exponent(top: 1)])
  }

  /// A name to order terms by. Terms of one name are no fault: at worst, equal sums look unequal.
  private static func name(_ factors: Factors) -> String {
    factors.map { "\($0.key.name)^\($0.value.top)/\($0.value.bottom)" }.sorted().joined()
  }

  /// - Returns: `nil` where the power is not defined, not one number, or too long.
  func power(_ exponent: Exponent) -> Expression? {
    guard !isZero else { return exponent.top > 0 ? self : nil }
    guard let (coefficient, factors) = product else { return nil }
    if exponent.bottom == 1 {
      guard let number = coefficient.power(exponent.top) else { return nil }
      var powers: Factors = [:]
      for (factor, old) in factors {
        guard let power = Exponent.reduced(old.top * exponent.top, old.bottom),
          factor.isConstant || power.bottom == old.bottom
        else { return nil }
        powers[factor] = power
      }
      return Expression(number, powers)
    }
    // A root: of the positive fraction, times the root of the rest, which is not taken apart.
    guard let number = Roots.power(coefficient.magnitude, exponent) else { return nil }
    var rest: Factors = factors
    if coefficient.isNegative || !(factors.isEmpty || Self.isLoneSymbol(factors)) {
      guard let base = Expression(Rational(coefficient.isNegative ? -1 : 1), factors) else {
        return nil
      }
      rest = [.power(base, Expression(exponent.rational)): Exponent(top: 1)]
    } else {
      rest = factors.mapValues { _ in exponent }
    }
    guard let powers = Self.multiply(number.factors, rest) else { return nil }
    return Expression(number.coefficient, powers)
  }

  private static func isLoneSymbol(_ factors: Factors) -> Bool {
    guard factors.count == 1, case (.symbol, Exponent(top: 1))? = factors.first else {
      return false
    }
    return true
  }
}

extension Expression.Exponent {
  /// - Returns: `nil` if a number is beyond all sense.
  static func reduced(_ top: Int, _ bottom: Int) -> Self? {
    guard abs(top) <= 100_000, (1...100_000).contains(bottom) else { return nil }
    var (a, b) = (abs(top), bottom)
    while b != 0 { (a, b) = (b, a % b) }
    return Self(top: top / a, bottom: bottom / a)
  }

  /// - Returns: `nil` for another value than a fraction of small numbers.
  init?(_ value: Expression) {
    guard let number = value.number, let top = number.numerator.small,
      let bottom = number.denominator.small,
      let reduced = Self.reduced(number.isNegative ? -top : top, bottom)
    else { return nil }
    self = reduced
  }

  var rational: Rational {
    Rational(isNegative: top < 0, Natural(abs(top)), over: Natural(bottom)) ?? Rational(0)
  }
}

extension Expression.Factor {
  /// Tells whether it is a root or π.
  fileprivate var isConstant: Bool {
    if case .prime = self { true } else { self == .symbol("pi") }
  }

  fileprivate var name: String {
    switch self {
    case .symbol(let name): name
    case .prime(let prime): "\(prime)"
    case .sum(let sum): "(\(sum.name))"
    case .function(let name, let argument): "\(name)(\(argument.name))"
    case .power(let base, let exponent): "(\(base.name))^(\(exponent.name))"
    }
  }
}

extension Expression {
  fileprivate var name: String {
    terms.keys.map { factors in factors.keys.map(\.name).sorted().joined(separator: "*") }.sorted()
      .joined(separator: "+")
  }
}
