# syntax=docker/dockerfile:1
# The command alone, as a static binary:
#   docker build -t plimsoll . && docker run --rm -v "$PWD:/work:ro" plimsoll check
FROM rust:1.95-alpine3.22 AS build
RUN apk add --no-cache build-base
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package plimsoll && cp target/release/plimsoll /plimsoll

FROM scratch
COPY --from=build /plimsoll /plimsoll
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/plimsoll"]
CMD ["check"]
