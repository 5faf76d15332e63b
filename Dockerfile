# syntax=docker/dockerfile:1
#
# The server in an image of its own:
#
#     docker build --tag interviews .
#     docker run --rm interviews --help
#
# `examples/compose.yaml` runs it with PostgreSQL. `.ci/run image` checks, without Docker, what this image relies on.

# Both stages use one Debian release: the binary runs with the C library that it was linked against.
ARG DEBIAN=bookworm
# The version in rust-toolchain.toml.
ARG RUST=1.95.0

FROM rust:${RUST}-slim-${DEBIAN} AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --locked --release --bin interviews && cp target/release/interviews /usr/local/bin/

FROM debian:${DEBIAN}-slim
COPY --from=build /usr/local/bin/interviews /usr/local/bin/interviews
# The certificate authorities, for JWKS_URL.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# A user without a name or a home. The server writes no files, so the root may be mounted read-only. A SQLite file needs
# a volume that this user may write to.
USER 65532:65532
ENV BIND=0.0.0.0:8000
EXPOSE 8000
# The server stops accepting connections, lets requests in flight finish within SHUTDOWN_GRACE (30 s) and exits with 0.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/interviews"]
CMD ["serve"]
