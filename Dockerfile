# One target per service. The bundles are made before (`npm run build`): they are the same for every architecture, and nothing is compiled here.
# `npm run images` does both for all targets. By hand: docker build --target dpu-controller -t dpf-provisioning/dpu-controller .
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="dpf-provisioning"
# A small young generation: otherwise what the start took is kept, half as much as dpu-controller needs afterwards.
ENV NODE_ENV=production \
    NODE_OPTIONS="--enable-source-maps --max-semi-space-size=4"
WORKDIR /app
ENTRYPOINT ["node"]
CMD ["main.mjs"]

FROM base AS dpuset-controller
LABEL org.opencontainers.image.title="dpuset-controller" \
      org.opencontainers.image.description="Makes the Dpus of every DpuSet and rolls out their updates"
COPY dist/dpuset-controller/ ./
USER 65532:65532

FROM base AS dpu-controller
LABEL org.opencontainers.image.title="dpu-controller" \
      org.opencontainers.image.description="Drives every Dpu through its phases and serves the agents of the hosts"
COPY dist/dpu-controller/ ./
USER 65532:65532

FROM base AS bfb-downloader
LABEL org.opencontainers.image.title="bfb-downloader" \
      org.opencontainers.image.description="Downloads BFB images to the volume, verified, and removes them"
COPY dist/bfb-downloader/ ./
USER 65532:65532

FROM base AS uninstall
LABEL org.opencontainers.image.title="uninstall" \
      org.opencontainers.image.description="Removes DpuSets, Dpus and Bfbs before the services go (helm uninstall)"
COPY dist/uninstall/ ./
USER 65532:65532

# Simulated hosts, a tenant cluster and an image server for trials without hardware (chart value simulator.enabled). bash and mount are in the base.
FROM base AS simulator
LABEL org.opencontainers.image.title="simulator" \
      org.opencontainers.image.description="Simulated BlueField DPUs, tenant cluster and image server"
COPY dist/simulator/ ./
CMD ["main.mjs", "hosts"]
USER 0:0

# The agent is root on its host (SECURITY.md). flock comes with util-linux, which every Debian image has; mlxconfig and mlxfwreset with the
# open-source mstflint, whose tools are called mstconfig and mstfwreset. Where the host's MFT shall be used, TOOL_PATH names its folder.
FROM base AS dms-agent
LABEL org.opencontainers.image.title="dms-agent" \
      org.opencontainers.image.description="Executes operations on the BlueField cards of its host"
RUN export DEBIAN_FRONTEND=noninteractive \
 && apt-get update \
 && apt-get install --yes --no-install-recommends pciutils iproute2 ipmitool kmod mstflint \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
# Every device or volume that does not answer holds a thread of libuv's pool (4 unless told), in which names are looked up too.
ENV UV_THREADPOOL_SIZE=32
COPY dist/dms-agent/ ./
USER 0:0
