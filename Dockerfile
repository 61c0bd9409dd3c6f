# One image for the web server (the default command) and for the worker (`flask worker`). docs/operating.md says how to run it.
# The packages for Azure ML exist for no newer Python.
ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim AS packages
# What the datasets in Azure ML need, some 280 MB; empty leaves it out.
ARG AZURE_ML=yes
WORKDIR /build
RUN python -m venv /opt/labelapi
ENV PATH=/opt/labelapi/bin:$PATH
COPY requirements.txt requirements-azureml.txt ./
RUN pip install --quiet --no-cache-dir --disable-pip-version-check --requirement requirements.txt ${AZURE_ML:+--requirement requirements-azureml.txt}

FROM python:${PYTHON_VERSION}-slim
LABEL org.opencontainers.image.title="LabelAPI" \
      org.opencontainers.image.description="A label store: the whole life of manually labelled images, from upload to dataset." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="GPL-3.0-or-later"
# Libraries look for a name and a home folder; nothing is kept there.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp labelapi
COPY --from=packages /opt/labelapi /opt/labelapi
WORKDIR /app
COPY LICENSE main.py gunicorn.conf.py deploy/healthcheck.py ./
COPY migrations migrations
COPY openapi openapi
COPY app app
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
