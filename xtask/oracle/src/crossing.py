"""Validates fragments of Kubernetes YAML with the real JSON schemas: python crossing.py < FRAGMENTS

Each line of standard input is a JSON object with `kind` (of the workload that a part without `kind` belongs
to) and `yaml`. Each line of standard output has what is wrong with it as a list of sentences, or null where
there is no schema for it.
"""

import functools
import json
import re
import sys

import yaml
from kubernetes_validate import utils

GROUPS = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1", "ReplicationController": "v1"}
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
LATEST = utils.latest_version()

# Read once, not once for each object.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


class Loader(yaml.SafeLoader):
    """A loader that refuses a key that stands twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{', '.join(sorted(twice))} stands twice")
        return super().construct_mapping(node, deep)


def pod(kind):
    spec = {"containers": [{"name": "app", "image": "example:1"}]}
    if kind in ("Job", "CronJob"):
        spec["restartPolicy"] = "Never"
    return {"metadata": {"labels": {"app": "app"}}, "spec": spec}


def smallest(kind):
    """Returns the smallest valid workload of a kind."""
    base = {"apiVersion": GROUPS.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": "app"}}
    if kind == "Pod":
        return merged(base, pod(kind))
    if kind == "CronJob":
        job = {"spec": {"template": pod(kind)}}
        return {**base, "spec": {"schedule": "0 3 * * *", "jobTemplate": job}}
    base["spec"] = {"template": pod(kind)}
    if kind == "ReplicationController":
        base["spec"]["selector"] = {"app": "app"}
    elif kind != "Job":
        base["spec"]["selector"] = {"matchLabels": {"app": "app"}}
    if kind == "StatefulSet":
        base["spec"]["serviceName"] = "app"
    return base


def merged(base, top):
    """Returns a mapping with another one laid over it. Containers without an image get one."""
    result = dict(base)
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        elif key == "containers" and isinstance(value, list):
            result[key] = [{"image": "example:1", **container} for container in value]
        else:
            result[key] = value
    return result


def names(value, path=""):
    """Yields the names of objects, containers and volumes that Kubernetes would refuse."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from names(inner, f"{path}.{key}")
    elif isinstance(value, list):
        seen = set()
        for inner in value:
            if path.endswith(("ontainers", ".volumes")) and isinstance(inner, dict):
                name = str(inner.get("name"))
                if not NAME.fullmatch(name) or len(name) > 63:
                    yield f"{path}: `{name}` is not a valid name"
                if name in seen:
                    yield f"{path}: `{name}` stands twice"
                seen.add(name)
            yield from names(inner, path)


def problems(kind, text):
    """Returns what is wrong with a fragment; None where there is no schema."""
    found = []
    try:
        documents = list(yaml.load_all(text, Loader=Loader))
    except yaml.YAMLError as error:
        return [f"not YAML: {error}"]
    for document in documents:
        if not isinstance(document, dict):
            found.append("not a mapping")
            continue
        whole = document
        if "kind" not in document:
            whole = merged(smallest(kind), document)
        elif document["kind"] in ("Job", "DaemonSet"):
            whole = merged(smallest(document["kind"]), document)
        found.extend(names(whole))
        if not NAME.fullmatch(str(whole["metadata"].get("name"))):
            found.append(f"`{whole['metadata'].get('name')}` is not a valid name")
        try:
            utils.validate(whole, LATEST, strict=True)
        except utils.SchemaNotFoundError:
            return None
        except utils.ValidationError as error:
            path = ".".join(str(step) for step in error.path)
            found.append(f"{whole['kind']} {path}: {error.message[:300]}")
    return found


for line in sys.stdin:
    fragment = json.loads(line)
    print(json.dumps(problems(fragment["kind"], fragment["yaml"])), flush=True)
