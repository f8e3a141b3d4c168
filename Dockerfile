# One image for every program of the hub: `docker run … serve`, `worker`, `clock`, `mail`, `migrate`.
FROM python:3.11-slim-bookworm AS made
WORKDIR /house
COPY deploy/requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock

FROM python:3.11-slim-bookworm
# what draws letters, and the scripts they are written in
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/passerelle passerelle
COPY --from=made /venv /venv
WORKDIR /house
COPY . .
RUN chmod -R a+rX /house
ENV PATH=/venv/bin:$PATH PYTHONPATH=/house PYTHONUNBUFFERED=1 PASSERELLE_DATA_DIR=/var/lib/passerelle
USER passerelle
VOLUME /var/lib/passerelle
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-P", "-c", "from cli.main import run; run()"]
CMD ["serve"]
