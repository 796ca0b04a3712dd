"""sin and cos in C.

Angles up to 1e6 are reduced as by Cody and Waite (Software Manual for the Elementary Functions, 1980), others
as by Payne and Hanek (SIGNUM Newsletter 18, 1983): in vectors the latter are mended afterwards.
"""

from __future__ import annotations

from autograd.elementary.parts import BITS_C, ROUND, polynomial

_SIN_TAIL = (  # (sin(r) - r) / r**3 and (cos(r) - 1 + r**2/2) / r**4, by r**2, for |r| <= pi / 4
    -0.16666666666666666,
    0.008333333333330936,
    -0.00019841269836740532,
    2.7557316093198404e-06,
    -2.5051129896450185e-08,
    1.5917988979397435e-10,
)
_COS_TAIL = (
    0.041666666666666664,
    -0.0013888888888887389,
    2.48015872987544e-05,
    -2.755731726587808e-07,
    2.087614504941318e-09,
    -1.138254464534925e-11,
)
# pi/2 in parts; of 33 bits, but for the last, so that products with whole numbers below 2**20 are exact
_HALF_PI = ("1.5707963267341256", "6.077100506303966e-11", "2.0222662487111665e-21", "8.4784276603689e-32")
SIN_PARTS_C = (
    """\
/* sin(r + rest + turns * pi/2) for |r| <= pi/4, where rest is smaller than the last digit of r. */
AUTOGRAD_INLINE double autograd_sin_turned(double r, double rest, autograd_word turns)
{
    const double square = r * r, half = 0.5 * square, whole = 1.0 - half;
"""
    + polynomial("sine", "square", _SIN_TAIL)
    + polynomial("cosine", "square", _COS_TAIL).replace("    const double square2", "\0").split("\n", 2)[2]
    + """\
    const double sin_r = r + (square * r * sine + rest * whole);
    const double cos_r = whole + (((1.0 - whole) - half) + (square2 * cosine - r * rest));
    const autograd_word s = autograd_bits(sin_r), c = autograd_bits(cos_r);
    return autograd_double((s ^ ((s ^ c) & (0 - (turns & 1)))) ^ ((turns & 2) << 62));
}
"""
    + f"""\
/* sin(x + turns * pi/2) for |x| <= 1e6. */
AUTOGRAD_INLINE double autograd_sin_near(double x, autograd_word turns)
{{
    const double shifted = x * 0.6366197723675814 + {ROUND}, n = shifted - {ROUND};
    const double a = x - n * {_HALF_PI[0]}, b = n * {_HALF_PI[1]}, c = n * {_HALF_PI[2]};
    const double ab = a - b, part = ab - a, lost = (a - (ab - part)) - (b + part);
    const double abc = ab - c, next = abc - ab, lost_next = (ab - (abc - next)) - (c + next);
    const double lower = (lost + lost_next) - n * {_HALF_PI[3]}, r = abc + lower;
    return autograd_sin_turned(r, (abc - r) + lower, autograd_bits(shifted) + turns);
}}
"""
)
# 2/pi, from its binary point on
_TWO_OVER_PI = (
    "a2f9836e 4e441529 fc2757d1 f534ddc0 db629599 3c439041 fe5163ab debbc561 b7246e3a 424dd2e0 06492eea "
    "09d1921c fe1deb1c b129a73e e88235f5 2ebb4484 e99c7026 b45f7e41 3991d639 835339f4 9c845f8b bdf9283b "
    "1ff897ff de05980f ef2f118b 5a0a6d1f 6d367ecf 27cb09b7 4f463f66 9e5fea2d 7527bac7 ebe5f17b 3d0739f7 "
    "8a5292ea 6bfb5fb1 1f8d5d08 56033046 fc7b6bab f0cfbc20"
).split()
SIN_FAR_C = f"""\
/* The 64 bits that begin at this place of a number of 32-bit digits. */
static autograd_word autograd_window(const autograd_word *digits, int at)
{{
    const int k = at / 32, shift = at % 32;
    const autograd_word low = digits[k] >> shift | digits[k + 1] << (32 - shift);
    return shift ? low | digits[k + 2] << (64 - shift) : low;
}}
/* sin(x + turns * pi/2) for any x: the digits of x * 2/pi that matter are multiplied out. */
static double autograd_sin_far(double x, autograd_word turns)
{{
    static const unsigned int two_over_pi[] = {{
        {", ".join(f"0x{word}" for word in _TWO_OVER_PI[:13])},
        {", ".join(f"0x{word}" for word in _TWO_OVER_PI[13:26])},
        {", ".join(f"0x{word}" for word in _TWO_OVER_PI[26:])}}};
    const autograd_word bits = autograd_bits(x) & 0x7fffffffffffffffu;
    const autograd_word fraction = (bits & 0xfffffffffffffu) | 0x10000000000000u;
    const int exponent = (int)(bits >> 52) - 1075; /* x is the fraction times 2**exponent */
    if (exponent > 971)
        return NAN;
    const int skipped = exponent > 2 ? (exponent - 2) / 32 : 0; /* digits that make whole turns */
    autograd_word product[13] = {{0}};
    for (int half = 0; half < 2; half++) {{
        autograd_word carry = 0;
        for (int i = 0; i < 8; i++) {{
            const autograd_word digit = half ? fraction >> 32 : fraction & 0xffffffffu;
            carry += product[half + i] + digit * two_over_pi[skipped + 7 - i];
            product[half + i] = carry & 0xffffffffu;
            carry >>= 32;
        }}
        product[half + 8] = carry;
    }}
    const int point = 256 - (exponent - 32 * skipped);
    autograd_word quarter = autograd_window(product, point) & 3;
    autograd_word upper = autograd_window(product, point - 64), lower = autograd_window(product, point - 128);
    const int above = (int)(upper >> 63); /* nearer to the next quarter of a turn, from which it is counted */
    if (above) {{
        quarter++;
        lower = ~lower + 1;
        upper = ~upper + (lower == 0);
    }}
    const double a = (double)(upper >> 32) * 0x1p-32, b = (double)(upper & 0xffffffffu) * 0x1p-64;
    const double c = (double)(lower >> 32) * 0x1p-96 + (double)(lower & 0xffffffffu) * 0x1p-128;
    const double ab = a + b, abc = ab + c, rest = ((a - ab) + b) + ((ab - abc) + c);
    const double high = autograd_double(autograd_bits(abc) & 0xfffffffff8000000u), low = abc - high;
    const double r = abc * 1.5707963267948966;
    const double exact = ((high * 1.570796325802803 - r) + low * 1.570796325802803)
        + high * 9.920935184482005e-10 + low * 9.920935184482005e-10;
    double near = r + 0.0, tail = exact + abc * 6.123233995736766e-17 + rest * 1.5707963267948966;
    if (above != (x < 0.0)) {{
        near = -near;
        tail = -tail;
    }}
    return autograd_sin_turned(near, tail, (x < 0.0 ? 0 - quarter : quarter) + turns);
}}
"""
SIN_C = """\
AUTOGRAD_INLINE double autograd_sin_quick(double x)
{
    const double result = autograd_sin_near(x, 0);
    return fabs(x) < 1e-9 ? x : result;
}
AUTOGRAD_INLINE double autograd_sin(double x)
{
    return fabs(x) > 1e6 ? autograd_sin_far(x, 0) : autograd_sin_quick(x);
}
"""
COS_C = """\
AUTOGRAD_INLINE double autograd_cos_quick(double x)
{
    return autograd_sin_near(x, 1);
}
AUTOGRAD_INLINE double autograd_cos(double x)
{
    return fabs(x) > 1e6 ? autograd_sin_far(x, 1) : autograd_cos_quick(x);
}
"""

SIN = (BITS_C, SIN_PARTS_C, SIN_FAR_C, SIN_C)
COS = (BITS_C, SIN_PARTS_C, SIN_FAR_C, COS_C)
