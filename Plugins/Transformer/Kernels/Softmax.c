#include "Vector.h"

/* Lanes of floats are added up in double after so many elements: keeps sums over large
 * vocabularies exact to float rounding. */
enum { FLUSH = 1024 };

TK_CLONES
void tk_exp(const float *x, float *y, int count) {
  int i = 0;
  v16 v;
  for (; i + 16 <= count; i += 16) {
    v = TK_LOAD(x + i);
    tk_exp16(&v);
    TK_STORE(y + i, v);
  }
  if (i == count) return;
  tk_load_part(&v, x + i, count - i, 0);
  tk_exp16(&v);
  tk_store_part(y + i, &v, count - i);
}

/* Sums over all tokens but the target: s1 of e, s2 of e^2, and s3 of e * (maximum - z), where
 * e = e^(z - maximum). Leaving the target out keeps 1 - pi exact where pi is near 1. */
TK_CLONES
struct tk_token_statistics tk_score_token(const float *logits, int count,
                                          float inverse_temperature, int target) {
  const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  float maximum = tk_largest_of(logits, count) * inverse_temperature;
  double s1 = 0, s2 = 0, s3 = 0;
  for (int begin = 0; begin < count; begin += FLUSH) {
    int end = begin + FLUSH < count ? begin + FLUSH : count;
    v16 a1 = 0.0f, a2 = 0.0f, a3 = 0.0f;
    for (int i = begin; i < end; i += 16) {
      v16 z;
      if (i + 16 <= end)
        z = TK_LOAD(logits + i);
      else
        tk_load_part(&z, logits + i, end - i, -INFINITY);
      v16 below = z * inverse_temperature - maximum;
      v16 e = below;
      tk_exp16(&e);
      e = (lane + i == target) ? (v16)0.0f : e;
      /* 0 * infinity of lanes past the end must count as nothing. */
      below = (e == 0.0f) ? (v16)0.0f : below;
      a1 += e;
      a2 += e * e;
      a3 -= e * below;
    }
    s1 += tk_sum(&a1);
    s2 += tk_sum(&a2);
    s3 += tk_sum(&a3);
  }
  double below = (double)(logits[target] * inverse_temperature) - maximum;
  double own = exp(below);
  double total = s1 + own;
  double spread = (s3 - own * below) / total;
  struct tk_token_statistics result;
  result.log_probability = (float)(below == 0 ? -log1p(s1) : below - log(total));
  result.entropy = (float)((below == 0 ? log1p(s1) : log(total)) + spread);
  /* (1 - pi)^2 + sum of the others' pi^2 */
  result.lever = (float)(sqrt(s1 * s1 + s2) / total);
  result.maximum = maximum;
  result.total = (float)total;
  result.spread = (float)spread;
  return result;
}

TK_CLONES
void tk_logit_gradient(float *logits, int count, float inverse_temperature, float maximum,
                       float total, int target, float weight) {
  float scale = -weight / total;
  v16 v;
  int i = 0;
  /* The target's own gradient is weight * (1 - pi), summed from the others. */
  double others = 0;
  logits[target] = -INFINITY;
  for (; i < count; i += 16) {
    int part = count - i < 16 ? count - i : 16;
    if (part == 16)
      v = TK_LOAD(logits + i);
    else
      tk_load_part(&v, logits + i, part, -INFINITY);
    v = v * inverse_temperature - maximum;
    tk_exp16(&v);
    v *= scale;
    others += tk_sum(&v);
    if (part == 16)
      TK_STORE(logits + i, v);
    else
      tk_store_part(logits + i, &v, part);
  }
  logits[target] = (float)-others;
}

/* log pi_k + H = (z_k - maximum) + spread: log(total) cancels, and so does not cost the digits of
 * an H that is far below it. */
TK_CLONES
void tk_logit_gradient_with_entropy(float *logits, int count, float inverse_temperature,
                                    float maximum, float total, float spread, int target,
                                    float weight, float entropy_weight) {
  float share = 1 / total;
  double own_below = (double)(logits[target] * inverse_temperature) - maximum;
  double own = exp(own_below) / total;
  v16 v;
  int i = 0;
  /* The target's part of weight is weight * (1 - pi), summed from the others; its part of
   * entropy_weight is a product, as exact as theirs. */
  double others = 0;
  logits[target] = -INFINITY;
  for (; i < count; i += 16) {
    int part = count - i < 16 ? count - i : 16;
    if (part == 16)
      v = TK_LOAD(logits + i);
    else
      tk_load_part(&v, logits + i, part, -INFINITY);
    v16 below = v * inverse_temperature - maximum;
    v = below;
    tk_exp16(&v);
    /* p log p is 0 where p is: not 0 * infinity. */
    below = (v == 0.0f) ? (v16)0.0f : below;
    v *= share;
    others += tk_sum(&v);
    v *= -weight - entropy_weight * (below + spread);
    if (part == 16)
      TK_STORE(logits + i, v);
    else
      tk_store_part(logits + i, &v, part);
  }
  double own_slope = own == 0 ? 0 : own * (own_below + spread);
  logits[target] = (float)(weight * others - entropy_weight * own_slope);
}
