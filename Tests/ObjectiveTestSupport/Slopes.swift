/// −∂loss/∂x of every entry of x by central differences.
///
/// With a step of 1e-6 the truncation is about 1e-12 of the third derivative and the rounding about
/// 1e-10 of the loss. An entry within a step of a corner of the loss has no such slope.
package func negativeSlopes(of loss: ([Double]) -> Double, at point: [Double]) -> [Double] {
  let step = 1e-6
  return point.indices.map { index in
    var moved = point
    moved[index] = point[index] + step
    let above = loss(moved)
    moved[index] = point[index] - step
    return (loss(moved) - above) / (2 * step)
  }
}
