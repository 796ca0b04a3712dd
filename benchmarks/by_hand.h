/* The workloads of machine.py and training.py by hand in C, the limit that programs are compared with.
 *
 * Samples lie side by side in lanes of blocks: x[i * LANES + l] is number i of sample l. gcc and clang make
 * vector instructions of these loops at -O3 -fno-math-errno -fno-trapping-math.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define ALIGNED __attribute__((aligned(64)))

#define WIDTH 4
typedef double Vector __attribute__((vector_size(8 * WIDTH), aligned(8)));

INLINE Vector load(const double *from) { return *(const Vector *)from; }
INLINE void store(double *to, Vector v) { *(Vector *)to = v; }
INLINE double total(Vector v) { return (v[0] + v[1]) + (v[2] + v[3]); }

/* --- exp, log and tanh without branches, so that loops over them vectorise; for normal numbers --- */

INLINE uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, 8);
    return bits;
}

INLINE double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

#define TO_INTEGER 6755399441055744.0 /* 1.5 * 2**52: what is added to it is rounded to an integer */
#define LN2_HIGH 6.93147180369123816490e-01 /* ln(2) in two parts, as in fdlibm */
#define LN2_LOW 1.90821492927058770002e-10

/* x = k ln(2) + r: returns exp(r) - 1 by its Taylor series, and 2**k. */
INLINE double expm1_of_rest(double x, double *power)
{
    double shifted = x * 1.4426950408889634 + TO_INTEGER, k = shifted - TO_INTEGER;
    double r = (x - k * LN2_HIGH) - k * LN2_LOW, s = r * r;
    double even = 1.0 / 3628800 + s * (1.0 / 479001600), odd = 1.0 / 39916800 + s * (1.0 / 6227020800);
    even = 1.0 / 2 + s * (1.0 / 24 + s * (1.0 / 720 + s * (1.0 / 40320 + s * even)));
    odd = 1.0 / 6 + s * (1.0 / 120 + s * (1.0 / 5040 + s * (1.0 / 362880 + s * odd)));
    *power = from_bits((bits_of(shifted) + 1023) << 52);
    return r + s * (even + r * odd);
}

INLINE double exp_(double x)
{
    double power, within = x > 708.0 ? 708.0 : x < -708.0 ? -708.0 : x;
    double rest = expm1_of_rest(within, &power);
    return power + power * rest;
}

INLINE double tanh_(double x)
{
    double power, size = fabs(x), rest = expm1_of_rest(2.0 * (size > 20.0 ? 20.0 : size), &power);
    double em1 = power * rest + (power - 1.0);
    return copysign(em1 / (em1 + 2.0), x);
}

/* x = 2**k m with m from sqrt(1/2) to sqrt(2); log(m) by fdlibm's polynomial in s = (m - 1) / (m + 1). */
INLINE double log_(double x)
{
    uint64_t bits = bits_of(x);
    uint64_t exponent = (bits - 0x3fe6a09e00000000 + 0x4000000000000000) >> 52; /* k + 1024 */
    double k = from_bits(exponent | 0x4330000000000000) - (4503599627370496.0 + 1024.0);
    double f = from_bits(bits - ((exponent - 1024) << 52)) - 1.0, s = f / (2.0 + f), z = s * s, w = z * z;
    double even = 2.222219843214978396e-01 + w * 1.531383769920937332e-01;
    double odd = 1.818357216161805012e-01 + w * 1.479819860511658591e-01;
    even = w * (3.999999999940941908e-01 + w * even);
    odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * odd));
    double half = 0.5 * f * f;
    return k * LN2_HIGH - ((half - (s * (half + even + odd) + k * LN2_LOW)) - f);
}

/* --- matrices times lanes --- */

/* out[j] = sum of weights[j * row + i * column] x[i], plus bias[j]: `tile` rows by two vectors at a time. */
INLINE void times(int rows, int columns, int lanes, int tile, const double *weights, int row, int column,
                  const double *bias, const double *x, double *out)
{
    for (int l = 0; l < lanes; l += 2 * WIDTH)
        for (int j = 0; j < rows; j += tile) {
            Vector sums[8][2];
            for (int t = 0; t < tile; t++) sums[t][0] = sums[t][1] = (Vector){0} + (bias ? bias[j + t] : 0.0);
            for (int i = 0; i < columns; i++) {
                Vector first = load(x + i * lanes + l), second = load(x + i * lanes + l + WIDTH);
                for (int t = 0; t < tile; t++) {
                    double weight = weights[(j + t) * row + i * column];
                    sums[t][0] += weight * first;
                    sums[t][1] += weight * second;
                }
            }
            for (int t = 0; t < tile; t++) {
                store(out + (j + t) * lanes + l, sums[t][0]);
                store(out + (j + t) * lanes + l + WIDTH, sums[t][1]);
            }
        }
}

/* out[j * columns + i] += sum over lanes of d[j] x[i], and bias[j] += sum of d[j]; two by two at a time. */
INLINE void outer(int rows, int columns, int lanes, const double *d, const double *x, double *out,
                  double *bias)
{
    for (int j = 0; j < rows; j += 2) {
        const double *d0 = d + j * lanes, *d1 = d0 + lanes;
        Vector b0 = {0}, b1 = {0};
        for (int l = 0; l < lanes; l += WIDTH) {
            b0 += load(d0 + l);
            b1 += load(d1 + l);
        }
        bias[j] += total(b0);
        bias[j + 1] += total(b1);
        for (int i = 0; i < columns; i += 2) {
            const double *x0 = x + i * lanes, *x1 = x0 + lanes;
            Vector s00 = {0}, s01 = {0}, s10 = {0}, s11 = {0};
            for (int l = 0; l < lanes; l += WIDTH) {
                s00 += load(d0 + l) * load(x0 + l);
                s01 += load(d0 + l) * load(x1 + l);
                s10 += load(d1 + l) * load(x0 + l);
                s11 += load(d1 + l) * load(x1 + l);
            }
            out[j * columns + i] += total(s00);
            out[j * columns + i + 1] += total(s01);
            out[(j + 1) * columns + i] += total(s10);
            out[(j + 1) * columns + i + 1] += total(s11);
        }
    }
}

/* --- a, b: MLP 2-16-16-1, hinge loss, mean over samples --- */

#define HIDDEN 16
#ifndef BLOCK
#define BLOCK 104 /* 100 samples at once */
#endif

INLINE void activate(int tanh_is_meant, double *h)
{
    for (int i = 0; i < HIDDEN * BLOCK; i++)
        h[i] = tanh_is_meant ? tanh_(h[i]) : h[i] > 0.0 ? h[i] : 0.0;
}

/* d *= the slope of the activation, by its result h */
INLINE void times_slope(int tanh_is_meant, const double *h, double *d)
{
    for (int i = 0; i < HIDDEN * BLOCK; i++)
        d[i] *= tanh_is_meant ? 1.0 - h[i] * h[i] : h[i] > 0.0 ? 1.0 : 0.0;
}

/* The loss; p and g are the parameters and gradients W1, b1, W2, b2, W3, b3, X has a row for each sample. */
INLINE double moons(int tanh_is_meant, const double *const p[6], const double *X, const double *y,
                    int samples, double *const g[6])
{
    static double x[2 * BLOCK] ALIGNED, h1[HIDDEN * BLOCK] ALIGNED, h2[HIDDEN * BLOCK] ALIGNED;
    static double d1[HIDDEN * BLOCK] ALIGNED, d2[HIDDEN * BLOCK] ALIGNED;
    static double d3[BLOCK] ALIGNED, losses[BLOCK] ALIGNED;
    static const int sizes[6] = {2 * HIDDEN, HIDDEN, HIDDEN * HIDDEN, HIDDEN, HIDDEN, 1};
    double loss = 0.0, share = 1.0 / samples;
    for (int k = 0; k < 6; k++) memset(g[k], 0, 8 * sizes[k]);
    for (int first = 0; first < samples; first += BLOCK) {
        int count = samples - first < BLOCK ? samples - first : BLOCK;
        for (int l = 0; l < BLOCK; l++) {
            x[l] = l < count ? X[2 * (first + l)] : 0.0;
            x[BLOCK + l] = l < count ? X[2 * (first + l) + 1] : 0.0;
        }
        times(HIDDEN, 2, BLOCK, 4, p[0], 2, 1, p[1], x, h1);
        activate(tanh_is_meant, h1);
        times(HIDDEN, HIDDEN, BLOCK, 4, p[2], HIDDEN, 1, p[3], h1, h2);
        activate(tanh_is_meant, h2);
        times(1, HIDDEN, BLOCK, 1, p[4], HIDDEN, 1, p[5], h2, d3);
        for (int l = 0; l < BLOCK; l++) {
            double label = l < count ? y[first + l] : 0.0, weight = l < count ? share : 0.0;
            double margin = 1.0 - label * d3[l], is_on = margin > 0.0 ? weight : 0.0;
            d3[l] = -label * is_on;
            losses[l] = margin * is_on;
        }
        Vector values = {0}, slopes = {0};
        for (int l = 0; l < BLOCK; l += WIDTH) {
            values += load(losses + l);
            slopes += load(d3 + l);
        }
        loss += total(values);
        g[5][0] += total(slopes);
        for (int i = 0; i < HIDDEN; i++) {
            Vector sum = {0};
            for (int l = 0; l < BLOCK; l += WIDTH) {
                sum += load(d3 + l) * load(h2 + i * BLOCK + l);
                store(d2 + i * BLOCK + l, load(d3 + l) * p[4][i]);
            }
            g[4][i] += total(sum);
        }
        times_slope(tanh_is_meant, h2, d2);
        outer(HIDDEN, HIDDEN, BLOCK, d2, h1, g[2], g[3]);
        times(HIDDEN, HIDDEN, BLOCK, 4, p[2], 1, HIDDEN, 0, d2, d1);
        times_slope(tanh_is_meant, h1, d1);
        outer(HIDDEN, 2, BLOCK, d1, x, g[0], g[1]);
    }
    return loss;
}

/* --- c: MLP 64-32-10 with tanh, softmax cross-entropy, mean over up to 32 samples --- */

#define PIXELS 64
#define UNITS 32
#define CLASSES 10
#define BATCH 32

/* The loss; p and g are W1, b1, W2, b2; X and the targets, a 1 among zeros, have a row for each sample, of
 * which rows[l], or l if rows is NULL, is that of sample l. */
INLINE double digits(const double *const p[4], const double *X, const double *targets, const int64_t *rows,
                     int count, double *const g[4])
{
    static double x[PIXELS * BATCH] ALIGNED, h[UNITS * BATCH] ALIGNED, d1[UNITS * BATCH] ALIGNED;
    static double t[CLASSES * BATCH] ALIGNED, z[CLASSES * BATCH] ALIGNED, d2[CLASSES * BATCH] ALIGNED;
    static double most[BATCH] ALIGNED, sum[BATCH] ALIGNED, hit[BATCH] ALIGNED;
    static const int sizes[4] = {PIXELS * UNITS, UNITS, UNITS * CLASSES, CLASSES};
    double loss = 0.0, share = 1.0 / count;
    for (int k = 0; k < 4; k++) memset(g[k], 0, 8 * sizes[k]);
    for (int l = 0; l < count; l++) {
        int64_t row = rows ? rows[l] : l;
        for (int i = 0; i < PIXELS; i++) x[i * BATCH + l] = X[row * PIXELS + i];
        for (int k = 0; k < CLASSES; k++) t[k * BATCH + l] = targets[row * CLASSES + k];
    }
    for (int l = count; l < BATCH; l++) { /* lanes without a sample */
        for (int i = 0; i < PIXELS; i++) x[i * BATCH + l] = 0.0;
        for (int k = 0; k < CLASSES; k++) t[k * BATCH + l] = 0.0;
    }
    times(UNITS, PIXELS, BATCH, 4, p[0], PIXELS, 1, p[1], x, h);
    for (int i = 0; i < UNITS * BATCH; i++) h[i] = tanh_(h[i]);
    times(CLASSES, UNITS, BATCH, 5, p[2], UNITS, 1, p[3], h, z);
    memcpy(most, z, sizeof most);
    for (int k = 1; k < CLASSES; k++)
        for (int l = 0; l < BATCH; l++) most[l] = z[k * BATCH + l] > most[l] ? z[k * BATCH + l] : most[l];
    memset(sum, 0, sizeof sum);
    memset(hit, 0, sizeof hit);
    for (int k = 0; k < CLASSES; k++)
        for (int l = 0; l < BATCH; l++) {
            d2[k * BATCH + l] = exp_(z[k * BATCH + l] - most[l]);
            sum[l] += d2[k * BATCH + l];
            hit[l] += z[k * BATCH + l] * t[k * BATCH + l];
        }
    for (int l = 0; l < BATCH; l++) {
        hit[l] = most[l] + log_(sum[l]) - hit[l];
        sum[l] = (l < count ? share : 0.0) / sum[l];
    }
    for (int l = 0; l < count; l++) loss += hit[l];
    for (int k = 0; k < CLASSES; k++)
        for (int l = 0; l < BATCH; l++)
            d2[k * BATCH + l] = d2[k * BATCH + l] * sum[l] - t[k * BATCH + l] * share;
    outer(CLASSES, UNITS, BATCH, d2, h, g[2], g[3]);
    times(UNITS, CLASSES, BATCH, 4, p[2], 1, UNITS, 0, d2, d1);
    for (int i = 0; i < UNITS * BATCH; i++) d1[i] *= 1.0 - h[i] * h[i];
    outer(UNITS, PIXELS, BATCH, d1, x, g[0], g[1]);
    return loss * share;
}

#define BETA1 0.9
#define BETA2 0.999

/* Step number `step`, from 1, of Adam. */
INLINE void adam(int size, double *p, double *mean, double *square, const double *g, int64_t step, double lr)
{
    double rate = lr / (1.0 - pow(BETA1, step)), scale = 1.0 / sqrt(1.0 - pow(BETA2, step));
    for (int i = 0; i < size; i++) {
        mean[i] = BETA1 * mean[i] + (1.0 - BETA1) * g[i];
        square[i] = BETA2 * square[i] + (1.0 - BETA2) * (g[i] * g[i]);
        p[i] -= rate * mean[i] / (sqrt(square[i]) * scale + 1e-8);
    }
}

/* An epoch in this order of the samples, after `steps` steps; the mean of the losses of the samples. */
static double digits_epoch(double *const p[4], double *const means[4], double *const squares[4],
                           const double *X, const double *targets, const int64_t *order, int samples,
                           int64_t steps, double lr)
{
    static double g0[PIXELS * UNITS] ALIGNED, g1[UNITS] ALIGNED, g2[UNITS * CLASSES] ALIGNED;
    static double g3[CLASSES] ALIGNED, *const g[4] = {g0, g1, g2, g3};
    static const int sizes[4] = {PIXELS * UNITS, UNITS, UNITS * CLASSES, CLASSES};
    double total = 0.0;
    for (int first = 0; first < samples; first += BATCH) {
        int count = samples - first < BATCH ? samples - first : BATCH;
        total += count * digits((const double *const *)p, X, targets, order + first, count, g);
        steps++;
        for (int k = 0; k < 4; k++) adam(sizes[k], p[k], means[k], squares[k], g[k], steps, lr);
    }
    return total / samples;
}

/* --- d: 20 operations of three numbers --- */

static double formula(double x, double y, double z, double g[3])
{
    double a = x * y, c = exp(-(z * z)), d = sin(a) + c;
    double e = tanh(d * x), under = 1.0 + y * y, f = e / under;
    double inner = 1.0 + f * f, k = log(inner), h = sqrt(k * k + a * a), dh = d / h;
    double df = 1.0 + dh * k * (2.0 * f / inner), du = df / under * (1.0 - e * e);
    double dd = h + du * x, da = dh * a + dd * cos(a);
    g[0] = du * d + da * y;
    g[1] = da * x - df * f / under * (2.0 * y);
    g[2] = -1.0 - dd * c * (2.0 * z);
    return h * d + (f - z);
}

/* --- e: Rosenbrock's function of n numbers --- */

static double rosenbrock(const double *x, int n, double *g)
{
    double sum = 0.0;
    memset(g, 0, 8 * n);
    for (int i = 0; i < n - 1; i++) {
        double d = x[i + 1] - x[i] * x[i], e = 1.0 - x[i];
        sum += 100.0 * (d * d) + e * e;
        g[i] -= 400.0 * d * x[i] + 2.0 * e;
        g[i + 1] += 200.0 * d;
    }
    return sum;
}
