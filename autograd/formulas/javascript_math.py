"""Functions of C's math.h that JavaScript's Math lacks, as JavaScript.

The polynomial of erfc was fitted by interpolation at Chebyshev's points in 60 digits, that of erf is its
series (Digital Library of Mathematical Functions, https://dlmf.nist.gov, 7.6.1).
"""

from __future__ import annotations

# What Math has, by the names that C uses.
MATH = {
    name: f"Math.{name}"
    for name in (
        "exp expm1 log log1p log2 log10 sqrt cbrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh "
        "acosh atanh hypot floor ceil trunc"
    ).split()
} | {"fabs": "Math.abs"}

ERFC = (  # exp(x**2) * erfc(x) * (1 + 2*x) for t = (x - 3) / (x + 3)
    1.2530080582697296,
    -0.13562110612458123,
    -0.047562294353451176,
    0.1296451587027649,
    -0.11927366341527554,
    0.06830802734383974,
    -0.023770514919609846,
    0.0025293918181241806,
    0.001888690372865711,
    -0.0007798322890919704,
    -0.00010515990906392902,
    0.00012509943856881694,
    4.9500234180295395e-06,
    -2.0100852729251828e-05,
    -7.332447173064987e-07,
    3.4730449918834743e-06,
    3.6059375955111935e-07,
    -6.175922646727533e-07,
    -1.4710961394997167e-07,
    1.0280982449402661e-07,
    4.72080673199222e-08,
    -1.3924844635302213e-08,
    -1.1887923223951075e-08,
    1.2087504427200233e-09,
    2.115962671989073e-09,
    -3.5596455016217064e-11,
    -1.963916858054108e-10,
)
ERF = (  # erf(x) / x for t = x**2 from 0 to 1
    1.1283791670955126,
    -0.37612638903183754,
    0.11283791670955126,
    -0.026866170645131252,
    0.005223977625442188,
    -0.0008548327023450853,
    0.00012055332981789664,
    -1.492565035840625e-05,
    1.6462114365889248e-06,
    -1.6365844691234924e-07,
    1.4807192815879218e-08,
    -1.2290555301717928e-09,
    9.422759064650411e-11,
    -6.7113668551641105e-12,
    4.4632242632864775e-13,
    -2.7835162072109215e-14,
    1.6342614095367152e-15,
    -9.063970842808673e-17,
)


def _array(name: str, numbers: tuple[float, ...]) -> str:
    rows = ["    " + ", ".join(map(repr, numbers[i : i + 4])) for i in range(0, len(numbers), 4)]
    return f"const {name} = [\n" + ",\n".join(rows) + ",\n];\n"


# The other functions, by the names that C uses; each is called autograd_ and that name.
LIBRARY = {
    "isnan": """\
function autograd_isnan(x) {
    return x !== x;
}
""",
    "isinf": """\
function autograd_isinf(x) {
    return x === Infinity || x === -Infinity;
}
""",
    "copysign": """\
function autograd_copysign(x, y) {
    const negative = y < 0.0 || Object.is(y, -0.0);
    return negative ? -Math.abs(x) : Math.abs(x);
}
""",
    "fmod": """\
function autograd_fmod(x, y) {
    return x % y;
}
""",
    "rint": """\
function autograd_rint(x) {
    const size = Math.abs(x), shift = 4503599627370496.0;
    return size < shift ? autograd_copysign(size + shift - shift, x) : x;
}
""",
    "pow": """\
function autograd_pow(x, y) {
    const one = x === 1.0 || (x === -1.0 && (y === Infinity || y === -Infinity));
    return one ? 1.0 : Math.pow(x, y);
}
""",
    "exp2": """\
function autograd_exp2(x) {
    return Math.pow(2.0, x);
}
""",
    "ldexp": """\
function autograd_ldexp(x, exponent) {
    return x * Math.pow(2.0, exponent);
}
""",
    "exponent": """\
function autograd_exponent(x) {
    let exponent = Math.floor(Math.log2(x)) + 1;
    while (Math.pow(2.0, exponent) <= x)
        exponent += 1;
    while (Math.pow(2.0, exponent - 1) > x)
        exponent -= 1;
    return exponent;
}
""",
    "erfc": _array("autograd_erfc_coefficients", ERFC)
    + """\
function autograd_erfc(x) {
    if (x < 0.0)
        return 2.0 - autograd_erfc(-x);
    if (x < 0.46875)
        return 1.0 - autograd_erf(x);
    if (x > 28.0)
        return 0.0;
    const t = (x - 3.0) / (x + 3.0);
    let total = 0.0;
    for (let i = autograd_erfc_coefficients.length - 1; i >= 0; i--)
        total = total * t + autograd_erfc_coefficients[i];
    const scaled = x * 134217729.0, upper = scaled - (scaled - x), ratio = total / (1.0 + 2.0 * x);
    return Math.exp(-(upper * upper)) * (ratio + ratio * Math.expm1((upper - x) * (upper + x)));
}
""",
    "erf": _array("autograd_erf_coefficients", ERF)
    + """\
function autograd_erf(x) {
    if (Math.abs(x) >= 1.0)
        return x < 0.0 ? autograd_erfc(-x) - 1.0 : 1.0 - autograd_erfc(x);
    const t = x * x;
    let total = 0.0;
    for (let i = autograd_erf_coefficients.length - 1; i >= 0; i--)
        total = total * t + autograd_erf_coefficients[i];
    return x * total;
}
""",
}
