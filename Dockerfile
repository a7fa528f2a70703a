# One image for web, worker, engine-worker, beat, glue and the embedded S3 server; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/labelportal
COPY requirements.txt /tmp/requirements.txt
RUN /opt/labelportal/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/labelportal/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LABELPORTAL_VAR=/var/lib/labelportal
RUN useradd --system --uid 10001 --home-dir /var/lib/labelportal --create-home labelportal
COPY --from=build /opt/labelportal /opt/labelportal
WORKDIR /srv/labelportal
COPY manage.py LICENSE ./
COPY accounts accounts
COPY findmatches findmatches
COPY labelfiles labelfiles
COPY labeling labeling
COPY labelportal labelportal
COPY localglue localglue
COPY partitions partitions
COPY samples samples
COPY static static
COPY tableformats tableformats
COPY templates templates
USER labelportal
VOLUME /var/lib/labelportal
EXPOSE 8000
CMD ["gunicorn", "--config", "python:labelportal.run.gunicorn_conf", "labelportal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]
