# API and worker: `docker run obflow api`, `docker run obflow worker` (docker-compose.yml wires them up).
FROM node:22-bookworm-slim AS build
WORKDIR /opt/obflow
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

# What it needs at run time alone. The Temporal SDK brings its native library for five platforms (30 MB each).
FROM node:22-bookworm-slim AS dependencies
WORKDIR /opt/obflow
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
RUN cd node_modules/@temporalio/core-bridge/releases && ls | grep -v "^$(uname -m)-unknown-linux-gnu$" | xargs rm -rf

# Of the profile "demo" in docker-compose.yml: declares the demo's hosts and installs OBProxies (stand-ins) on them.
FROM build AS demo
RUN apt-get update && apt-get install -y --no-install-recommends rpm && rm -rf /var/lib/apt/lists/*
RUN mkdir /demo && chown node /demo
USER node
ENTRYPOINT ["node", "dist/sandbox/containers/main.js"]

FROM node:22-bookworm-slim
# TLS to Temporal and to PostgreSQL.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/obflow
COPY --from=dependencies /opt/obflow/node_modules ./node_modules
COPY --from=build /opt/obflow/package.json ./
COPY --from=build /opt/obflow/bin ./bin
COPY --from=build /opt/obflow/dist ./dist
# Demo, stand-ins, benchmarks and test programs need what is not here.
RUN rm -rf dist/sandbox dist/bench dist/test && mkdir /data && chown node /data
USER node
ENV NODE_ENV=production OBFLOW_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["node", "bin/obflow.js"]
CMD ["--help"]
