"""The obvious alternatives to our stages, given every parameter that they need from the truth.

Pictures are float32 (h, w, 1 or 3) in [0, 1], sRGB-encoded. Where an alternative has a strength
to choose, it is tried at several and the best against the truth is kept: no person would do
better with it.
"""

from __future__ import annotations

from importlib.util import find_spec

import cv2
import numpy as np
import numpy.typing as npt
from quality_measures import psnr
from skimage.restoration import denoise_tv_chambolle, denoise_wavelet

from damage.light import Picture, channels_kept, softened, to_encoded, to_light


def gaussian_and_resample(scan: Picture, period: float) -> Picture:
    """Blurred by 0.4 periods, reduced to two pixels per period, enlarged again: the advice that
    scanning guides give."""
    height, width = scan.shape[:2]
    soft = softened(scan, 0.4 * period)
    size = (max(2, round(2 * width / period)), max(2, round(2 * height / period)))
    small = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(channels_kept(large), 0, 1)


def fixed_threshold_notch(scan: Picture, period: float) -> Picture:
    """Zeros wherever the weighted log spectrum of a channel exceeds a fixed threshold.

    The threshold (92 on 20 ln of magnitudes scaled by the number of pixels, weighted by distance)
    and the notches' radius (6 bins, soft edge) are those of a well-known free descreening script;
    the middle that is kept reaches to 0.6 of the true ruling.
    """
    height, width, channels = scan.shape
    down, across = (np.abs(np.arange(side) - side // 2) for side in (height, width))
    weight = np.maximum((np.sqrt(down)[:, None] + np.sqrt(across)[None, :]) ** 2, 0.01)
    reach = 0.6 / period
    middle = (down / height / reach)[:, None] ** 2 + (across / width / reach)[None, :] ** 2 <= 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    result = np.empty_like(scan)
    for channel in range(channels):
        spectrum = np.fft.fftshift(np.fft.fft2(scan[:, :, channel] * 255.0))
        magnitude = np.abs(spectrum) / (height * width)
        high = 20 * np.log(np.maximum(magnitude * weight, 1e-12)) > 92
        notch = cv2.dilate((high & ~middle).astype(np.float32), disc)
        notch = cv2.GaussianBlur(notch, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
        back = np.fft.ifft2(np.fft.ifftshift(spectrum * (1 - notch)))
        result[:, :, channel] = back.real / 255.0
    return np.clip(result, 0, 1)


def low_pass_under_screen(scan: Picture, period: float) -> Picture:
    """Linear light through a low-pass that ends just under the screen's fundamental: all up to
    0.7 of its frequency, nothing above 0.9, a cosine between."""
    light = to_light(scan)
    height, width, channels = light.shape
    margin = int(4 * period)
    padded = channels_kept(
        cv2.copyMakeBorder(light, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    )
    down, across = np.fft.fftfreq(padded.shape[0]), np.fft.rfftfreq(padded.shape[1])
    share = np.hypot(down[:, None], across[None, :]) * period
    passed = 0.5 + 0.5 * np.cos(np.pi * np.clip((share - 0.7) / 0.2, 0, 1))
    result = np.empty_like(light)
    for channel in range(channels):
        low = np.fft.irfft2(np.fft.rfft2(padded[:, :, channel]) * passed, padded.shape[:2])
        result[:, :, channel] = low[margin : margin + height, margin : margin + width]
    return np.clip(to_encoded(result), 0, 1)


DESCREENERS = {
    "Gaussian + resample": gaussian_and_resample,
    "FFT notch, fixed threshold": fixed_threshold_notch,
    "low-pass under the screen": low_pass_under_screen,
}
"""All are told the true period."""


def non_local_means(noisy: Picture, truth: Picture, sigma: float) -> Picture:
    """cv2.fastNlMeansDenoising(Colored), the best of three strengths around the true sigma."""
    codes = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
    tries = []
    for factor in (0.7, 1.0, 1.3):
        h = float(sigma * factor)
        if noisy.shape[2] == 1:
            clean = cv2.fastNlMeansDenoising(codes[:, :, 0], None, h)[:, :, None]
        else:
            clean = cv2.fastNlMeansDenoisingColored(codes, None, h, h)
        tries.append(clean.astype(np.float32) / np.float32(255))
    return _best(tries, truth)


WAVELETS = find_spec("pywt") is not None
"""skimage's wavelets need PyWavelets, which it does not install by itself."""


def best_of_skimage(noisy: Picture, truth: Picture, sigma: float) -> Picture:
    """The best of skimage's total variation (three weights) and, where WAVELETS, its wavelets
    (BayesShrink, VisuShrink halved), all told the true sigma."""
    own = sigma / 255
    tries = [
        denoise_tv_chambolle(noisy, weight=own * factor, channel_axis=-1)
        for factor in (0.5, 0.8, 1.2)
    ]
    if WAVELETS:
        colour = noisy.shape[2] == 3
        options = {"channel_axis": -1, "convert2ycbcr": colour, "rescale_sigma": True}
        tries.append(denoise_wavelet(noisy, sigma=own, method="BayesShrink", **options))
        tries.append(denoise_wavelet(noisy, sigma=own / 2, method="VisuShrink", **options))
    return _best([np.clip(t, 0, 1).astype(np.float32) for t in tries], truth)


def deblocked_by_gaussian(stored: Picture, truth: Picture) -> Picture:
    """A light Gaussian, the best of three strengths."""
    return _best([softened(stored, sigma) for sigma in (0.4, 0.6, 0.9)], truth)


def inpainted(damaged: Picture, mask: npt.NDArray[np.bool_], method: int) -> Picture:
    """cv2.inpaint under the true mask; 8 bits, which is all it takes."""
    codes = np.rint(np.clip(damaged, 0, 1) * 255).astype(np.uint8)
    filled = channels_kept(cv2.inpaint(codes.squeeze(), mask.astype(np.uint8), 3, method))
    result = damaged.copy()
    result[mask] = filled[mask].astype(np.float32) / np.float32(255)
    return result


INPAINTERS = {
    "cv2.inpaint Telea": cv2.INPAINT_TELEA,
    "cv2.inpaint Navier-Stokes": cv2.INPAINT_NS,
}


def _best(tries: list[Picture], truth: Picture) -> Picture:
    return max(tries, key=lambda result: psnr(result, truth) or 0.0)
