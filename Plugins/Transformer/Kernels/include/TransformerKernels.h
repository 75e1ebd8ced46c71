/* The loops of the transformer that are not matrix products.
 *
 * Why C: each function is compiled for several vector widths and chosen when the program starts
 * (target_clones), with multiply and add fused where the machine can.
 * Ownership: callers own all memory. Every function is safe on any thread on disjoint outputs.
 * Invariance: what a function writes for a row depends on that row alone, never on the number of
 * rows or on their order. Matrices are row-major float32. */
#pragma once
#include <stdint.h>

#include "OneDNN.h"

#if defined(__x86_64__)
/* Tells the core that this is a spin-wait loop. */
static inline void tk_pause(void) { __builtin_ia32_pause(); }
#else
static inline void tk_pause(void) {}
#endif

/* Lanes of a vector: packed key blocks and padded head sizes are multiples of it. */
#define TK_LANES 16

/* y[i] = e^x[i] within 2 ulp: 0 below -87.3, and saturated at e^88.3 above it. [count] */
void tk_exp(const float *x, float *y, int count);

/* y = x / sqrt(mean(x^2) + epsilon) * gain, a row at a time. x, y [rows][width]. */
void tk_rms_norm(const float *x, const float *gain, float *y, int rows, int width, float epsilon);

/* dx = residual + (d tk_rms_norm / dx)^T dy, and gain_gradient += its part of these rows.
 * dx may be residual. x, dy, residual, dx [rows][width]; gain_gradient [width]. */
void tk_rms_norm_backward(const float *x, const float *gain, const float *dy,
                          const float *residual, float *dx, float *gain_gradient, int rows,
                          int width, float epsilon);

/* tk_rms_norm in place on each of `heads` adjacent heads of x [rows][heads][size], rows `stride`
 * floats apart, all with one gain [size]. */
void tk_rms_norm_heads(float *x, int stride, const float *gain, int rows, int heads, int size,
                       float epsilon);

/* Replaces d by (d tk_rms_norm_heads / dx)^T d, and gain_gradient += its part of these rows.
 * x: as it was before. x, d [rows][heads][size] at their own strides; gain_gradient [size]. */
void tk_rms_norm_heads_backward(const float *x, int x_stride, const float *gain, float *d,
                                int d_stride, float *gain_gradient, int rows, int heads, int size,
                                float epsilon);

/* y = x rounded to bfloat16, to the nearest and to even. x [rows][count], rows x_stride apart;
 * y [rows][count] as bits. */
void tk_to_bf16(const float *x, int x_stride, uint16_t *y, int rows, int count);

/* y[row] += x for each row. x [count]; y [rows][count], rows `stride` floats apart. */
void tk_add_to_rows(const float *x, float *y, int stride, int rows, int count);

/* sums += every x[row], in order. x [rows][count], rows `stride` floats apart; sums [count]. */
void tk_sum_rows(const float *x, int stride, int rows, int count, float *sums);

/* Rotates the pairs (i, i + half) of `heads` heads of size 2 * half by their position's angles.
 * direction 1: forward; -1: back (the transpose). rows of x are `stride` floats apart;
 * cosines, sines [position][half]. */
void tk_rotate(float *x, int stride, const int32_t *positions, int rows, int heads, int half,
               const float *cosines, const float *sines, float direction);

/* out = silu(gate) * up. gate_up [rows][2 * width]: gate, then up; out [rows][width]. */
void tk_swiglu(const float *gate_up, float *out, int rows, int width);

/* Replaces gate_up by its gradient given d_out, and writes silu(gate) * up again to out. */
void tk_swiglu_backward(float *gate_up, const float *d_out, float *out, int rows, int width);

/* Holds the results of a softmax over scaled logits for one token. */
struct tk_token_statistics {
  float log_probability; /* nats */
  float entropy;         /* nats */
  float lever;           /* || onehot - pi ||_2 */
  float maximum;         /* of logits / temperature */
  float total;           /* sum of e^(logit / temperature - maximum) */
  float spread;          /* mean under pi of maximum - logit / temperature: entropy - log(total) */
};

/* logits [count], of which `target` was chosen. */
struct tk_token_statistics tk_score_token(const float *logits, int count,
                                          float inverse_temperature, int target);

/* Counts the tokens that come before `target`: more likely ones, and equally likely ones of lower
 * number.
 * No temperature changes it. */
int tk_rank(const float *logits, int count, int target);

/* The sum of pi over the tokens of at least threshold * the largest pi; threshold in 0...1. */
float tk_mass_above(const float *logits, int count, float inverse_temperature, float threshold);

/* The `top` likeliest tokens, the likeliest first; of equal logits the lower tokens come first.
 * 1 <= top <= count; tokens [top]. */
void tk_top_tokens(const float *logits, int count, int top, int32_t *tokens);

/* log pi, in nats, of tokens as tk_top_tokens orders them: tokens[0] is the likeliest of all.
 * tokens, log_probabilities [top]. */
void tk_log_probabilities(const float *logits, int count, float inverse_temperature,
                          const int32_t *tokens, int top, float *log_probabilities);

/* Replaces logits by weight * (onehot(target) - pi), pi rebuilt from maximum and total. */
void tk_logit_gradient(float *logits, int count, float inverse_temperature, float maximum,
                       float total, int target, float weight);

/* tk_logit_gradient plus entropy_weight * dH, where dH_k = -pi_k * (log pi_k + H) is the gradient of
 * the entropy by logit k / temperature. A token whose pi underflows to 0 adds nothing. */
void tk_logit_gradient_with_entropy(float *logits, int count, float inverse_temperature,
                                    float maximum, float total, float spread, int target,
                                    float weight, float entropy_weight);

/* The first token at which the running sum of softmax(logits / T) passes `uniform` in [0, 1).
 * scratch [count rounded up to TK_LANES]. */
int tk_sample(const float *logits, int count, float inverse_temperature, float uniform,
              float *scratch);

/* tk_sample from the likeliest tokens only: the top_k largest logits (0: all), of these the fewest
 * whose renormalised softmax adds up to top_p in (0, 1], and of these the ones whose softmax is at
 * least min_p in [0, 1] of the largest. Of equal logits the lower tokens come first. scratch as
 * tk_sample's; afterwards it has the softmax of the tokens that are left, without its factor, and
 * zeros. */
int tk_sample_truncated(const float *logits, int count, float inverse_temperature, int top_k,
                        float top_p, float min_p, float uniform, float *scratch);

/* The most likely token, the lowest on ties. */
int tk_largest(const float *logits, int count);

/* Writes key row `index` into blocks of TK_LANES keys: packed[index / 16][i][index % 16]. */
void tk_pack_key(const float *key, float *packed, int index, int head_size);

/* scores[r * stride + j] = scale * queries[r] . key j, for j < count rounded up to TK_LANES.
 * 1 <= rows <= 8; packed keys as tk_pack_key writes them. */
void tk_attention_scores(const float *const *queries, int rows, const float *packed_keys,
                         int count, int head_size, float scale, float *scores, int stride);

/* Replaces the first `count` scores by e^(score - maximum) and the rest up to `columns`, rounded up
 * to TK_LANES, by 0, and gives the sum. log_sum: maximum + log(sum). count <= columns. */
float tk_attention_softmax(float *scores, int count, int columns, float *log_sum);

/* sums[r][i] += sum over j of weights[r * stride + j] * values[j][i], j in order.
 * 1 <= rows <= 8; values [count][padded], sums [rows][padded], padded a multiple of TK_LANES. */
void tk_attention_values(const float *weights, int stride, int rows, const float *values,
                         int count, int padded, float *sums);

/* One query row of the backward pass. scores: q . k without scale, replaced by the probabilities
 * p = e^(scale * score - log_sum), 0 from `count` to `columns`; d_probabilities, replaced by
 * scale * p * (d_probability - dot). */
void tk_attention_backward_row(float *scores, float *d_probabilities, int count, int columns,
                               float scale, float log_sum, float dot);

/* y = factor * x */
void tk_scale(const float *x, float factor, float *y, int count);

/* a . b */
float tk_dot(const float *a, const float *b, int count);

/* y += x */
void tk_add(const float *x, float *y, int count);

/* y = keep * y + share * x */
void tk_blend(const float *x, float *y, int count, float keep, float share);

/* Sum of squares in double precision: not finite if an element is not. */
double tk_sum_of_squares(const float *x, int count);

struct tk_adamw {
  float gradient_scale; /* clipping, and the sign that turns ascent into descent */
  float beta1, complement1; /* complement: 1 - beta, rounded once */
  float beta2, complement2;
  float decay;        /* 1 - learning rate * weight decay */
  float step_size;    /* learning rate / (1 - beta1^t) */
  float inverse_root; /* 1 / sqrt(1 - beta2^t) */
  float epsilon;
};

/* One AdamW step on `count` adjacent parameters. */
void tk_adamw_step(float *parameters, const float *gradients, float *first, float *second,
                   int count, struct tk_adamw settings);

/* A product with few inner or few columns: a factor of a low-rank adapter. */
struct tk_thin {
  int32_t rows, inner, columns;
  /* The distances between rows. */
  int32_t x_stride, w_stride, y_stride;
  float scale;
  /* Whether the product is added to y, or written. */
  int32_t adds;
};

/* y[r][c] = scale * sum over k of x[r][k] * w[k][c], k in order, or that much more.
 * x [rows][inner], w [inner][columns], y [rows][columns]. */
void tk_thin_product(const struct tk_thin *product, const float *x, const float *w, float *y);

/* y[c][r] = x[r][c]. x [rows][columns], y [columns][rows]. */
void tk_transpose(const float *x, float *y, int rows, int columns);

/* Whether all are 0. */
int tk_is_zero(const float *x, int count);
