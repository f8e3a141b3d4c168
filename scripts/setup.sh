#!/usr/bin/env bash
# Makes the house ready on this machine: Python's packages in .venv, and (unless told "python") Debian's for the tests.
# Quick and silent when there is nothing to do. Everything it says goes to stderr, so that `make demo` keeps stdout.
#
# The project itself is not built: a .pth file names this folder and a launcher stands at .venv/bin/passerelle.
# An editable install would fetch a build backend that requirements.lock does not pin, and start 30 ms slower.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 1>&2 9<Makefile
flock 9 # two setups at once: the second waits, and then finds nothing to do
what="${1:-all}"
house="$PWD"
venv="$house/.venv"
stamp="$venv/.ready"

say() { echo "setup: $*"; }

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null && fits "$name"; then
            echo "$name"
            return
        fi
    done
}

# Installs Debian packages when this is root; else names them in one line and goes on: what needs them will say so.
debian() {
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "missing here, and only root on Debian can add them: apt-get install $*"
        return 0
    fi
    say "installing $*"
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then # the tests start servers of their own: none of Debian's needs to run
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >/dev/null
    apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

packages_for_tests() {
    there() { compgen -G "$1" >/dev/null; }
    there '/usr/lib/postgresql/*/bin/initdb' || echo postgresql
    command -v redis-server >/dev/null || echo redis-server
    there '/usr/sbin/postfix' || echo postfix
    there '/usr/lib/dovecot/imap' || echo dovecot-imapd
    there '/usr/lib/dovecot/lmtp' || echo dovecot-lmtpd
    command -v chromium >/dev/null || echo chromium
    there '/usr/sbin/nginx' || echo nginx-light
    there '/usr/share/fonts/truetype/noto/NotoSansArabic*' || echo fonts-noto-core
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

fingerprint() { { echo "$house"; cat requirements.lock pyproject.toml scripts/setup.sh; } | sha256sum; }

python_part() {
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && [ -x "$venv/bin/python" ]; then
        return
    fi
    if [ ! -x "$venv/bin/python" ] || ! fits "$venv/bin/python"; then
        make_venv
    fi
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
    say "fetching what requirements.lock names"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
    echo "$house" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/passerelle.pth"
    rm -f "$venv/bin/passerelle"
    printf '#!/bin/sh\nexec "%s/bin/python" -P -c "from cli.main import run; run()" "$@"\n' "$venv" >"$venv/bin/passerelle"
    chmod +x "$venv/bin/passerelle"
    fingerprint >"$stamp"
}

make_venv() {
    local python
    python="$(find_python)"
    [ -n "$python" ] || debian python3 python3-venv
    python="$(find_python)"
    if [ -z "$python" ]; then
        say "Python 3.11, 3.12 or 3.13 is needed"
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        debian "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    say "making .venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

test_part() {
    local wanted
    mapfile -t wanted < <(packages_for_tests)
    debian "${wanted[@]}"
    if command -v npm >/dev/null && [ ! -d tests/node/node_modules/sms-segments-calculator ]; then
        say "fetching Twilio's own segment calculator, which the tests ask"
        (cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --silent </dev/null)
    fi
}

python_part
[ "$what" = python ] || test_part
