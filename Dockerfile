# A small image that runs as nobody in particular. `docker build -t expressd .`
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Dependencies and what was compiled stay between builds. Line tables, which are for profiles, are four fifths of the program.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin expressd \
    && strip --strip-debug -o /expressd target/release/expressd

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /expressd /usr/local/bin/expressd
USER 10001:10001
EXPOSE 9464
ENTRYPOINT ["expressd"]
CMD ["run", "/etc/expressd/expressd.yaml"]
