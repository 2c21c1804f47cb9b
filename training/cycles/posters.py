"""Flat printed things: their edges are paint alone."""

import math
import string
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from training.cycles.meshes import unit_grid, waves

SIZE = 384


def poster(dice: Random) -> Image.Image:
    """Print a page: ground, fields, figures, a picture, lines of text."""
    page = _ground(dice)
    draw = ImageDraw.Draw(page)
    for _ in range(dice.randint(0, 8)):
        _figure(dice, draw)
    if dice.random() < 0.4:
        side = dice.randint(SIZE // 5, SIZE // 2)
        page.paste(
            _picture(dice, side), (dice.randint(0, SIZE - side), dice.randint(0, SIZE - side))
        )
    for _ in range(dice.choice([0, 1, 2, 4])):
        _text(dice, draw)
    if dice.random() < 0.3:
        page = page.filter(ImageFilter.GaussianBlur(dice.uniform(0.5, 2)))
    return page.rotate(
        dice.choice([0, 0, 0, 90, 180, dice.uniform(-20, 20)]), fillcolor=_colour(dice)
    )


def _ground(dice: Random) -> Image.Image:
    if dice.random() < 0.5:
        return Image.new("RGB", (SIZE, SIZE), _colour(dice))
    return _picture(dice, SIZE)


def _picture(dice: Random, side: int) -> Image.Image:
    """Paint something like a photograph: clouds of colour with soft shading in them."""
    u, v = unit_grid(side, side)
    share = [waves(dice, u * 2, v * 2, 4, 0.6) for _ in range(2)]
    a, b, c = (np.array(_colour(dice), np.float32) for _ in range(3))
    mix, light = (1 / (1 + np.exp(-2 * s)) for s in share)
    pixels = a + (b - a) * mix[..., None]
    pixels = pixels + (c - pixels) * (light * dice.random())[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _figure(dice: Random, draw: ImageDraw.ImageDraw) -> None:
    x, y = dice.uniform(0, SIZE), dice.uniform(0, SIZE)
    wide, high = dice.uniform(8, SIZE / 2), dice.uniform(8, SIZE / 2)
    fill, kind = _colour(dice), dice.randint(0, 3)
    if kind == 0:
        draw.rectangle((x, y, x + wide, y + high), fill=fill)
    elif kind == 1:
        draw.ellipse((x, y, x + wide, y + high), fill=fill)
    elif kind == 2:
        end = x + wide * dice.choice([-1, 1]), y + high * dice.choice([-1, 1])
        draw.line((x, y, *end), fill=fill, width=dice.randint(1, 12))
    else:
        turns = sorted(dice.uniform(0, math.tau) for _ in range(dice.randint(3, 7)))
        draw.polygon([(x + wide * math.cos(t), y + high * math.sin(t)) for t in turns], fill=fill)


def _text(dice: Random, draw: ImageDraw.ImageDraw) -> None:
    size = dice.choice([9, 12, 16, 24, 48, 90])
    font = ImageFont.load_default(size)
    letters = string.ascii_letters + string.digits + "   "
    rows = dice.randint(1, max(1, 200 // size))
    left, top, fill = dice.uniform(0, SIZE / 2), dice.uniform(0, SIZE * 0.8), _colour(dice)
    for row in range(rows):
        line = "".join(dice.choice(letters) for _ in range(dice.randint(4, 40)))
        draw.text((left, top + row * size * 1.2), line, fill=fill, font=font)


def _colour(dice: Random) -> tuple[int, int, int]:
    if dice.random() < 0.4:
        level = dice.choice([15, 40, 128, 220, 245])
        return level, level, level
    red, green, blue = (dice.randint(10, 245) for _ in range(3))
    return red, green, blue
