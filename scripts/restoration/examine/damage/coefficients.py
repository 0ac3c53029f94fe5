"""Coefficients of the odds of marks, from training/damage/judge.py: see judgement."""

MIDDLE = (2.0000, 0.5000, 3.0000, -1.5000, 1.5000, 0.9000, -4.5000)
SPREAD = (2.0000, 1.5000, 1.5000, 0.7000, 1.5000, 0.5000, 1.2000)
"""Of marks.FIGURES: where they mostly lie, and how far around."""

OWN: dict[str, tuple[float, ...]] = {
    "small": (
        -0.1254,
        0.4066,
        1.0288,
        0.2803,
        0.2422,
        0.6507,
        0.4112,
        -0.4157,
        -0.0134,
        -0.2782,
        0.1455,
        0.3590,
        0.2673,
        -0.1302,
        -0.0621,
        0.2907,
        0.7054,
        -0.7413,
        0.1966,
        -0.1997,
        0.1095,
        -0.2672,
        0.1987,
        0.0984,
        0.6389,
        0.2426,
        0.0287,
        0.3138,
        0.0094,
        -0.0849,
        0.5366,
        -0.2846,
        -0.4324,
        -0.4077,
        -0.2135,
        0.0929,
    ),
    "long": (
        -1.9381,
        0.1212,
        0.6758,
        0.4063,
        -0.7873,
        -0.1911,
        -0.5430,
        0.1417,
        -0.2573,
        -0.0064,
        0.2216,
        0.1703,
        0.4155,
        -0.2355,
        0.6174,
        0.3725,
        0.2472,
        -0.5692,
        -0.5290,
        0.2160,
        -0.7298,
        -0.1416,
        0.5698,
        -0.0048,
        -0.1925,
        -0.0095,
        -0.1674,
        0.3651,
        -0.3800,
        0.1064,
        0.5656,
        0.2096,
        0.0097,
        0.4062,
        0.3400,
        0.0729,
    ),
}
"""By group: of judgement.terms, a mark by itself."""

PAGE: dict[str, tuple[float, float, float, float]] = {
    "small": (-0.3949, -0.6473, 1.2322, 0.0134),
    "long": (0.7213, -0.0948, -0.2382, -0.2797),
}
"""What a page adds to the marks of a group: a constant, and for each e-fold of likely
marks on it of any kind, of likely marks of the group, and of doubtful marks."""

POLARITY = 0.9333
"""What it adds for each e-fold of likely marks that are, like the mark itself, lighter
(or darker) than what lies around: what falls onto one page mostly has one colour."""
