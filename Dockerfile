# Open Terminal in a container. Targets:
#
#   full    (the default) what an assistant expects of a computer: Python, Node.js, compilers, documents, media; sudo
#   slim    git, curl, jq, ripgrep; no Python, no sudo
#   static  the program alone: COPY --from it into an image of your own
#
# docs/DOCKER.md tells how they are run.
ARG DEBIAN=bookworm
ARG RUST=1.95

FROM rust:${RUST}-${DEBIAN} AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
# One program for all images and for those of others, whatever C library they have. The target has to be named, or the
# code that runs while compiling would be linked so too. Random numbers are asked of the kernel by its call: a static
# program cannot look whether there is one, and would wait for /dev/random, on a machine that has just started for long.
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
 && RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' cargo build --quiet --locked --release --target "$target" --bin open-terminal \
 && install -D --mode=0755 "target/$target/release/open-terminal" /out/usr/bin/open-terminal \
 && rm -rf target

FROM scratch AS static
COPY --from=build /out/ /
LABEL org.opencontainers.image.title="Open Terminal" \
      org.opencontainers.image.description="A computer for an AI assistant, over HTTP: the program alone" \
      org.opencontainers.image.licenses="MIT"
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s CMD ["/usr/bin/open-terminal", "health"]
ENTRYPOINT ["/usr/bin/open-terminal"]
CMD ["run"]

FROM debian:${DEBIAN}-slim AS base
ARG UID=1000
# The home is open to the group root, which platforms give to users that they choose. The state directory is for a
# volume: with many users, it keeps whose account is whose.
RUN groupadd --gid "$UID" user \
 && useradd --uid "$UID" --gid "$UID" --create-home --shell /bin/bash user \
 && chgrp 0 /home/user && chmod g=rwx /home/user \
 && install --directory --mode=0700 /var/lib/open-terminal
ENV LANG=C.UTF-8 \
    OPEN_TERMINAL_ISOLATION=process \
    OPEN_TERMINAL_STATE_DIR=/var/lib/open-terminal
WORKDIR /home/user
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s CMD ["open-terminal", "health"]
ENTRYPOINT ["open-terminal"]
CMD ["run"]

FROM base AS slim
COPY docker/slim.packages /tmp/packages
RUN apt-get update -qq \
 && sed 's/#.*//' /tmp/packages | xargs env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends >/dev/null \
 && apt-get clean \
 && rm -rf /tmp/packages /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /out/ /
LABEL org.opencontainers.image.title="Open Terminal, slim" \
      org.opencontainers.image.description="A computer for an AI assistant, over HTTP: git, curl, jq, ripgrep" \
      org.opencontainers.image.licenses="MIT"

FROM base AS full
# sudo gives new rights, and so what forbids these is left out; see docs/SECURITY.md. With many users, nobody has sudo.
ENV OPEN_TERMINAL_NO_NEW_PRIVS=off \
    PIP_BREAK_SYSTEM_PACKAGES=1
COPY docker/ /tmp/lists/
RUN apt-get update -qq \
 && sed 's/#.*//' /tmp/lists/*.packages | xargs env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends >/dev/null \
 && pip install --quiet --no-cache-dir --root-user-action ignore -r /tmp/lists/full.pip \
 && apt-get clean \
 && rm -rf /tmp/lists /var/lib/apt/lists/*
RUN echo 'user ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/user \
 && chmod 0440 /etc/sudoers.d/user
COPY --from=build /out/ /
LABEL org.opencontainers.image.title="Open Terminal" \
      org.opencontainers.image.description="A computer for an AI assistant, over HTTP" \
      org.opencontainers.image.licenses="MIT"
