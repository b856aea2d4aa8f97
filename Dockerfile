# API and worker: `docker run obflow api`, `docker run obflow worker` (docker-compose.yml wires them up).
FROM node:22-bookworm-slim AS build
WORKDIR /opt/obflow
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
# TLS to Temporal and to PostgreSQL.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/obflow
COPY --from=build /opt/obflow/package.json ./
COPY --from=build /opt/obflow/bin ./bin
COPY --from=build /opt/obflow/dist ./dist
COPY --from=build /opt/obflow/node_modules ./node_modules
RUN mkdir /data && chown node /data
USER node
ENV NODE_ENV=production OBFLOW_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["node", "bin/obflow.js"]
CMD ["--help"]
