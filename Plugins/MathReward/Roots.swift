/// Takes roots of fractions exactly: as a fraction times roots of primes.
enum Roots {
  /// - Returns: `nil` for a number that is too large to be taken apart into primes.
  static func power(_ number: Rational, _ exponent: Expression.Exponent) -> (
    coefficient: Rational, factors: Expression.Factors
  )? {
    guard let top = number.numerator.small, let bottom = number.denominator.small, top > 0 else {
      return nil
    }
    var exponents: [Int: Int] = [:]
    for (prime, count) in primes(of: top) { exponents[prime, default: 0] += count }
    for (prime, count) in primes(of: bottom) { exponents[prime, default: 0] -= count }
    var coefficient = Rational.one
    var factors: Expression.Factors = [:]
    for (prime, count) in exponents where count != 0 {
      guard let power = Expression.Exponent.reduced(count * exponent.top, exponent.bottom) else {
        return nil
      }
      if power.bottom == 1 {
        guard let whole = Rational(prime).power(power.top) else { return nil }
        coefficient = coefficient * whole
        guard !coefficient.isHuge else { return nil }
      } else {
        factors[.prime(prime)] = power
      }
    }
    return (coefficient, factors)
  }

  /// - Parameter number: below 2³¹, so at most 46,341 divisors are tried.
  private static func primes(of number: Int) -> [Int: Int] {
    var left = number
    var counts: [Int: Int] = [:]
    var divisor = 2
    while divisor * divisor <= left {
      while left % divisor == 0 {
        counts[divisor, default: 0] += 1
        left /= divisor
      }
      divisor += divisor == 2 ? 1 : 2
    }
    if left > 1 { counts[left, default: 0] += 1 }
    return counts
  }
}
