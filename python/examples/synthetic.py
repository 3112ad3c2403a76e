"""Writes a table of synthetic repositories: python synthetic.py COUNT FILES.parquet

Each repository has Compose files, manifests, an overlay or a chart, and some have everyday mistakes. The same count
makes the same table everywhere.
"""

import random
import sys
from collections.abc import Iterator

import pyarrow
import pyarrow.parquet

SCHEMA = pyarrow.schema([("repository", pyarrow.string()), ("path", pyarrow.string()), ("text", pyarrow.string())])

# Number of repositories in one row group, so that a large table is never in memory as a whole.
GROUP = 500

NAMES = ["api", "web", "worker", "mailer", "gateway", "reports", "search", "billing"]
DATABASES = [("postgres", "postgres:16.4", "/var/lib/postgresql/data"), ("redis", "redis:7.4.1", "/data")]


def files(number: int) -> Iterator[tuple[str, str]]:
    """Returns the paths and texts of a repository."""
    chance = random.Random(number)
    services = chance.sample(NAMES, chance.randint(1, 5))
    kind = chance.choices(["compose", "both", "overlays", "chart"], [50, 25, 15, 10])[0]
    yield "README.md", f"# Project {number}\n\nMade of {', '.join(services)}.\n"
    for name in services:
        yield f"{name}/Dockerfile", f"FROM python:3.12-slim\nCOPY . /app\nEXPOSE 8080\nCMD python -m {name}\n"
    if kind in ("compose", "both"):
        yield "compose.yaml", compose(chance, services)
        yield ".env", f"TAG=1.{number % 40}.0\n"
    if kind == "both":
        for name in services:
            yield f"k8s/{name}.yaml", manifests(chance, name)
    if kind == "overlays":
        yield from overlays(chance, services)
    if kind == "chart":
        yield from chart(chance, services)


def compose(chance: random.Random, services: list[str]) -> str:
    database, image, folder = chance.choice(DATABASES)
    lines = ["services:"]
    for index, name in enumerate(services):
        image_of = f"build: ./{name}" if chance.random() < 0.5 else f"image: registry.example.com/{name}:{tag(chance)}"
        lines += [f"  {name}:", f"    {image_of}"]
        if chance.random() < 0.6:
            lines.append("    restart: unless-stopped")
        if index == 0:
            address = chance.choice(["", "127.0.0.1:"])
            lines += ["    ports:", f'      - "{address}8080:8080"']
        lines += ["    environment:", f"      DATABASE_URL: {database}://{database}/{name}"]
        if chance.random() < 0.7:
            condition = chance.choice(["service_started", "service_healthy"])
            lines += ["    depends_on:", f"      {database}:", f"        condition: {condition}"]
        if chance.random() < 0.3:
            lines += ["    volumes:", f"      - ./{name}:/app"]
    lines += [f"  {database}:", f"    image: {image}", "    volumes:", f"      - data:{folder}"]
    if chance.random() < 0.6:
        lines += ["    healthcheck:", '      test: ["CMD", "true"]', "      interval: 10s"]
    return "\n".join([*lines, "volumes:", "  data:", ""])


def tag(chance: random.Random) -> str:
    return "latest" if chance.random() < 0.1 else f"1.{chance.randint(0, 40)}.{chance.randint(0, 9)}"


def manifests(chance: random.Random, name: str, image: str = "") -> str:
    selector = name if chance.random() < 0.95 else f"{name}-app"
    probe = (
        "          readinessProbe:\n            httpGet: { path: /ready, port: 8080 }\n"
        if chance.random() < 0.7
        else ""
    )
    size = (
        "          resources:\n            requests: { cpu: 100m, memory: 128Mi }\n            limits: { memory: 256Mi }\n"
        if chance.random() < 0.7
        else ""
    )
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {chance.randint(1, 4)}
  selector:
    matchLabels: {{ app: {name} }}
  template:
    metadata:
      labels: {{ app: {name} }}
    spec:
      containers:
        - name: {name}
          image: {image or f"registry.example.com/{name}:{tag(chance)}"}
          ports:
            - containerPort: 8080
{probe}{size}---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{ app: {selector} }}
  ports:
    - port: 80
      targetPort: 8080
"""


def overlays(chance: random.Random, services: list[str]) -> Iterator[tuple[str, str]]:
    for name in services:
        yield f"base/{name}.yaml", manifests(chance, name)
    yield "base/kustomization.yaml", "resources:\n" + "".join(f"  - {name}.yaml\n" for name in services)
    for stage in ("staging", "production"):
        yield f"overlays/{stage}/kustomization.yaml", f"namespace: {stage}\nresources:\n  - ../../base\n"


def chart(chance: random.Random, services: list[str]) -> Iterator[tuple[str, str]]:
    yield "chart/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"
    yield "chart/values.yaml", "".join(f'{name}:\n  tag: "{tag(chance)}"\n' for name in services)
    for name in services:
        image = f'"registry.example.com/{name}:{{{{ .Values.{name}.tag }}}}"'
        yield f"chart/templates/{name}.yaml", manifests(chance, name, image)


def write(count: int, path: str) -> tuple[int, int]:
    """Writes the table, and returns the number of its files and of the bytes in them."""
    total = size = 0
    with pyarrow.parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for start in range(0, count, GROUP):
            rows = [
                (f"acme/project-{number:05}", path, text)
                for number in range(start, min(start + GROUP, count))
                for path, text in files(number)
            ]
            total += len(rows)
            size += sum(len(text) for _, _, text in rows)
            columns = zip(*rows, strict=True)
            writer.write_table(pyarrow.table([list(column) for column in columns], schema=SCHEMA))
    return total, size


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(int(sys.argv[1]), sys.argv[2])
