"""The clock of a link: what a peer has to do by when."""

from filmless.dimse.timeouts import Timeouts

__all__ = ["Watch"]


class Watch:
    """Counts bytes and seconds. It is looked at once in a while, so that a message costs no timer.

    Parameters
    ----------
    timeouts
        How long the peer is waited for.
    now
        Seconds on the clock of the event loop.

    Attributes
    ----------
    active
        When the peer last did something, or we for it.
    received, written
        Bytes that came, and that were handed to the transport.
    """

    __slots__ = ("_amid_since", "_pending", "_since", "_then", "_timeouts", "active", "begun", "received", "written")

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self._timeouts = timeouts
        self.begun = self.active = now
        self.received = self.written = 0
        self._amid_since: float | None = None
        self._since, self._then, self._pending = now, (0, 0), 0

    def note_amid(self, now: float, *, is_amid: bool) -> None:
        """Note whether a message of the peer is half here."""
        if not is_amid:
            self._amid_since = None
        elif self._amid_since is None:
            self._amid_since = now

    def listens_again(self, now: float) -> None:
        """Note that it was us who did not listen for a while."""
        self.active = now
        if self._amid_since is not None:
            self._amid_since = now

    def begin(self, now: float, *, pending: int = 0) -> None:
        """Begin a window: nothing was waited for before.

        Parameters
        ----------
        now
            The time.
        pending
            Bytes that are written and not yet gone.
        """
        self._since, self._then, self._pending = now, (self.received, self.written - pending), pending

    def step_s(self) -> float:
        """Seconds between two looks at the most."""
        limits = self._timeouts
        return min(limits.stall_s, limits.response_s, limits.idle_s)

    def limits(self, *, waiting_since: float | None, is_idle: bool) -> list[tuple[float, str]]:
        """Return until when the peer may do nothing, and what is wrong then.

        Parameters
        ----------
        waiting_since
            Since when an answer is waited for.
        is_idle
            Whether it is the peer's turn to ask for something.
        """
        timeouts, found = self._timeouts, []
        if timeouts.total_s is not None:
            found.append((self.begun + timeouts.total_s, "the association took too long"))
        if waiting_since is not None:
            seconds = timeouts.response_s
            found.append((waiting_since + seconds, f"the peer did not answer within {seconds:g} seconds"))
        if is_idle:
            found.append((self.active + timeouts.idle_s, "the peer was silent for too long"))
        return found

    def slow(self, now: float, *, pending: int, listening: bool) -> str | None:
        """Look whether the peer was slow in the time of a window, and begin a new one; return what is wrong.

        Parameters
        ----------
        now
            The time.
        pending
            Bytes that are written and not yet gone.
        listening
            Whether what the peer sends is taken.
        """
        elapsed = now - self._since
        if elapsed < self._timeouts.stall_s:
            return None
        least = elapsed * self._timeouts.pace_bytes_s
        received, gone = self.received - self._then[0], self.written - pending - self._then[1]
        amid_since, was_pending = self._amid_since, self._pending
        began = self._since
        self.begin(now, pending=pending)
        if listening and amid_since is not None and amid_since <= began and received < least:
            return "the peer was too slow in the middle of a message"
        if pending and was_pending and gone < least:
            return "the peer did not read what it was sent"
        return None
