# FormCheck for a server: the app, the batch, and the scheduler and workers of a cluster are this one image. See compose.yaml.
FROM python:3.11-slim AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE MANIFEST.in ./
COPY formcheck formcheck
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.11-slim
# What OpenCV and MediaPipe expect of the system: formcheck doctor names the same.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libegl1 libgles2 libglib2.0-0 libxcb1 zlib1g libstdc++6 libgcc-s1 \
    && rm -rf /var/lib/apt/lists/*
COPY constraints.txt /install/
COPY --from=wheel /wheel /install
RUN python -m pip install --no-cache-dir --constraint /install/constraints.txt \
        "$(ls /install/formcheck-*.whl)[app,server,fast,cluster]" \
    && rm -rf /install
# Films and reports belong to whoever runs this, never to root.
RUN useradd --create-home --uid 1000 formcheck \
    && mkdir -p /data/models /data/history /data/settings /data/results \
    && chown -R formcheck:formcheck /data
USER 1000
WORKDIR /home/formcheck
ENV FORMCHECK_MODEL_DIR=/data/models \
    FORMCHECK_HISTORY_DIR=/data/history \
    FORMCHECK_CONFIG_DIR=/data/settings \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    PYTHONUNBUFFERED=1
VOLUME ["/data"]
CMD ["formcheck", "--help"]
