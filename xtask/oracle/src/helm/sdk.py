"""Renders charts with the real Helm SDK, one JSON object a line: python sdk.py CHART...

Each chart is rendered with its own values, and with booleans flipped: each alone, all on, all off,
and random mixes with a fixed seed; then with keys set to null or to another type. What differs between two renderings of one case is random by
nature; both are printed.
"""

import copy
import json
import os
import random
import sys
import time

import helm_python

MIXES = 12
MOST = 400


def booleans(values, path=()):
    for key, value in values.items():
        if isinstance(value, bool):
            yield (*path, key), value
        elif isinstance(value, dict):
            yield from booleans(value, (*path, key))


def entries(values, path=()):
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from entries(value, (*path, key))


def with_flags(flags):
    values = {}
    for path, flag in flags:
        table = values
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = flag
    return values


def merged(base, top):
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged(base[key], value)
        else:
            base[key] = value
    return base


def cases(values):
    yield "shipped", {}
    flags = list(booleans(values))
    for path, flag in flags[:MOST]:
        yield "flip " + ".".join(path), with_flags([(path, not flag)])
    dice = random.Random(10)
    paths = list(entries(values))
    for number in range(MIXES if paths else 0):
        # One key taken away, replaced by another type, and one added where none was.
        first, second, third = (dice.choice(paths) for _ in range(3))
        changed = {"madeUp": {"null": None}}
        for path, value in ((first, None), (second, dice.choice([7, "text", ["item"], {}])), (third, None)):
            if number % 3 == 0 and value is not None:
                continue
            changed = merged(changed, with_flags([(path, value)]))
        yield f"odd {number}", changed
    if not flags:
        return
    yield "all on", with_flags([(path, True) for path, _ in flags])
    yield "all off", with_flags([(path, False) for path, _ in flags])
    dice = random.Random(20)
    for number in range(MIXES):
        mix = [(path, dice.random() < 0.5) for path, _ in flags]
        yield f"mix {number}", with_flags(mix)


def render(folder, values):
    # Loaded anew each time: rendering changes the dependencies of a loaded chart.
    try:
        chart = helm_python.Chart.load(folder)
        return chart.render(copy.deepcopy(values), name="example", namespace="shop")
    except helm_python.HelmError as error:
        return str(error)


def main():
    for folder in sys.argv[1:]:
        try:
            defaults = helm_python.Chart.load(folder).values
        except helm_python.HelmError as error:
            print(json.dumps({"chart": folder, "label": "load", "values": {}, "now": 0, "first": str(error), "second": ""}))
            continue
        for label, values in cases(defaults):
            line = {"chart": folder, "label": label, "values": values, "now": int(time.time())}
            line["first"] = render(folder, values)
            line["second"] = render(folder, values)
            print(json.dumps(line), flush=True)


# The SDK's warnings go to standard error, past Python.
errors = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    main()
finally:
    os.dup2(errors, 2)
