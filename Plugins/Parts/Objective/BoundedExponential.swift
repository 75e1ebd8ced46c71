import FulcrumKernel

/// Returns e^x of a log ratio, with x held in −80...80 so that neither it nor a weight made of it
/// overflows.
///
/// e^80 is 5.5e34, which leaves a factor of 6,000 below the greatest `Float` for advantages. A NaN
/// stays NaN. The limit guards the exponential only: derivatives are those of e^x, so a token far
/// outside is still pulled back.
package func boundedExponential(_ logRatio: Double) -> Double {
  // The NaN must be the first argument: min and max then return it.
  exp(min(max(logRatio, -80), 80))
}
