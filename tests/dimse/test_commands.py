"""Command sets as dicts, and their bytes beside pynetdicom's."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless._core import (
    Acceptable,
    AssociateAccept,
    AssociateRequest,
    CommonExtendedNegotiation,
    Connection,
    Event,
    ExtendedNegotiation,
    OperationsWindow,
    Policy,
    ProposedContext,
    Reject,
    RoleSelection,
    UserIdentity,
    UserInformation,
    decode_command,
    dictionary_entry,
    encode_command,
    keywords,
)
from filmless.errors import LocalProtocolError, RemoteProtocolError

ROWS = [row for row in map(dictionary_entry, keywords()) if row is not None and row[0] >> 16 == 0]
MADE = {"CommandGroupLength", "CommandDataSetType"}
#: PS3.7 E.1 and, retired, E.2.
KEYWORDS = {row[3]: (row[1], row[2]) for row in ROWS if row[3] not in MADE}

UIDS = st.lists(st.integers(0, 10**9), min_size=1, max_size=5).map(lambda parts: ".".join(map(str, parts)))
PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\")
CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=16)


def values(keyword: str) -> st.SearchStrategy[object]:
    vr, multiplicity = KEYWORDS[keyword]
    several = multiplicity != "1"
    if vr == "AT":
        return st.lists(st.integers(0, 0xFFFFFFFF), min_size=1, max_size=5)
    if vr in {"US", "UL"}:
        number = st.integers(0, 0xFFFF if vr == "US" else 0xFFFFFFFF)
        return st.one_of(number, st.lists(number, min_size=2, max_size=4)) if several else number
    return {"UI": UIDS, "CS": CODES, "IS": st.integers(-99, 99).map(str)}.get(
        vr, st.text(PRINTABLE, min_size=1, max_size=16)
    )


COMMANDS = st.fixed_dictionaries(
    {"CommandField": values("CommandField")},
    optional={keyword: values(keyword) for keyword in KEYWORDS if keyword != "CommandField"},
)


def test_the_keywords_are_those_of_the_standard() -> None:
    assert len([row for row in ROWS if not row[5]]) == 24


@given(COMMANDS, st.booleans())
def test_a_command_comes_back(command: dict, has_data_set: bool) -> None:
    data = encode_command(command, has_data_set)
    assert decode_command(data) == command
    assert int.from_bytes(data[8:12], "little") == len(data) - 12
    assert encode_command(decode_command(data), has_data_set) == data
    by_tag = {dictionary_entry(keyword)[0]: value for keyword, value in command.items()}
    assert encode_command(by_tag, has_data_set) == data


@given(COMMANDS, st.booleans())
def test_pynetdicom_writes_the_same_bytes(command: dict, has_data_set: bool) -> None:
    from pydicom.dataset import Dataset
    from pynetdicom.dsutils import encode

    theirs = Dataset()
    for keyword, value in command.items():
        setattr(theirs, keyword, value)
    theirs.CommandDataSetType = 1 if has_data_set else 0x0101
    theirs.CommandGroupLength = 0
    theirs.CommandGroupLength = len(encode(theirs, True, True)) - 12
    assert encode_command(command, has_data_set) == encode(theirs, True, True)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_command_are_the_peers_mistake(data: bytes) -> None:
    for whole in (data, encode_command({"CommandField": 1}, False) + data):
        with contextlib.suppress(RemoteProtocolError):
            decode_command(whole)


def test_what_a_command_cannot_hold_is_our_mistake() -> None:
    wrong = [
        {},
        {"CommandField": None},
        {"CommandField": 1 << 16},
        {"CommandField": -1},
        {"CommandField": "1"},
        {"CommandField": 1, "AffectedSOPClassUID": 1},
        {"CommandField": 1, "ErrorComment": "ü"},
        {"CommandField": 1, "ErrorComment": "x" * 65},
        {"CommandField": 1, "MoveDestination": "X" * 17},
        {"CommandField": 1, "OffendingElement": ["x"]},
        {"CommandField": 1, "PatientName": "x"},
        {"CommandField": 1, "NoKeyword": 1},
        {"CommandField": 1, 0x00100010: b"x"},
        {"CommandField": 1, 1 << 40: b"x"},
        {"CommandField": 1, 1.5: b"x"},
        {"CommandField": 1, 0x00000123: 5},
        {"CommandField": 1, "CommandDataSetType": 1},
        {"CommandField": 1, "CommandGroupLength": 1},
    ]
    for command in wrong:
        with pytest.raises(LocalProtocolError):
            encode_command(command, False)


def test_a_response_gives_back_what_the_request_had() -> None:
    command = {"CommandField": 0x8001, "AffectedSOPInstanceUID": "1.2.x " + "3" * 80}
    assert decode_command(encode_command(command, has_data_set=False)) == command


def test_unknown_elements_are_bytes_by_tag() -> None:
    command = {"CommandField": 1, 0x00000123: b"ab"}
    assert decode_command(encode_command(command | {"Status": None}, False)) == command


def rich_user(**fields: object) -> UserInformation:
    return UserInformation(
        operations_window=OperationsWindow(3, 4),
        roles=[RoleSelection("1.2.840.10008.5.1.4.1.1.2", scu=True, scp=True)],
        extended=[ExtendedNegotiation("1.2.840.10008.5.1.4.1.2.2.1", b"\x01\x00\x01")],
        **fields,
    )


CONTEXTS = [
    ProposedContext(1, "1.2.840.10008.1.1", ["1.2.840.10008.1.2"]),
    ProposedContext(3, "1.2.840.10008.5.1.4.1.1.2", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]),
]


def test_pynetdicom_reads_our_request_and_we_theirs() -> None:
    from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ

    related = CommonExtendedNegotiation("1.2.3", "1.2.4", ["1.2.5", "1.2.6"])
    user = rich_user(common_extended=[related], identity=UserIdentity(2, b"user", b"pass", response_requested=True))
    asked = AssociateRequest(called_ae_title="SCP", calling_ae_title="SCU", contexts=CONTEXTS, user=user)
    scu = Connection.requestor(asked)
    scu.connected()
    ours = scu.take_output()
    theirs = A_ASSOCIATE_RQ()
    theirs.decode(ours)
    assert (theirs.called_ae_title, theirs.calling_ae_title) == ("SCP", "SCU")
    assert [(item.context_id, item.abstract_syntax, item.transfer_syntax) for item in theirs.presentation_context] == [
        (context.id, context.abstract_syntax, context.transfer_syntaxes) for context in CONTEXTS
    ]
    said = theirs.user_information
    assert said.maximum_length == 131072
    assert said.implementation_class_uid == user.implementation_class_uid
    assert (said.async_ops_window.maximum_number_operations_invoked, said.user_identity.primary_field) == (3, b"user")
    assert said.common_ext_neg[0].related_general_sop_class_identification == ["1.2.5", "1.2.6"]
    assert theirs.encode() == ours

    # What they make of what they read, as primitive and as bytes again.
    again = A_ASSOCIATE_RQ()
    again.from_primitive(theirs.to_primitive())
    scp = Connection.acceptor()
    scp.receive(again.encode())
    event = scp.next_event()
    assert isinstance(event, Event.Requested)
    assert event.request == asked

    policy = Policy([Acceptable("1.2.840.10008.5.1.4.1.1.2", scp=True)])
    accept: AssociateAccept = scp.answer(policy, rich_user(identity_response=b"ticket"))
    scp.accept(accept)
    ours = scp.take_output()
    theirs = A_ASSOCIATE_AC()
    theirs.decode(ours)
    assert [(item.context_id, item.result) for item in theirs.presentation_context] == [(1, 3), (3, 0)]
    assert theirs.encode() == ours
    again = A_ASSOCIATE_AC()
    again.from_primitive(theirs.to_primitive())
    scu.receive(again.encode())
    event = scu.next_event()
    assert isinstance(event, Event.Accepted)
    assert event.accept.user == accept.user
    assert [context.scp for context in scu.contexts] == [True]


def test_pynetdicom_reads_our_small_pdus() -> None:
    from pynetdicom.pdu import A_ASSOCIATE_RJ, P_DATA_TF

    asked = AssociateRequest(called_ae_title="A", calling_ae_title="B", contexts=CONTEXTS, user=UserInformation())
    scu = Connection.requestor(asked)
    scu.connected()
    written = scu.take_output()

    scp = Connection.acceptor()
    scp.receive(written)
    scp.next_event()
    scp.reject(Reject(2, 3, 1))
    rejected = scp.take_output()
    theirs = A_ASSOCIATE_RJ()
    theirs.decode(rejected)
    assert (theirs.result, theirs.source, theirs.reason_diagnostic, theirs.encode()) == (2, 3, 1, rejected)

    scp = Connection.acceptor()
    scp.receive(written)
    scp.next_event()
    scp.accept(scp.answer(Policy([], otherwise=Acceptable("")), UserInformation()))
    scp.take_output()
    scp.send_command(1, {"CommandField": 0x8030, "Status": 0}, has_data_set=False)
    sent = scp.take_output()
    data = P_DATA_TF()
    data.decode(sent)
    value = data.presentation_data_value_items[0]
    assert (value.presentation_context_id, value.presentation_data_value[:1]) == (1, b"\x03")
    assert data.encode() == sent


def test_a_response_with_elements_of_other_groups() -> None:
    """Orthanc 1.10 has Failed SOP Instance UID List behind a command set, as DCMTK allows."""
    behind = bytes.fromhex("08005800") + (6).to_bytes(4, "little") + b"1.2.3\0"
    answer = encode_command({"CommandField": 0x8010, "MessageIDBeingRespondedTo": 1, "Status": 0xC000}, False)
    assert decode_command(answer + behind) == decode_command(answer)
    with pytest.raises(RemoteProtocolError, match="elements of other groups"):
        decode_command(encode_command({"CommandField": 0x0010, "MessageID": 1}, False) + behind)
    with pytest.raises(RemoteProtocolError, match="cut short"):
        decode_command(answer + behind[:-1])
