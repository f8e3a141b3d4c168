"""What can go wrong, in one sentence each: errors of the school and errors of the ways out."""


class PasserelleError(Exception):
    """The root of our errors; its text is one clear sentence and never holds a name, an address or a secret."""


class SettingsError(PasserelleError):
    """The installation is not set up as it must be."""


class HubError(PasserelleError):
    """The school refuses: nothing was changed."""


class NotAllowedError(HubError):
    """This person may not do this, today."""


class NotFoundError(HubError):
    """There is no such thing in this school."""


class InvalidError(HubError):
    """What was given cannot be taken; `field` says where."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class ChannelError(PasserelleError):
    """A way out did not take a message; `code` is the provider's own."""

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code


class TemporaryError(ChannelError):
    """Surely not taken; may be tried again, after `retry_after` seconds when the provider says so."""

    def __init__(self, sentence: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after


class BusyAddressError(TemporaryError):
    """This one address has its turn in `retry_after` seconds; all others go on. Without a `code` nobody was asked."""


class UnknownOutcomeError(ChannelError):
    """May have been taken: the answer was lost. Never tried again blindly."""


class DeadAddressError(ChannelError):
    """This address will never take a message."""


class StoppedError(ChannelError):
    """This address told this sender to stop."""


class RejectedError(ChannelError):
    """The provider refuses this message for good; another address may work."""


class MisconfiguredError(ChannelError):
    """Our account with the provider is at fault: the sender stops and says so."""
