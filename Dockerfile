# Inkstone on CPUs, with the embedded model:
#   docker build -t inkstone . && docker run --rm -p 4000:4000 -v inkstone:/data -e ACCESS_KEY=… inkstone
# Without ACCESS_KEY a key is drawn for this run and printed: what others can reach asks for one.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The runtime's package carries its libraries for every system; the image needs those of Linux.
RUN npm ci --omit=dev \
  && rm -rf node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32 \
  && npm cache clean --force

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY infra/setup infra/setup
COPY schema schema
COPY src src
RUN npm run build

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
WORKDIR /app
# The user `node` of the base, as a number: orchestrators that refuse root cannot look names up.
RUN install --directory --owner=1000 --group=1000 /data
COPY package.json ./
COPY models models
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
USER 1000:1000
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/cli.js", "serve"]
