"""The door for Twilio's calls: what is said to who picks up, and what the keys that they press mean.

A person hears the message and what to press. An answering machine hears only « appelez l'école », and nobody has been
told. Whom Twilio cannot tell from a machine presses a key first. Told is who listened to the end, or pressed a key on
the way: to have picked up, or hung up in the middle, is no proof. Keys are answers like those of a text: 1, 2 and 3; to
a question 1 is yes, and 2 is no.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.voice import VOICES, is_machine, is_person
from hub.models.notices import AttemptState, ErrorKind
from hub.outbox.record import ReceiptIn
from hub.outbox.spoken import Spoken, spoken
from hub.ports import ChannelName
from hub.replies.keeping import Text
from hub.replies.saying_back import words_back
from i18n.spoken import ANSWERS, CALL_BACK, YES_OR_NO, Script, aloud, script
from web.house import house_of
from web.together import AWAY
from web.webhooks import Caller, Posted, Switchboard, posted_form, switchboard

router = APIRouter()

WAITS: Final = 8
"""Seconds that a key is waited for after the last word."""
AT: Final = "/webhooks/twilio/{key}/call/{token}"
ROUNDS: Final = "123456789"
"""How often a message is heard at most; the round stands in the address that is signed."""


async def answer(request: Request) -> Response:
    """For the sender's own provider, by its signature: somebody, or a machine, has picked up."""
    return await _asked(request, "answer")


async def heard(request: Request) -> Response:
    """For the sender's own provider, by its signature: the message was said to its end, or a key was pressed."""
    return await _asked(request, "heard")


async def opened(request: Request) -> Response:
    """For the sender's own provider, by its signature: whether a key shows that a person listens."""
    return await _asked(request, "opened")


async def ended(request: Request) -> Response:
    """For the sender's own provider, by its signature: the call is over; whom it did not tell takes the next rung."""
    return await _asked(request, "ended")


async def _asked(request: Request, what: str) -> Response:
    """Check who asks, and answer once what it means is committed; 503 while the database is away."""
    house, form = house_of(request), await posted_form(request)
    if form is None:
        return Response(status_code=413)
    try:
        board = switchboard(request, house)
        caller = await board.admit(request, request.path_params["key"], form)
        if caller is None:
            return Response(status_code=403)
        attempt_id = house.keyring.read_token("a", request.path_params["token"])
        call = None
        if attempt_id is not None:
            async with house.database.engine_reading() as connection:
                here, now = (connection, house.keyring), await house.database.now(connection)
                call = await spoken(*here, attempt_id=attempt_id, sender_id=caller.sender_id, now=now)
        if call is None or attempt_id is None or not form.get("CallSid"):
            return Response(status_code=404)
        at = house.settings.public_url + AT.format(**request.path_params) if house.settings.public_url else ""
        taken = _Call(board, caller, attempt_id, form, call, at)
        if what == "ended":
            await taken.put(AttemptState.FAILED, form.get("CallStatus", "") or "completed")
            return Response(status_code=204)
        said = await taken.said(what, request.path_params.get("round", ROUNDS[0]))
    except AWAY:
        return Response(status_code=503)
    return Response(str(said), media_type="application/xml")


class _Call:
    """One call that is going on: what it tells us is written down, and what it says next is written for Twilio."""

    def __init__(
        self, board: Switchboard, caller: Caller, attempt_id: int, form: Posted, call: Spoken, at: str
    ) -> None:
        self._board, self._caller, self._attempt_id = board, caller, attempt_id
        self._form, self._call, self._at = form, call, at
        self._script: Script = script(call.language, call.kind, call.school, question=call.question)
        self._answers = "".join(YES_OR_NO) if call.question else ANSWERS[call.kind]

    async def put(self, state: AttemptState, status: str) -> None:
        """Write down what became of the call; a failure never takes back that somebody was told."""
        failed = state is AttemptState.FAILED
        kind, code = (ErrorKind.TEMPORARY, status) if failed else (None, "")
        receipt = ReceiptIn(self._attempt_id, state, status, kind, code, provider_id=self._form["CallSid"][:255])
        await self._board.receipts.put(self._caller.sender_id, receipt)

    async def said(self, what: str, heard_times: str) -> VoiceResponse:
        """Give what is said next."""
        key, by = self._form.get("Digits", ""), self._form.get("AnsweredBy", "")
        if what == "answer":
            return await self._picked_up(by)
        if what == "opened" and key and self._call.words:
            return self._message(ROUNDS[0])
        if what == "opened" or not self._call.words:  # nobody pressed a key; or it was withdrawn while it was said
            return self._closing(self._script.goodbye)
        await self.put(AttemptState.DELIVERED, "heard")
        if len(key) == 1 and key in CALL_BACK + self._answers:
            return self._closing(await self._take(key))
        if key and heard_times in ROUNDS[:-1]:  # once more, also for a key that means nothing
            return self._message(ROUNDS[ROUNDS.index(heard_times) + 1])
        return self._closing(self._script.goodbye)

    async def _picked_up(self, by: str) -> VoiceResponse:
        """Speak to a person, ask for a key where one is not sure, and tell a machine only to call the school."""
        if is_machine(by) or not self._call.words:
            if is_machine(by):
                await self.put(AttemptState.FAILED, "machine")
            return self._closing(self._script.machine)
        return self._message(ROUNDS[0]) if is_person(by) else self._gate()

    async def _take(self, key: str) -> str:
        """Take a key as the text that it stands for, once however often it is posted; gives what is said to it."""
        words = YES_OR_NO[key] if self._call.question and key in YES_OR_NO else key
        received = await self._board.texts.take(
            Text(
                school_id=self._caller.school_id,
                sender_id=self._caller.sender_id,
                provider_key=f"{self._form['CallSid']}:key",
                number=self._form.get("To", ""),
                words="" if key == CALL_BACK else words,
                channel=ChannelName.VOICE,
                called=key == CALL_BACK,
                quoted=self._form["CallSid"],
            )
        )
        if key == CALL_BACK:
            return self._script.calling_back
        if received.back is not None and aloud(received.back.language) == received.back.language:
            return words_back(received.back)
        return self._script.noted

    def _message(self, heard_times: str) -> VoiceResponse:
        """Say the message and what to press, and wait for a key; also when none comes, Twilio asks what follows."""
        twiml = VoiceResponse()
        gather = Gather(
            input="dtmf",
            num_digits=1,
            timeout=WAITS,
            action=f"{self._at}/heard/{heard_times}",
            action_on_empty_result=True,
        )
        for line in (*self._call.words.split("\n"), self._script.menu):
            self._say(gather, line)
        twiml.append(gather)
        return twiml

    def _gate(self) -> VoiceResponse:
        twiml = VoiceResponse()
        gather = Gather(
            input="dtmf", num_digits=1, timeout=WAITS, action=f"{self._at}/opened", action_on_empty_result=True
        )
        self._say(gather, self._script.gate)
        self._say(gather, self._script.gate)  # the greeting of a mailbox may drown the first
        twiml.append(gather)
        return twiml

    def _closing(self, words: str) -> VoiceResponse:
        twiml = VoiceResponse()
        self._say(twiml, words)
        twiml.hangup()
        return twiml

    def _say(self, where: VoiceResponse | Gather, words: str) -> None:
        language, voice = VOICES[self._script.language]
        where.say(words, language=language, voice=voice)


router.add_route(AT + "/answer", answer, methods=["POST"])
router.add_route(AT + "/opened", opened, methods=["POST"])
router.add_route(AT + "/heard/{round}", heard, methods=["POST"])
router.add_route(AT + "/ended", ended, methods=["POST"])
