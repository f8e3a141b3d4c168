#!/usr/bin/env bash
# Makes the house ready on this machine. "python" wants .venv alone; "tests" wants what the tests need too, or fails;
# without a word it wants the same, and names what it cannot have. Debian's packages are installed when this is root.
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

stop() {
    say "$*"
    exit 1
}

there() { compgen -G "$1" >/dev/null; }

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

# A venv whose making was cut short, or that was made in another folder, does not stand: its commands would not start.
venv_stands() { fits "$venv/bin/python" && grep -qsF "$venv/bin/python" "$venv/bin/pip"; }

packages_for_python() {
    local python
    ! venv_stands || return 0
    python="$(find_python)"
    if [ -z "$python" ]; then
        echo python3 python3-venv
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')-venv"
    fi
}

# Without these most tests, or those of what an SMS costs, cannot run.
packages_tests_need() {
    there '/usr/lib/postgresql/*/bin/initdb' || command -v initdb >/dev/null || echo postgresql
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

# Without these a few tests are skipped, and say which package they miss. Playwright's own node wants libatomic1.
packages_tests_use() {
    there '/usr/sbin/postfix' || echo postfix
    there '/usr/lib/dovecot/imap' || echo dovecot-imapd
    there '/usr/lib/dovecot/lmtp' || echo dovecot-lmtpd
    there '/usr/bin/redis-server' || echo redis-server
    there '/usr/sbin/nginx' || echo nginx-light
    there '/usr/bin/chromium' || echo chromium
    there '/usr/bin/firefox-esr' || echo firefox-esr
    there '/usr/lib*/libatomic.so.1' || there '/usr/lib/*/libatomic.so.1' || echo libatomic1
    packages_letters_use
}

# Without these no letter can be printed: `passerelle doctor` says so, and the page does.
packages_letters_use() {
    there '/usr/lib/*/libpango-1.0.so.0' || echo libpango-1.0-0
    there '/usr/lib/*/libpangoft2-1.0.so.0' || echo libpangoft2-1.0-0
    there '/usr/lib/*/libharfbuzz-subset.so.0' || echo libharfbuzz-subset0
    there '/usr/share/fonts/truetype/noto/NotoSansArabic*' || echo fonts-noto-core
}

# Installs Debian packages when this is root; else names them in one line and goes on: what needs them says so.
debian() {
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "missing here, and only root on Debian can add them: apt-get install $*"
        return 0
    fi
    say "installing $*"
    local policy=/usr/sbin/policy-rc.d log
    if [ ! -e "$policy" ]; then # the tests start servers of their own: none of Debian's needs to run
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    log="$(mktemp)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >"$log" 2>&1 9<&- || true # a source that fails may not be the one that is needed
    apt-get install -y -qq --no-install-recommends "$@" </dev/null >>"$log" 2>&1 9<&- || {
        tail -n 20 "$log"
        stop "Debian's packages could not be installed: what apt-get said is above, and whole in $log"
    }
    rm -f "$log"
}

fingerprint() { { echo "$house"; cat requirements.lock pyproject.toml scripts/setup.sh; } | sha256sum; }

python_ready() { [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ]; }

make_venv() {
    local python
    python="$(find_python)"
    [ -n "$python" ] || stop "Python 3.11, 3.12 or 3.13 is needed"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || stop "without $(packages_for_python), $python cannot make .venv"
    say "making .venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

furnish_venv() {
    say "fetching what requirements.lock names"
    # PYTHONWARNINGS: pip's own news about how dkimpy is packed is none of the reader's business
    PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --requirement requirements.lock || stop "pip could not fetch them all: what it said is above"
    echo "$house" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/passerelle.pth"
    rm -f "$venv/bin/passerelle"
    printf '#!/bin/sh\nexec "%s/bin/python" -P -c "from cli.main import run; run()" "$@"\n' "$venv" >"$venv/bin/passerelle"
    chmod +x "$venv/bin/passerelle"
    fingerprint >"$stamp"
}

fetched_by_npm() { [ -d tests/node/node_modules/sms-segments-calculator ] && [ -d tests/node/node_modules/axe-core ]; }

# Twilio's own segment calculator, and the rules by which pages are looked at: the tests ask both.
judges() {
    ! fetched_by_npm && command -v npm >/dev/null || return 0
    say "fetching Twilio's own segment calculator and axe-core, which the tests ask"
    (cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >/dev/null) ||
        stop "npm could not fetch them: what it said is above"
}

wanted=()
python_ready || mapfile -t wanted < <(packages_for_python)
[ "$what" = python ] || mapfile -t -O "${#wanted[@]}" wanted < <(packages_tests_need; packages_tests_use)
debian "${wanted[@]}"
if ! python_ready; then
    venv_stands || make_venv
    furnish_venv
fi
if [ "$what" != python ]; then
    [ "$what" != tests ] || [ -z "$(packages_tests_need)" ] || stop "the tests cannot run without $(packages_tests_need | xargs)"
    judges
fi
