#include "Vector.h"

void tk_pack_key(const float *key, float *packed, int index, int head_size) {
  float *lane = packed + (long)(index / 16) * head_size * 16 + index % 16;
  for (int i = 0; i < head_size; i++) lane[i * 16] = key[i];
}

/* ROWS queries against BLOCKS blocks of keys: ROWS * BLOCKS chains of fused multiply and add. The
 * order of one score's sum (i ascending) is the same for every ROWS and BLOCKS. */
#define SCORES(ROWS, BLOCKS)                                                              \
  for (; block + BLOCKS <= blocks; block += BLOCKS) {                                     \
    const float *keys = packed_keys + (long)block * head_size * 16;                       \
    v16 sums[ROWS][BLOCKS];                                                               \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                     \
        _Pragma("clang loop unroll(full)") for (int b = 0; b < BLOCKS; b++)               \
            sums[r][b] = 0.0f;                                                            \
    for (int i = 0; i < head_size; i++) {                                                 \
      _Pragma("clang loop unroll(full)") for (int b = 0; b < BLOCKS; b++) {               \
        v16 k = TK_LOAD(keys + (long)b * head_size * 16 + i * 16);                        \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                 \
            sums[r][b] += k * queries[row + r][i];                                        \
      }                                                                                   \
    }                                                                                     \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                     \
        _Pragma("clang loop unroll(full)") for (int b = 0; b < BLOCKS; b++)               \
            TK_STORE(scores + (long)(row + r) * stride + (block + b) * 16,                \
                     sums[r][b] * scale);                                                 \
  }

TK_CLONES
void tk_attention_scores(const float *const *queries, int rows, const float *packed_keys,
                         int count, int head_size, float scale, float *scores, int stride) {
  int blocks = (count + 15) / 16;
  int row = 0;
  for (; row + 8 <= rows; row += 8) {
    int block = 0;
    SCORES(8, 2)
    SCORES(8, 1)
  }
  for (; row + 4 <= rows; row += 4) {
    int block = 0;
    SCORES(4, 2)
    SCORES(4, 1)
  }
  for (; row + 3 <= rows; row += 3) {
    int block = 0;
    SCORES(3, 4)
    SCORES(3, 1)
  }
  for (; row + 2 <= rows; row += 2) {
    int block = 0;
    SCORES(2, 4)
    SCORES(2, 1)
  }
  for (; row < rows; row++) {
    int block = 0;
    SCORES(1, 8)
    SCORES(1, 1)
  }
}

TK_CLONES
float tk_attention_softmax(float *scores, int count, int columns, float *log_sum) {
  int padded = (columns + 15) / 16 * 16;
  for (int j = count; j < padded; j++) scores[j] = -INFINITY;
  v16 most = -INFINITY;
  for (int j = 0; j < padded; j += 16)
    most = __builtin_elementwise_max(most, TK_LOAD(scores + j));
  float maximum = tk_maximum(&most);
  v16 sums = 0.0f;
  for (int j = 0; j < padded; j += 16) {
    v16 e = TK_LOAD(scores + j) - maximum;
    tk_exp16(&e);
    sums += e;
    TK_STORE(scores + j, e);
  }
  float sum = tk_sum(&sums);
  *log_sum = maximum + logf(sum);
  return sum;
}

/* ROWS rows by CHUNKS vectors of the head: each lane's sum runs over j in order, whatever ROWS
 * and CHUNKS are. */
#define VALUES(ROWS, CHUNKS)                                                              \
  for (; chunk + CHUNKS <= chunks; chunk += CHUNKS) {                                     \
    v16 totals[ROWS][CHUNKS];                                                             \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                     \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < CHUNKS; c++)               \
            totals[r][c] = TK_LOAD(sums + (long)(row + r) * padded + (chunk + c) * 16);   \
    for (int j = 0; j < count; j++) {                                                     \
      const float *value = values + (long)j * padded + chunk * 16;                        \
      v16 v[CHUNKS];                                                                      \
      _Pragma("clang loop unroll(full)") for (int c = 0; c < CHUNKS; c++)                 \
          v[c] = TK_LOAD(value + c * 16);                                                 \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                 \
        float weight = weights[(long)(row + r) * stride + j];                             \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < CHUNKS; c++)               \
            totals[r][c] += v[c] * weight;                                                \
      }                                                                                   \
    }                                                                                     \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                     \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < CHUNKS; c++)               \
            TK_STORE(sums + (long)(row + r) * padded + (chunk + c) * 16, totals[r][c]);   \
  }

TK_CLONES
void tk_attention_values(const float *weights, int stride, int rows, const float *values,
                         int count, int padded, float *sums) {
  int chunks = padded / 16;
  int row = 0;
  for (; row + 8 <= rows; row += 8) {
    int chunk = 0;
    VALUES(8, 2)
    VALUES(8, 1)
  }
  for (; row + 4 <= rows; row += 4) {
    int chunk = 0;
    VALUES(4, 4)
    VALUES(4, 2)
    VALUES(4, 1)
  }
  for (; row + 3 <= rows; row += 3) {
    int chunk = 0;
    VALUES(3, 4)
    VALUES(3, 1)
  }
  for (; row + 2 <= rows; row += 2) {
    int chunk = 0;
    VALUES(2, 4)
    VALUES(2, 2)
    VALUES(2, 1)
  }
  for (; row < rows; row++) {
    int chunk = 0;
    VALUES(1, 4)
    VALUES(1, 2)
    VALUES(1, 1)
  }
}

TK_CLONES
void tk_attention_backward_row(float *scores, float *d_probabilities, int count, int columns,
                               float scale, float log_sum, float dot) {
  int j = 0;
  v16 p, d;
  for (; j + 16 <= count; j += 16) {
    p = TK_LOAD(scores + j) * scale - log_sum;
    tk_exp16(&p);
    d = (TK_LOAD(d_probabilities + j) - dot) * p * scale;
    TK_STORE(scores + j, p);
    TK_STORE(d_probabilities + j, d);
  }
  if (j < count) {
    int part = count - j;
    tk_load_part(&p, scores + j, part, 0);
    tk_load_part(&d, d_probabilities + j, part, 0);
    p = p * scale - log_sum;
    tk_exp16(&p);
    d = (d - dot) * p * scale;
    tk_store_part(scores + j, &p, part);
    tk_store_part(d_probabilities + j, &d, part);
  }
  for (j = count; j < columns; j++) scores[j] = d_probabilities[j] = 0;
}

TK_CLONES
void tk_scale(const float *x, float factor, float *y, int count) {
  int i = 0;
  for (; i + 16 <= count; i += 16) TK_STORE(y + i, TK_LOAD(x + i) * factor);
  for (; i < count; i++) y[i] = x[i] * factor;
}

TK_CLONES
float tk_dot(const float *a, const float *b, int count) {
  v16 sums = 0.0f;
  float rest = 0;
  int i = 0;
  for (; i + 16 <= count; i += 16) sums += TK_LOAD(a + i) * TK_LOAD(b + i);
  for (; i < count; i++) rest += a[i] * b[i];
  return tk_sum(&sums) + rest;
}
