"""Coefficients of the odds of marks, from training/damage/judge.py: see judgement."""

MIDDLE = (2.0000, 0.5000, 3.0000, -1.5000, 1.5000, 0.9000, -4.5000)
SPREAD = (2.0000, 1.5000, 1.5000, 0.7000, 1.5000, 0.5000, 1.2000)
"""Of marks.FIGURES: where they mostly lie, and how far around."""

OWN: dict[str, tuple[float, ...]] = {
    "small": (
        -0.1262,
        0.4943,
        1.2231,
        0.2831,
        -0.0024,
        0.8050,
        0.8445,
        -0.6534,
        0.0192,
        -0.2289,
        0.1120,
        0.4197,
        -0.1751,
        0.1365,
        -0.2161,
        0.1233,
        0.9152,
        -1.0690,
        0.3509,
        -0.0916,
        0.2038,
        -0.2691,
        0.3201,
        0.1662,
        0.8614,
        0.4969,
        0.0600,
        0.4343,
        -0.3952,
        -0.1425,
        0.4832,
        -0.2120,
        -0.6085,
        -0.6948,
        -0.6087,
        0.0818,
    ),
    "long": (
        -2.2709,
        0.2433,
        0.4705,
        0.5734,
        -1.1907,
        -0.3690,
        -0.0450,
        0.3042,
        -0.4499,
        -0.1652,
        0.7424,
        0.0266,
        0.5768,
        -0.0639,
        0.3979,
        0.5636,
        -0.1171,
        -0.0480,
        -0.3871,
        -0.2470,
        -0.9820,
        -0.2648,
        0.4364,
        -0.1931,
        -0.1785,
        0.1004,
        -0.2367,
        0.3376,
        -0.0286,
        0.3868,
        0.6616,
        0.3874,
        0.0910,
        0.5128,
        0.3715,
        -0.0072,
    ),
}
"""By group: of judgement.terms, a mark by itself."""

PAGE: dict[str, tuple[float, float, float, float]] = {
    "small": (1.0574, -0.3601, 1.1041, -0.5722),
    "long": (0.6199, 0.0136, 0.0186, -0.3285),
}
"""What a page adds to the marks of a group: a constant, and for each e-fold of likely
marks on it of any kind, of likely marks of the group, and of doubtful marks."""

POLARITY = 0.5031
"""What it adds for each e-fold of likely marks that are, like the mark itself, lighter
(or darker) than what lies around: what falls onto one page mostly has one colour."""
