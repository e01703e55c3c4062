"""Landscapes as functions of the coordinates, for many pictures at once.

x, y: (1, 1, h, w) with y in 0..1 and x in units of the height; r: (n, 16, 1, 1) uniform random numbers. Result (n, 3, h, w)."""
import torch
import torch.nn.functional as F


def rgb(*c, like):
    return torch.tensor(c, dtype=torch.float32, device=like.device).view(1, 3, 1, 1) / 255


def mix(a, b, m):
    return a + (b - a) * m


def gradient(y, top, bottom):
    return mix(rgb(*top, like=y), rgb(*bottom, like=y), y)


def curve(x, r, base, amplitude, k=0):
    """A rolling line: the height of the horizon at x."""
    p = r[:, k : k + 4] * 6.283
    wave = torch.sin(x * (2 + 2 * r[:, k : k + 1]) + p[:, :1]) + 0.5 * torch.sin(x * (5 + 3 * r[:, k + 1 : k + 2]) + p[:, 1:2])
    return base + 0.08 * (r[:, k + 2 : k + 3] - 0.5) + amplitude * wave


def below(y, line, soft=0.006):
    return ((y - line) / soft + 0.5).clamp(0, 1)


def night(x, y, r):
    sky = gradient(y, (8, 8, 38), (28, 22, 84))
    row, column = torch.arange(y.shape[2] // 2, device=r.device)[:, None], torch.arange(x.shape[3] // 2, device=r.device)
    stars = (torch.sin(row * 12.9898 + column * 78.233 + 628 * r[:, 1:2]) * 43758.5453).frac().abs() > 0.9965
    stars = F.interpolate(stars.float(), scale_factor=2.0) * (0.6 + 0.4 * r[:, :1])
    return mix(sky, rgb(255, 250, 235, like=y), stars)


def grass(x, y, r):
    ground = gradient(y, (110, 190, 70), (48, 130, 40))
    return mix(gradient(y, (95, 165, 240), (200, 228, 250)), ground, below(y, curve(x, r, 0.58, 0.025)))


def beach(x, y, r):
    sky = gradient(y, (110, 180, 245), (205, 232, 250))
    horizon = 0.44 + 0.06 * (r[:, 4:5] - 0.5)
    picture = mix(sky, gradient(y, (25, 110, 180), (35, 140, 200)), below(y, horizon))
    return mix(picture, gradient(y, (250, 232, 180), (238, 212, 150)), below(y, curve(x, r, 0.62, 0.012)))


def snow(x, y, r):
    return mix(gradient(y, (150, 175, 205), (195, 208, 222)), gradient(y, (225, 232, 242), (252, 253, 255)), below(y, curve(x, r, 0.56, 0.02)))


def desert(x, y, r):
    picture = mix(gradient(y, (250, 205, 115), (253, 232, 180)), rgb(222, 165, 90, like=y), below(y, curve(x, r, 0.55, 0.035)))
    return mix(picture, rgb(196, 135, 65, like=y), below(y, curve(x, r, 0.74, 0.03, 6)))


def sunset(x, y, r):
    sky = mix(gradient((y * 1.6).clamp(0, 1), (72, 38, 120), (225, 95, 95)), rgb(255, 170, 80, like=y), ((y - 0.4) * 3).clamp(0, 1))
    return mix(sky, rgb(38, 20, 40, like=y), below(y, curve(x, r, 0.66, 0.01)))


def ocean(x, y, r):
    base = gradient(y, (35, 120, 205), (10, 55, 130))
    waves = torch.sin(y * (70 + 10 * r[:, :1]) + 1.6 * torch.sin(x * (7 + 3 * r[:, 1:2]) + 6.28 * r[:, 2:3]))
    return base + 0.035 * waves * rgb(150, 220, 255, like=y)


def mountains(x, y, r):
    sky = gradient(y, (105, 170, 240), (200, 222, 245))

    def ridge(k, base, height, width):
        phase = (x / width + r[:, k : k + 1]) % 1
        return base - height * (1 - (2 * phase - 1).abs()) * (0.8 + 0.4 * r[:, k + 1 : k + 2])

    picture = mix(sky, rgb(140, 148, 170, like=y), below(y, ridge(5, 0.68, 0.36, 0.62)))
    picture = mix(picture, rgb(98, 106, 132, like=y), below(y, ridge(8, 0.72, 0.28, 0.45)))
    return mix(picture, rgb(66, 100, 82, like=y), below(y, curve(x, r, 0.68, 0.01)))


def city(x, y, r):
    picture = gradient(y, (168, 178, 205), (232, 214, 205))
    for k, (width, base, shade) in enumerate([(0.11, 0.38, (120, 126, 150)), (0.15, 0.50, (72, 78, 104))]):
        column = torch.floor(x / width + r[:, k : k + 1])
        height = (torch.sin(column * 12.9898 + 6.28 * r[:, 4 + k : 5 + k]) * 43.7).frac().abs()
        picture = mix(picture, rgb(*shade, like=y), below(y, base + 0.22 * height))
        if k:
            inside = below(y, base + 0.22 * height + 0.03)
            window = ((x / width + r[:, k : k + 1]) * 3 % 1 - 0.5).abs().lt(0.2) * (y * 16 % 1 - 0.5).abs().lt(0.22)
            picture = mix(picture, rgb(250, 215, 120, like=y), inside * window * 0.85)
    return mix(picture, rgb(62, 64, 72, like=y), below(y, 0.84))


def forest(x, y, r):
    picture = gradient(y, (22, 70, 42), (70, 130, 70))
    trunk = ((x / 0.17 + r[:, :1]) % 1 - 0.5).abs()
    picture = mix(picture, rgb(74, 52, 34, like=y), ((0.13 - trunk) / 0.04).clamp(0, 1))
    crown = 0.20 + 0.06 * torch.sin(x * 22 + 6.28 * r[:, 1:2]) + 0.03 * torch.sin(x * 47 + 6.28 * r[:, 2:3])
    picture = mix(picture, rgb(18, 84, 38, like=y), below(-y, -crown, 0.02))
    return mix(picture, rgb(96, 122, 58, like=y), below(y, curve(x, r, 0.78, 0.008)))


def room(x, y, r):
    stripe = (x * 9 + r[:, :1] % 1).frac().lt(0.5).float()
    wall = mix(rgb(238, 222, 196, like=y), rgb(228, 208, 178, like=y), stripe)
    line = 0.72 + 0.06 * (r[:, 1:2] - 0.5)
    picture = mix(wall, rgb(250, 248, 240, like=y), below(y, line - 0.03))
    plank = ((y - line) * 14 % 1).lt(0.08).float() * 0.5
    return mix(picture, mix(rgb(172, 118, 72, like=y), rgb(120, 78, 46, like=y), plank), below(y, line))


def rain(x, y, r):
    sky = gradient(y, (88, 100, 118), (138, 150, 164))
    lane = torch.floor(x * 34 + y * 6)
    offset = (torch.sin(lane * 78.233 + 6.28 * r[:, :1]) * 97.3).frac()
    drop = ((y * 4 + offset) % 1).lt(0.35) * ((x * 34 + y * 6) % 1 - 0.5).abs().lt(0.16)
    return mix(sky, rgb(205, 220, 235, like=y), drop * 0.7)


def blue_sky(x, y, r):
    clouds = 0
    for k in range(3):
        cx, cy = r[:, k : k + 1] * x.max(), 0.15 + 0.7 * r[:, 4 + k : 5 + k]
        for dx, size in ((-0.09, 0.07), (0, 0.1), (0.1, 0.075)):
            d = ((x - cx - dx) / size) ** 2 + ((y - cy) / (size * 0.6)) ** 2
            clouds = clouds + torch.exp(-d)
    return mix(gradient(y, (70, 150, 240), (165, 212, 252)), rgb(255, 255, 255, like=y), (clouds * 1.6 - 0.3).clamp(0, 0.95))


def underwater(x, y, r):
    water = gradient(y, (40, 190, 200), (8, 70, 120))
    rays = torch.sin((x + y * 0.45) * (16 + 4 * r[:, :1]) + 6.28 * r[:, 1:2]).clamp(0, 1) * (1 - y) * 0.28
    picture = mix(water, rgb(200, 255, 250, like=y), rays)
    return mix(picture, rgb(176, 168, 120, like=y), below(y, curve(x, r, 0.86, 0.012)))


FUNCTIONS = [night, grass, beach, snow, desert, sunset, ocean, mountains, city, forest, room, rain, blue_sky, underwater]
