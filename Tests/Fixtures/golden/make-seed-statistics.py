"""Writes seed-statistics.json: comparisons of arms over a few seeds, by numpy and scipy.

Needs numpy and scipy, which take every part that has a name there: Student's quantiles and the paired
t-test, the normal distribution, quantiles, the Mann-Whitney statistic. Resamples are all of them, one by one.
Usage: python make-seed-statistics.py > seed-statistics.json
"""

import itertools
import json
import math
import random

import numpy
from scipy import stats


def tail(n):
    """The share of resamples beyond an end of the expanded percentile interval (Hesterberg 2015)."""
    return stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))


def quantiles(values, share):
    """The ends of all resamples' means beyond which there is at least such a share of them."""
    means = numpy.array([numpy.mean(draw) for draw in itertools.product(values, repeat=len(values))])
    # An end may lie between two resamples by a last bit only: equal means are made equal.
    means = numpy.round(means, 12)
    low = numpy.quantile(means, share, method="inverted_cdf")
    return [float(low), float(-numpy.quantile(-means, share, method="inverted_cdf"))]


def multisets(values, share):
    """The same for more values: each multiset once, with the number of its orders."""
    n = len(values)
    found = []
    for chosen in itertools.combinations_with_replacement(range(n), n):
        orders = math.factorial(n)
        for index in set(chosen):
            orders //= math.factorial(chosen.count(index))
        found.append((sum(values[index] for index in chosen) / n, orders))
    found.sort()

    def end(rows):
        total = 0
        for mean, orders in rows:
            total += orders
            if total >= share * n**n:
                return mean

    return [end(found), end(reversed(found))]


def holm(probabilities):
    order = sorted(range(len(probabilities)), key=lambda index: probabilities[index])
    corrected, largest = [0.0] * len(order), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * probabilities[index]))
        corrected[index] = largest
    return corrected


def main():
    random.seed(18)
    means = []
    for n in [2, 3, 4, 5, 5, 5, 6, 6]:
        values = [round(random.gauss(0.45, 0.03), 4) for _ in range(n)]
        means.append({"values": values, "mean": float(numpy.mean(values)), "interval": quantiles(values, tail(n))})
    drawn = []
    for n in [7, 8]:
        values = [round(random.gauss(0, 1), 3) for _ in range(n)]
        # Ten thousand draws find a quantile as well as this, but for one time in thousands.
        share, error = tail(n), 4 * math.sqrt(tail(n) * (1 - tail(n)) / 10_000)
        inner, outer = multisets(values, share + error), multisets(values, max(0, share - error))
        drawn.append({"values": values, "low": [outer[0], inner[0]], "high": [inner[1], outer[1]]})
    pairs = []
    for n, m in [(3, 3), (5, 5), (5, 5), (6, 6), (4, 6)]:
        own = [round(random.gauss(0.47, 0.03), 2) for _ in range(n)]
        other = [round(random.gauss(0.45, 0.03), 2) for _ in range(m)]
        shared = min(n, m)
        differences = [round(a - b, 10) for a, b in zip(own[:shared], other[:shared])]
        share = float(stats.mannwhitneyu(own, other).statistic) / (n * m)
        pairs.append(
            {
                "own": own,
                "other": other,
                "difference": float(numpy.mean(differences)),
                "interval": quantiles(differences, tail(shared)),
                "ahead": share,
                "p": float(stats.ttest_rel(own[:shared], other[:shared]).pvalue),
            }
        )
    probabilities = [0.01, 0.04, 0.03, 0.005, 0.6, 0.6]
    print(
        json.dumps(
            {
                "means": means,
                "drawn": drawn,
                "pairs": pairs,
                "holm": {"probabilities": probabilities, "corrected": holm(probabilities)},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
