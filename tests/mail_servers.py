"""A private post office for tests: a real Postfix and a real Dovecot on loopback, with their own queues and mailboxes.

Postfix takes mail and hands it on by LMTP: `familles.example` to Dovecot, `ecole.test` and `plein.example` to the
hub, and `mort.example` to nobody. Both must start as root; they then change to their own users.
"""

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("postfix", "dovecot", "doveadm")
PASSWORD = "secret"


def missing() -> str | None:
    """Say why no post office can be opened here; None when it can."""
    absent = [name for name in NEEDED if not shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian packages postfix, dovecot-imapd, dovecot-lmtpd)"
    return None if os.geteuid() == 0 else "Postfix and Dovecot start as root only"


@dataclass(frozen=True, slots=True)
class PostOffice:
    """Where to hand mail in, and where to read it."""

    smtp_port: int
    imap_port: int
    imaps_port: int = 0

    def mails_of(self, mailbox: str) -> list[bytes]:
        """Read a mailbox by IMAP, oldest first, as it stands."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port) as imap:
            imap.login(mailbox, PASSWORD)
            imap.select("INBOX", readonly=True)
            _, found = imap.search(None, "ALL")
            mails = []
            for number in found[0].split():
                _, data = imap.fetch(number.decode(), "(BODY.PEEK[])")
                mails += [part[1] for part in data if isinstance(part, tuple)]
            return mails

    def conversations_of(self, mailbox: str) -> str:
        """Say how the mailbox shows its mails together (RFC 5256, THREAD=REFERENCES): `(1 2)(3)` is two."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port) as imap:
            imap.login(mailbox, PASSWORD)
            imap.select("INBOX", readonly=True)
            _, found = imap.thread("REFERENCES", "UTF-8", "ALL")
            return str(found[0].decode())


@contextmanager
def post_office(hub_port: int, *, certificate: bytes | None = None) -> Iterator[PostOffice]:
    """Open the post office; `hub_port` is where the hub listens for LMTP.

    With a certificate (PEM, its key first) Dovecot speaks IMAP under TLS too.
    """
    smtp_port, imap_port, imaps_port, dovecot_port = _free_ports(4)
    home = Path(tempfile.mkdtemp(prefix="post-office-"))
    home.chmod(0o755)
    try:
        postfix, dovecot = home / "postfix", home / "dovecot.conf"
        _furnish_postfix(postfix, smtp_port=smtp_port, hub_port=hub_port, dovecot_port=dovecot_port)
        settings = _dovecot(home, imap_port=imap_port, lmtp_port=dovecot_port)
        if certificate is not None:
            settings += _under_tls(home, certificate, port=imaps_port)
        dovecot.write_text(settings)
        _run("dovecot", "-c", str(dovecot))
        _run("postfix", "-c", str(postfix / "etc"), "start")
        yield PostOffice(smtp_port, imap_port, imaps_port)
    finally:
        _run("postfix", "-c", str(home / "postfix" / "etc"), "stop", must=False)
        _run("doveadm", "-c", str(home / "dovecot.conf"), "stop", must=False)
        shutil.rmtree(home, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _run(*command: str, must: bool = True) -> None:
    """Run without a pipe: a daemon would hold it open for ever."""
    environment = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    nowhere = subprocess.DEVNULL
    subprocess.run(command, check=must, env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere, timeout=30)


def _furnish_postfix(home: Path, *, smtp_port: int, hub_port: int, dovecot_port: int) -> None:
    for room in ("etc", "queue", "data"):
        (home / room).mkdir(parents=True)
    shutil.chown(home / "data", "postfix")
    hub, dovecot = f"lmtp:inet:127.0.0.1:{hub_port}", f"lmtp:inet:127.0.0.1:{dovecot_port}"
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": home / "queue",
        "data_directory": home / "data",
        "command_directory": "/usr/sbin",
        "daemon_directory": "/usr/lib/postfix/sbin",
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "myhostname": "mx.ecole.test",
        "mydestination": "",
        "local_recipient_maps": "",
        "local_transport": "error:no local mail",
        "alias_maps": "",
        "alias_database": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
        "relay_domains": "ecole.test, familles.example, plein.example, mort.example",
        "transport_maps": (
            f"inline:{{ {{ecole.test = {hub}}}, {{plein.example = {hub}}}, {{familles.example = {dovecot}}},"
            " {mort.example = error:5.1.1 user unknown} }"
        ),
        "default_transport": "error:5.4.4 no outside mail in tests",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "recipient_delimiter": "+",
        "maillog_file": home / "log",
        "maillog_file_prefixes": home,
    }
    (home / "etc" / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (home / "etc" / "master.cf").write_text(_master(smtp_port))


def _master(smtp_port: int) -> str:
    """List Postfix's services; none in a chroot, which the house has not got."""
    services = [
        f"127.0.0.1:{smtp_port} inet n - n - - smtpd",
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "showq unix n - n - - showq",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "lmtp unix - - n - - lmtp",
        "smtp unix - - n - - smtp",
        "relay unix - - n - - smtp",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ]
    return "\n".join(services) + "\n"


def _dovecot(home: Path, *, imap_port: int, lmtp_port: int) -> str:
    (home / "mail").mkdir()
    shutil.chown(home / "mail", "mail", "mail")
    return f"""\
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
    address = 127.0.0.1
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
    address = 127.0.0.1
  }}
}}
"""


def _under_tls(home: Path, certificate: bytes, *, port: int) -> str:
    pem = home / "tls.pem"
    pem.write_bytes(certificate)
    pem.chmod(0o600)
    return f"""\
ssl = yes
ssl_cert = <{pem}
ssl_key = <{pem}
service imap-login {{
  inet_listener imaps {{
    port = {port}
    address = 127.0.0.1
    ssl = yes
  }}
}}
"""
