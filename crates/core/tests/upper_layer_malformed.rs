//! What a hostile or broken peer sends: each aborts with the reason of PS3.8 Table 9-26, and costs no more than it sent.

mod associations;

use associations::*;
use filmless_core::upper_layer::*;

use AbortReason::{InvalidParameter, UnexpectedParameter, UnexpectedPdu, UnrecognizedPdu};

/// The reason a stream is aborted with in a state, and what was written; it is the same byte by byte.
fn reason(state: u8, stream: &[u8]) -> Option<(AbortReason, Vec<u8>)> {
    let mut connection = in_state(state);
    connection.receive(stream);
    let mut found = None;
    while let Some(event) = connection.next_event() {
        if let Event::Violated(error) = event {
            found = Some(error.reason);
        }
    }
    let output = connection.take_output();
    if stream.len() < 100_000 {
        let slow = outcome(in_state(state), stream, &[1]);
        assert_eq!(slow, outcome(in_state(state), stream, &[usize::MAX]));
    }
    found.map(|reason| (reason, output))
}

fn head() -> Vec<u8> {
    let mut head = vec![0, 1, 0, 0];
    head.extend_from_slice(b"ANY-SCP         ECHOSCU         ");
    head.extend_from_slice(&[0; 32]);
    head.extend(item(0x10, APPLICATION_CONTEXT.as_bytes()));
    head
}

fn context(id: u8) -> Vec<u8> {
    let items = [item(0x30, VERIFICATION.as_bytes()), item(0x40, IMPLICIT.as_bytes())].concat();
    item(0x20, &[&[id, 0, 0, 0], &items[..]].concat())
}

fn user(items: &[u8]) -> Vec<u8> {
    item(0x50, &[item(0x51, &[0, 0, 64, 0]), item(0x52, b"1.2.3"), items.to_vec()].concat())
}

fn asking(parts: &[Vec<u8>]) -> Vec<u8> {
    pdu(1, &[head(), parts.concat()].concat())
}

#[test]
fn a_sound_request_passes() {
    assert_eq!(reason(2, &asking(&[context(1), user(&[])])), None);
    let unknown = item(0x99, &[1, 2, 3]);
    let strange = [unknown.clone(), context(1), user(&unknown), unknown].concat();
    assert_eq!(reason(2, &asking(&[strange])), None, "unrecognized items are skipped");
    assert_eq!(reason(2, &asking(&[context(1), user(&item(0x51, &[0; 4]))])), None, "maximum length 0");
    let identity = |kind: u8, primary: usize| {
        let value = [&[kind, 1][..], &(primary as u16).to_be_bytes(), &vec![b'x'; primary], &[0, 0]].concat();
        asking(&[context(1), user(&item(0x58, &value))])
    };
    assert_eq!(reason(2, &identity(200, 5)), None, "an unknown type of identity is for the user");
    assert_eq!(reason(2, &identity(5, 60_000)), None);
}

#[test]
fn requests_that_are_malformed() {
    let role = item(0x54, &[0, 200, b'1']);
    let wide = |kind: u8| [&[kind, 0, 255, 255][..], &[0; 40]].concat();
    let many_roles: Vec<u8> = (0..5000).flat_map(|_| item(0x54, &[0, 1, b'1', 0, 1])).collect();
    let many: Vec<Vec<u8>> = (0..=255u16).map(|id| context(id as u8)).collect();
    let maximum = |length: u32| asking(&[context(1), user(&item(0x51, &length.to_be_bytes()))]);
    let cases: Vec<(&str, Vec<u8>, AbortReason)> = vec![
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), UnrecognizedPdu),
        ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), UnrecognizedPdu),
        ("length 0xFFFFFFFF", vec![1, 0, 255, 255, 255, 255], InvalidParameter),
        ("length over the limit", vec![1, 0, 0, 16, 0, 1], InvalidParameter),
        ("length under the header", vec![1, 0, 0, 0, 0, 67], InvalidParameter),
        ("an abort of 4 GiB", vec![7, 0, 255, 255, 255, 255], InvalidParameter),
        ("data first", pdu(4, &value(1, 3, &[1])), UnexpectedPdu),
        ("release first", RELEASE_RQ.to_vec(), UnexpectedPdu),
        ("no presentation context", asking(&[user(&[])]), InvalidParameter),
        ("no user information", asking(&[context(1)]), InvalidParameter),
        ("user information twice", asking(&[context(1), user(&[]), user(&[])]), UnexpectedParameter),
        ("application context twice", asking(&[head()[68..].to_vec(), context(1), user(&[])]), UnexpectedParameter),
        ("a context of an answer", asking(&[item(0x21, &[1, 0, 0, 0]), context(1), user(&[])]), UnexpectedParameter),
        ("an even identifier", asking(&[context(2), user(&[])]), InvalidParameter),
        ("identifier 0", asking(&[context(0), user(&[])]), InvalidParameter),
        ("an identifier twice", asking(&[context(1), context(1), user(&[])]), InvalidParameter),
        ("256 contexts", asking(&[many.concat(), user(&[])]), InvalidParameter),
        ("an empty context", asking(&[item(0x20, &[]), user(&[])]), InvalidParameter),
        ("no syntaxes", asking(&[item(0x20, &[1, 0, 0, 0]), user(&[])]), InvalidParameter),
        ("an item past the PDU", asking(&[context(1), wide(0x99)]), InvalidParameter),
        ("half an item", asking(&[context(1), vec![0x50, 0, 0]]), InvalidParameter),
        ("a sub-item past its item", asking(&[context(1), user(&wide(0x51))]), InvalidParameter),
        ("16,000 sub-items of 65,535", asking(&[context(1), user(&wide(0x57).repeat(1400))]), InvalidParameter),
        ("5,000 roles", asking(&[context(1), user(&many_roles)]), InvalidParameter),
        ("a UID past its role", asking(&[context(1), user(&role)]), InvalidParameter),
        ("identity past its item", asking(&[context(1), user(&item(0x58, &[2, 1, 255, 255]))]), InvalidParameter),
        ("a UID of 65", asking(&[context(1), user(&item(0x52, &[b'1'; 65]))]), InvalidParameter),
        ("a UID of controls", asking(&[context(1), user(&item(0x52, b"1.2\n3"))]), InvalidParameter),
        ("maximum length 1", maximum(1), InvalidParameter),
        ("maximum length 6", maximum(6), InvalidParameter),
        ("maximum length 7", maximum(7), InvalidParameter),
        ("short maximum length", asking(&[context(1), user(&item(0x51, &[0, 0]))]), InvalidParameter),
    ];
    for (name, stream, expected) in cases {
        let (reason, output) = reason(2, &stream).unwrap_or_else(|| panic!("{name} is refused"));
        assert_eq!(reason, expected, "{name}");
        // AA-1: before there is an association the abort is the user's, whatever the reason was.
        assert_eq!(output, [7, 0, 0, 0, 0, 4, 0, 0, 0, 0], "{name}");
    }
}

#[test]
fn data_that_is_malformed() {
    let past = [&100u32.to_be_bytes()[..], &[1, 3, 0, 0]].concat();
    let cases: Vec<(&str, Vec<u8>, AbortReason)> = vec![
        ("length 0xFFFFFFFF", vec![4, 0, 255, 255, 255, 255], InvalidParameter),
        ("17 MiB", vec![4, 0, 1, 16, 0, 0], InvalidParameter),
        ("no value", vec![4, 0, 0, 0, 0, 0], InvalidParameter),
        ("value of length 0", pdu(4, &[0, 0, 0, 0, 1, 3]), InvalidParameter),
        ("value of length 1", pdu(4, &[0, 0, 0, 1, 1, 3]), InvalidParameter),
        ("value past its PDU", pdu(4, &past), InvalidParameter),
        ("value one byte past its PDU", pdu(4, &[0, 0, 0, 5, 1, 3, 0, 0]), InvalidParameter),
        ("value of 4 GiB", pdu(4, &[255, 255, 255, 255, 1, 3, 0, 0]), InvalidParameter),
        ("bytes after the value", pdu(4, &[value(1, 3, &[1, 2]), vec![0; 5]].concat()), InvalidParameter),
        ("an unknown context", pdu(4, &value(5, 3, &[1, 2])), InvalidParameter),
        ("an even context", pdu(4, &value(2, 3, &[1, 2])), InvalidParameter),
        ("an unknown PDU", pdu(8, &[0; 4]), UnrecognizedPdu),
        ("a request", request_pdu(), UnexpectedPdu),
        ("an acceptance", accept_pdu(), UnexpectedPdu),
        ("a release response", RELEASE_RP.to_vec(), UnexpectedPdu),
        ("a release of 5 bytes", pdu(5, &[0; 5]), InvalidParameter),
    ];
    for (name, stream, expected) in cases {
        let (reason, output) = reason(6, &stream).unwrap_or_else(|| panic!("{name} is refused"));
        assert_eq!(reason, expected, "{name}");
        assert_eq!(output, [7, 0, 0, 0, 0, 4, 0, 0, 2, expected as u8], "{name}: AA-8");
    }
    assert_eq!(reason(6, &pdu(4, &value(1, 0xFF, &[1, 2]))), None, "the other bits are not looked at");
    assert_eq!(reason(6, &pdu(4, &[value(1, 1, &[]), value(3, 2, &[7])].concat())), None, "two values, one empty");
}

#[test]
fn acceptances_that_are_malformed() {
    let answer = |id: u8, result: u8, items: &[u8]| {
        pdu(2, &[head(), item(0x21, &[&[id, 0, result, 0], items].concat()), user(&[])].concat())
    };
    let implicit = item(0x40, IMPLICIT.as_bytes());
    assert_eq!(reason(5, &answer(1, 0, &implicit)), None);
    assert_eq!(reason(5, &answer(1, 3, &[])), None, "what is not accepted needs no transfer syntax");
    assert_eq!(reason(5, &answer(1, 77, &[0xFF])), None, "an unknown result is no acceptance");
    for (name, stream, expected) in [
        ("without transfer syntax", answer(1, 0, &[]), InvalidParameter),
        ("with two", answer(1, 0, &[implicit.clone(), implicit.clone()].concat()), UnexpectedParameter),
        ("even", answer(2, 0, &implicit), InvalidParameter),
        ("a proposal", pdu(2, &[head(), context(1), user(&[])].concat()), UnexpectedParameter),
    ] {
        assert_eq!(reason(5, &stream).map(|(reason, _)| reason), Some(expected), "{name}");
    }
}

#[test]
fn after_a_broken_pdu_nothing_is_listened_to_and_nothing_is_held() {
    let mut connection = in_state(6);
    connection.receive(&[0xAA; 10]);
    assert!(matches!(connection.next_event(), Some(Event::Violated(_))));
    assert_eq!(connection.take_output().len(), 10);
    for _ in 0..1000 {
        connection.receive(&[0xAA; 10_000]);
        assert_eq!(connection.next_event(), None);
    }
    assert!(connection.space().len() <= 1 << 20);
    assert!(connection.take_output().is_empty(), "one abort, however much follows");
    assert!(connection.expire(NOW + NOW) || connection.deadline(NOW).is_some());
}

#[test]
fn after_an_abort_of_ours_the_rest_of_a_pdu_is_skipped_and_an_abort_ends_it() {
    let mut connection = in_state(6);
    let data = pdu(4, &[value(1, 1, &[1; 20]), value(1, 3, &[2; 20])].concat());
    connection.receive(&data[..20]);
    assert!(matches!(connection.next_event(), Some(Event::Data { bytes, .. }) if bytes.len() == 8));
    connection.send(Command::Abort).expect("established");
    connection.receive(&[&data[20..], &data, &RELEASE_RQ].concat());
    assert_eq!(connection.next_event(), None);
    assert_eq!(connection.state(), State::Sta13);
    assert_eq!(connection.take_output().len(), 10);
    for _ in 0..1000 {
        connection.receive(&request_pdu());
        assert_eq!(connection.next_event(), None);
    }
    assert_eq!(connection.take_output().len(), 10, "a peer that does not read is not answered twice");
    connection.receive(&abort_pdu(AbortSource::Provider, AbortReason::NotSpecified));
    assert_eq!(connection.next_event(), None);
    assert!(connection.closed());
}

#[test]
fn the_peers_reason_for_an_abort_is_told() {
    let mut connection = in_state(6);
    connection.receive(&abort_pdu(AbortSource::Provider, UnexpectedParameter));
    assert_eq!(connection.next_event(), Some(Event::ProviderAborted(UnexpectedParameter)));
    let mut connection = in_state(6);
    connection.receive(&[7, 0, 0, 0, 0, 4, 9, 9, 0, 77]);
    assert_eq!(connection.next_event(), Some(Event::Aborted));
}

#[test]
fn limits_are_parameters() {
    let stream = request_pdu();
    let small = [
        ("contexts", Limits { contexts: 1, ..Limits::default() }),
        ("items", Limits { items: 1, ..Limits::default() }),
        ("association", Limits { association: 200, ..Limits::default() }),
    ];
    for (name, limits) in small {
        let (told, ..) = outcome(Connection::acceptor(limits), &stream, &[usize::MAX]);
        assert!(format!("{told:?}").contains("Violated"), "{name}: {told:?}");
    }
    let mut connection = Connection::acceptor(Limits { pdu: 100, payload: 51, ..Limits::default() });
    connection.receive(&request_pdu());
    while connection.next_event().is_some() {}
    connection.send(Command::Accept(Box::new(acceptance()))).expect("asked");
    assert_eq!(connection.payload_limit(), 50);
    connection.receive(&pdu(4, &value(1, 3, &[0; 94])));
    assert!(matches!(connection.next_event(), Some(Event::Data { .. })));
    connection.receive(&pdu(4, &value(1, 3, &[0; 95])));
    assert!(matches!(connection.next_event(), Some(Event::Violated(_))));
}

#[test]
fn a_pdu_of_16_mib_is_handed_out_as_it_comes() {
    let mut connection = in_state(6);
    let length = 16u32 << 20;
    let header = [&[4, 0][..], &length.to_be_bytes(), &(length - 4).to_be_bytes(), &[1, 2]].concat();
    connection.receive(&header);
    assert_eq!(connection.next_event(), None);
    let (mut left, mut ends) = (length as usize - 6, 0);
    while left > 0 {
        let space = connection.space();
        assert!(space.len() <= 512 << 10, "the buffer does not grow with what is declared");
        let count = space.len().min(left);
        space[..count].fill(7);
        connection.received(count);
        while let Some(event) = connection.next_event() {
            let Event::Data { header, bytes } = event else { panic!("{event:?}") };
            assert!(bytes.iter().all(|&byte| byte == 7));
            left -= bytes.len();
            ends += usize::from(header.last);
        }
    }
    assert_eq!(ends, 1);
}

type Step<'a> = ((u8, bool, bool), &'a [u8]);

#[test]
fn messages_out_of_order() {
    let command = |has_data_set| CommandSet::new(1, has_data_set).encode().expect("encodes");
    let (with, without) = (command(true), command(false));
    let header = |context, command, last| PdvHeader { context, command, last };
    let last = (1, true, true);
    let other = [&with[..], &[8, 0, 5, 0, 2, 0, 0, 0, b'x', b' ']].concat();
    let file = [&[0; 128][..], b"DICM"].concat();
    let cases: Vec<(&str, Vec<Step<'_>>, bool)> = vec![
        ("two commands", vec![(last, &without), (last, &without)], true),
        (
            "a command in two, then data",
            vec![((1, true, false), &with[..9]), (last, &with[9..]), ((1, false, true), b"x")],
            true,
        ),
        ("data first", vec![((1, false, true), b"x")], false),
        ("data not announced", vec![(last, &without), ((1, false, true), b"x")], false),
        ("a command in a data set", vec![(last, &with), ((1, false, false), b"x"), (last, &without)], false),
        ("data of another context", vec![(last, &with), ((3, false, true), b"x")], false),
        ("a command of two contexts", vec![((1, true, false), &with[..9]), ((3, true, true), &with[9..])], false),
        ("data in a command", vec![((1, true, false), &with[..9]), ((1, false, true), b"x")], false),
        ("an empty command", vec![(last, b"")], false),
        ("a command cut short", vec![(last, &with[..with.len() - 1])], false),
        ("a command of zeros", vec![(last, &[0; 64])], false),
        ("another group", vec![(last, &other)], false),
        ("a file", vec![(last, &file)], false),
    ];
    for (name, steps, passes) in cases {
        let mut assembler = Assembler::default();
        let result = steps.iter().try_for_each(|&((context, command, last), bytes)| {
            assembler.receive(header(context, command, last), bytes).map(drop)
        });
        assert_eq!(result.is_ok(), passes, "{name}: {result:?}");
        assert!(!passes || assembler.is_idle(), "{name}");
    }
    for piece in [&[][..], &[0; 1000]] {
        let mut assembler = Assembler::default();
        let fed = (0..100_000).take_while(|_| assembler.receive(header(1, true, false), piece).is_ok()).count();
        assert!(fed < 100, "command fragments for ever end after {fed}");
    }
    let smallest = Assembler::new(10).receive(header(1, true, true), &without).map(drop);
    assert!(smallest.is_err(), "the limit is a parameter");
}
