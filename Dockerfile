# syntax=docker/dockerfile:1
#
# The image of every role. `docker build .` makes it for Kubernetes; `--target sagemaker` makes the one that trains on SageMaker.
# scripts/perform-dockerfile.mjs performs these steps without a container engine, so RUN keeps to paths relative to WORKDIR.

ARG NODE_VERSION=24.21.0
# Give the digest of your registry's copy to pin it wholly: --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:${NODE_VERSION}-bookworm-slim

# What is built is the same for every platform, so it is built on the builder's own.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-progress
COPY nest-cli.json tsconfig.json .swcrc ./
COPY scripts/build-graphiql.mjs scripts/
COPY migrations migrations
COPY src src
RUN npm run --silent build

# Only what runs: packages for the target's processor, without the embedded PostgreSQL, a second Node, the binaries of other
# platforms, and what only compilers and debuggers read. Nothing is executed for the target, so no emulation is needed.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS dependencies
ARG TARGETARCH=amd64
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm pkg delete optionalDependencies devDependencies
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --no-progress --os=linux --libc=glibc --cpu=$(echo $TARGETARCH | sed s/amd64/x64/)
RUN find node_modules/onnxruntime-node/bin/napi-v6 -mindepth 2 -maxdepth 2 -not -path "*/linux/$(echo $TARGETARCH | sed s/amd64/x64/)" -exec rm -r {} + \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && rm -rf node_modules/typeorm/browser node_modules/.bin node_modules/.package-lock.json \
  && mkdir data

FROM ${NODE_IMAGE} AS application
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Boucle" \
  org.opencontainers.image.description="Self-hosted MLOps backend that keeps its models healthy" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# The root may be read-only: what is temporary goes to /tmp, and files to keep, if no bucket holds them, to BOUCLE_HOME.
ENV NODE_ENV=production HOME=/tmp BOUCLE_HOME=/app/data
WORKDIR /app
COPY --from=dependencies --chown=10001:10001 /app/data data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=dependencies /app/package.json ./
COPY LICENSE ./
COPY --from=build /build/dist dist
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["all"]

# SageMaker runs its containers as root, with `train` as the first argument.
FROM application AS sagemaker
USER root

FROM application AS boucle
USER 10001:10001
