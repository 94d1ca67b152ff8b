# Slim, not root, works with a read-only root file system: everything written goes to /data.
FROM python:3.11-slim AS build
WORKDIR /srv/strikemap
COPY requirements.lock pyproject.toml setup.py README.md LICENSE ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY app app
COPY geodata geodata
COPY static static
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
# Pillow orders letters from right to left with it.
RUN apt-get update && apt-get install -y --no-install-recommends libfribidi0 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data strikemap \
 && install -d -o strikemap -g strikemap /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    STRIKEMAP_DATA_DIR=/data
USER strikemap
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["strikemap", "serve", "--host", "0.0.0.0", "--port", "8000"]
