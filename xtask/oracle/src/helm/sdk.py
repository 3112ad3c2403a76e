"""Renders charts with the real Helm SDK, one JSON object a line: python sdk.py CHART...

Each chart is rendered with its own values, and with booleans flipped: each alone, all on, all off,
and random mixes with a fixed seed. What differs between two renderings of one case is random by
nature; both are printed.
"""

import copy
import json
import random
import sys

import helm_python

MIXES = 12
MOST = 400


def booleans(values, path=()):
    for key, value in values.items():
        if isinstance(value, bool):
            yield (*path, key), value
        elif isinstance(value, dict):
            yield from booleans(value, (*path, key))


def with_flags(flags):
    values = {}
    for path, flag in flags:
        table = values
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = flag
    return values


def cases(values):
    yield "shipped", {}
    flags = list(booleans(values))
    for path, flag in flags[:MOST]:
        yield "flip " + ".".join(path), with_flags([(path, not flag)])
    if not flags:
        return
    yield "all on", with_flags([(path, True) for path, _ in flags])
    yield "all off", with_flags([(path, False) for path, _ in flags])
    dice = random.Random(20)
    for number in range(MIXES):
        mix = [(path, dice.random() < 0.5) for path, _ in flags]
        yield f"mix {number}", with_flags(mix)


def render(chart, values):
    try:
        return chart.render(copy.deepcopy(values), name="example", namespace="shop")
    except helm_python.HelmError as error:
        return str(error)


def main():
    for folder in sys.argv[1:]:
        try:
            chart = helm_python.Chart.load(folder)
        except helm_python.HelmError as error:
            print(json.dumps({"chart": folder, "label": "load", "values": {}, "first": str(error), "second": ""}))
            continue
        for label, values in cases(chart.values):
            line = {"chart": folder, "label": label, "values": values}
            line["first"] = render(chart, values)
            line["second"] = render(chart, values)
            print(json.dumps(line), flush=True)


main()
