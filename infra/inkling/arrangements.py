"""Where several objects stand: (x, y, size) of each, x and y from the picture's centre, all in parts of the shorter side."""


def group_places(n, sizes, wide):
    """Side by side; `sizes`: of two, or empty; `wide`: the width in shorter sides."""
    if not sizes:
        sizes = [min(0.42, {2: 0.39, 3: 0.285}[n] * wide)] * n
    step = {2: 0.46, 3: 0.31}[n] * wide
    if len(set(sizes)) == 1:
        return [((i - (n - 1) / 2) * step, 0, size) for i, size in enumerate(sizes)]
    scale = min(1.0, 0.92 * wide / sum(sizes))  # the two share the width by their sizes
    a, b = (s * scale for s in sizes)
    return [(-(b + 0.03) / 2, 0, a), ((a + 0.03) / 2, 0, b)]


def many_places(n):
    """In two rows."""
    if n == 4:
        return [(x, y, 0.36) for y in (-0.225, 0.225) for x in (-0.225, 0.225)]
    lower = [(x, 0.19, 0.27) for x in (-0.31, 0, 0.31)]
    upper = [(x, -0.19, 0.27) for x in ((-0.16, 0.16) if n == 5 else (-0.31, 0, 0.31))]
    return upper + lower


def touch_places(relation, tags, rng):
    """`tags`: of the second object. The two overlap."""
    side = rng.choice([-1, 1])
    if relation == "on":
        return [(0.04 * side, -0.15, 0.36), (0, 0.18, 0.44)]
    if relation == "in front of":
        return [(0.13 * side, 0.2, 0.36), (-0.08 * side, -0.09, 0.56)]
    if relation == "inside":
        return [(0.03 * side, -0.18, 0.36), (0, 0.12, 0.5)]
    if relation == "with":
        return [(-0.09 * side, 0, 0.52), (0.21 * side, 0.13, 0.28)]
    if "H" in tags:
        return [(0, 0.11, 0.52), (0, -0.23, 0.33)]
    if "F" in tags:
        return [(0, 0.02, 0.56), (0, 0.01, 0.36)]
    return [(0, -0.12, 0.44), (0, 0.23, 0.38)]
