# The registry with TLS to PostgreSQL. Build: docker build -t ots-registry .
FROM rust:1.95-bookworm AS builder
# The feature postgres-tls builds libpq against the system's OpenSSL.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# What is not needed, or must not leave this machine, is in .dockerignore.
COPY . .
RUN cargo build --release --locked --features postgres-tls --bin ots-registry

FROM debian:bookworm-slim
# OpenSSL for TLS to PostgreSQL, and the certificates that its server's can be checked with (sslmode=verify-full).
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /data registry \
    && install -d -o registry -g registry -m 0700 /data
COPY --from=builder /build/target/release/ots-registry /usr/local/bin/ots-registry
USER registry
WORKDIR /data
ENV OTS_DATA_DIR=/data OTS_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
# SIGTERM lets running requests finish, for at most 30 seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ots-registry"]
CMD ["serve"]
