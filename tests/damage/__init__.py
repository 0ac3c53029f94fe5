"""Damage whose truth is known: printing, capture, age; drawn at random from a seed.

Pictures and scans are float32 (h, w, 1 or 3) in [0, 1], sRGB-encoded, on the grid of the scan.
Every simulator takes its parameters, or a generator that draws them, and returns them with the
pixels, so that a finding can be compared with what was done. Light adds up: dots, blur and the
scanner's optics act on linear light; grain, sensor noise and JPEG act on encoded values, where
their figures are stated.
"""

from damage.capture import (
    Defocus,
    Grain,
    Motion,
    blurred_by,
    grainy,
    jpeg_copy,
    sensor_noise,
    soft_scan,
)
from damage.marks import Marks, marked
from damage.printing import Print, Printed, Screen, draw_print, printed, stochastic_print

__all__ = [
    "Defocus",
    "Grain",
    "Marks",
    "Motion",
    "Print",
    "Printed",
    "Screen",
    "blurred_by",
    "draw_print",
    "grainy",
    "jpeg_copy",
    "marked",
    "printed",
    "sensor_noise",
    "soft_scan",
    "stochastic_print",
]
