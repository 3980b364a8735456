# Ledgerway on Node-RED 5. Two stages: the first packs the palette package from the sources, the second installs
# it beside Node-RED, so that the image carries no compiler, no tests and no development dependencies.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=optional
COPY . .
RUN npm run build && cp "$(npm run --silent pack:palette -- --no-build)" /build/ledgerway.tgz

FROM node:24-slim
ENV NODE_ENV=production \
    LEDGERWAY_DATA=/data \
    LEDGERWAY_HOST=0.0.0.0 \
    LEDGERWAY_PORT=1880
WORKDIR /opt/ledgerway
COPY --from=build /build/ledgerway.tgz /tmp/ledgerway.tgz
RUN npm init -y >/dev/null \
 && npm install --omit=dev --no-audit --no-fund node-red@5.0.7 pg@8.23.1 ioredis@6.0.0 bullmq@6.7.0 nodemailer@10.6.0 /tmp/ledgerway.tgz \
 && rm -rf /tmp/ledgerway.tgz /root/.npm \
 && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 1880
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:1880/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "node_modules/@ledgerway/node-red/bin/ledgerway.js"]
CMD ["run"]
