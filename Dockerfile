# feelit for CPUs. The container runs as any user, needs no writable root, and ends in order on SIGTERM:
#
#     docker build --tag feelit .
#     docker run --rm --read-only --tmpfs /tmp --user "$(id -u):$(id -g)" --volume "$PWD:/data" feelit analyze recordings --out timelines

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY models models
RUN python -m venv /opt/feelit \
    && /opt/feelit/bin/pip install --no-cache-dir --constraint constraints.txt '.[s3]' \
    # the build for CPUs is the same package under another name, and half a gigabyte smaller
    && version=$(/opt/feelit/bin/pip list --format=freeze | sed -n 's/^onnxruntime-gpu==//p') \
    && if [ -n "$version" ]; then \
        /opt/feelit/bin/pip uninstall --yes onnxruntime-gpu \
        && /opt/feelit/bin/pip install --no-cache-dir --no-deps --force-reinstall "onnxruntime==$version"; \
    fi \
    && /opt/feelit/bin/python -m compileall -q /opt/feelit/lib \
    && /opt/feelit/bin/feelit --version

FROM python:3.12-slim
COPY --from=build /opt/feelit /opt/feelit
ENV PATH=/opt/feelit/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    FEELIT_CACHE=/tmp/feelit
USER 65534:65534
WORKDIR /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["feelit"]
CMD ["--help"]
