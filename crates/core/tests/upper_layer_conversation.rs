//! Whole conversations: one recorded between DCMTK 3.6.7's echoscu and storescp, and our two ends with each other.

mod associations;

use associations::*;
use filmless_core::Tag;
use filmless_core::upper_layer::*;

use ContextResult::{AbstractSyntaxNotSupported, Acceptance, TransferSyntaxesNotSupported, UserRejection};

// Written down from a socket between `echoscu` and `storescp` of DCMTK 3.6.7.
const ASSOCIATE_RQ: &str = "0100000000cd00010000414e592d5343502020202020202020204543484f5343552020202020202020200000000000000000\
    00000000000000000000000000000000000000000000000010000015312e322e3834302e31303030382e332e312e312e312000002e0100ff0030\
    000011312e322e3834302e31303030382e312e3140000011312e322e3834302e31303030382e312e325000003a51000004000040005200001b31\
    2e322e3237362e302e373233303031302e332e302e332e362e375500000f4f464649535f44434d544b5f333637";
const ASSOCIATE_AC: &str = "0200000000b800010000414e592d5343502020202020202020204543484f5343552020202020202020200000000000000000\
    00000000000000000000000000000000000000000000000010000015312e322e3834302e31303030382e332e312e312e31210000190100000040\
    000011312e322e3834302e31303030382e312e325000003a51000004000040005200001b312e322e3237362e302e373233303031302e332e302e\
    332e362e375500000f4f464649535f44434d544b5f333637";
const ECHO_RQ: &str = "04000000004a0000004601030000000004000000380000000000020012000000312e322e3834302e31303030382e312e31000000\
    00010200000030000000100102000000010000000008020000000101";
const ECHO_RSP: &str = "0400000000540000005001030000000004000000420000000000020012000000312e322e3834302e31303030382e312e310000\
    00000102000000308000002001020000000100000000080200000001010000000902000000 0000";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().filter_map(|byte| (byte as char).to_digit(16).map(|digit| digit as u8)).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn echo_response(command: &CommandSet) -> CommandSet {
    let mut response = CommandSet::new(command.command_field() | 0x8000, false);
    let sop_class = command.text(CommandSet::AFFECTED_SOP_CLASS_UID).expect("named");
    response.set_uid(CommandSet::AFFECTED_SOP_CLASS_UID, &sop_class);
    let message = command.number(CommandSet::MESSAGE_ID).expect("numbered");
    response.set_number(CommandSet::MESSAGE_ID_BEING_RESPONDED_TO, message);
    response.set_number(CommandSet::STATUS, 0);
    response
}

#[test]
fn echoscu_is_answered_as_storescp_answers() {
    let mut scp = Connection::acceptor(Limits::default());
    scp.receive(&hex(ASSOCIATE_RQ));
    let Some(Event::Requested(asked)) = scp.next_event() else { panic!("a request") };
    let mut expected = request();
    expected.contexts.truncate(1);
    expected.user.implementation_class_uid = "1.2.276.0.7230010.3.0.3.6.7".into();
    expected.user.implementation_version_name = Some("OFFIS_DCMTK_367".into());
    assert_eq!(*asked, expected);
    let user = asked.user.clone();
    let accept = answer(asked, &policy()).accept(asked, user);
    scp.send(Command::Accept(Box::new(accept))).expect("asked");
    assert_eq!(scp.take_output(), hex(ASSOCIATE_AC), "byte for byte");
    assert_eq!(scp.payload_limit(), 16378);

    scp.receive(&hex(ECHO_RQ));
    let mut assembler = Assembler::default();
    let Some(Event::Data { header, bytes }) = scp.next_event() else { panic!("data") };
    let Ok(Some(MessageEvent::Command { context: 1, command })) = assembler.receive(header, bytes) else {
        panic!("a command")
    };
    assert_eq!((command.command_field(), command.has_data_set()), (0x0030, false));
    assert!(assembler.is_idle());
    assert_eq!(scp.next_event(), None);
    let response = echo_response(&command).encode().expect("encodes");
    scp.send(Command::Data { header, bytes: &response }).expect("established");
    assert_eq!(scp.take_output(), hex(ECHO_RSP), "byte for byte");

    scp.receive(&RELEASE_RQ);
    assert_eq!(scp.next_event(), Some(Event::ReleaseRequested));
    scp.send(Command::ConfirmRelease).expect("asked");
    assert_eq!(scp.take_output(), RELEASE_RP);
    assert!(!scp.closed(), "the requestor closes");
    scp.disconnected();
    assert_eq!(scp.next_event(), None);
    assert!(scp.closed());
    assert_eq!(scp.deadline(NOW), None);
}

#[test]
fn storescp_is_asked_as_echoscu_asks() {
    let mut asked = request();
    asked.contexts.truncate(1);
    asked.user.implementation_class_uid = "1.2.276.0.7230010.3.0.3.6.7".into();
    asked.user.implementation_version_name = Some("OFFIS_DCMTK_367".into());
    let mut scu = Connection::requestor(asked, Limits::default()).expect("encodes");
    assert!(scu.take_output().is_empty(), "nothing before the transport is open");
    scu.connected().expect("awaited");
    let mut recorded = hex(ASSOCIATE_RQ);
    let reserved = recorded.iter().position(|&byte| byte == 0xFF).expect("DCMTK sets a reserved byte");
    recorded[reserved] = 0;
    assert_eq!(scu.take_output(), recorded);
    scu.receive(&hex(ASSOCIATE_AC));
    assert!(matches!(scu.next_event(), Some(Event::Accepted(_))));
    let contexts = scu.contexts().to_vec();
    assert_eq!((contexts.len(), contexts[0].scu, contexts[0].scp), (1, true, false));
    assert_eq!((contexts[0].id, contexts[0].transfer_syntax.as_str()), (1, IMPLICIT));

    let mut command = CommandSet::new(0x0030, false);
    command.set_uid(CommandSet::AFFECTED_SOP_CLASS_UID, VERIFICATION);
    command.set_number(CommandSet::MESSAGE_ID, 1);
    let header = PdvHeader { context: 1, command: true, last: true };
    scu.send(Command::Data { header, bytes: &command.encode().expect("encodes") }).expect("established");
    assert_eq!(scu.take_output(), hex(ECHO_RQ));
    scu.receive(&hex(ECHO_RSP));
    let Some(Event::Data { header, bytes }) = scu.next_event() else { panic!("data") };
    let Ok(Some(MessageEvent::Command { command, .. })) = Assembler::default().receive(header, bytes) else {
        panic!("a command")
    };
    assert_eq!(command.number(CommandSet::STATUS), Some(0));
    assert_eq!(command.elements().text(Tag(0x0000_0002)).as_deref(), Some(VERIFICATION));
    scu.send(Command::Release).expect("established");
    scu.receive(&RELEASE_RP);
    assert_eq!(scu.next_event(), Some(Event::Released));
    assert!(scu.closed());
}

/// Moves what each end has to write to the other, and returns what the second has to tell.
fn exchange(from: &mut Connection, to: &mut Connection, told: &mut Vec<Told>) {
    to.receive(&from.take_output());
    drain(to, told);
}

#[test]
fn our_ends_move_a_data_set_in_fragments_of_the_peers_length() {
    let mut asked = request();
    asked.user.maximum_length = 0;
    let mut scu = Connection::requestor(asked, Limits::default()).expect("encodes");
    scu.connected().expect("awaited");
    let mut scp = Connection::acceptor(Limits::default());
    let mut told = Vec::new();
    exchange(&mut scu, &mut scp, &mut told);
    let request = scp.request().expect("asked").clone();
    let mut user = UserInformation::ours(1001);
    user.operations_window = Some(OperationsWindow { invoked: 1, performed: 8 });
    scp.send(Command::Accept(Box::new(answer(&request, &policy()).accept(&request, user)))).expect("asked");
    exchange(&mut scp, &mut scu, &mut told);
    assert_eq!(scu.payload_limit(), 994, "even, and with the header of the value no more than the peer takes");
    assert_eq!(scp.payload_limit(), Limits::default().payload & !1, "any number");
    let window = scu.acceptance().and_then(|accept| accept.user.operations_window);
    assert_eq!(window, Some(OperationsWindow { invoked: 1, performed: 8 }));

    let data: Vec<u8> = (0..10_001u32).map(|number| number as u8).collect();
    told.clear();
    for fragment in fragments(data.len() as u64, scu.payload_limit()) {
        let bytes = &data[fragment.range.start as usize..fragment.range.end as usize];
        let header = PdvHeader { context: 3, command: false, last: fragment.last };
        let mut written = scu.data_header(header, bytes.len()).expect("established").to_vec();
        written.extend_from_slice(bytes);
        assert!(written.len() <= 6 + 1001);
        scp.receive(&written);
        drain(&mut scp, &mut told);
    }
    assert_eq!(told, [Told::Data(PdvHeader { context: 3, command: false, last: true }, data)]);
}

#[test]
fn what_is_wrong_inside_data_aborts_with_its_reason() {
    let error = RemoteError::invalid("a data set that no command announced");
    let mut connection = in_state(6);
    connection.receive(&pdu(4, &value(1, 0, &[1, 2])));
    assert!(matches!(connection.next_event(), Some(Event::Data { .. })));
    connection.send(Command::ProviderAbort(error.clone())).expect("established");
    assert_eq!(connection.take_output(), abort_pdu(AbortSource::Provider, AbortReason::InvalidParameter));
    assert_eq!(connection.next_event(), Some(Event::Violated(error.clone())));
    assert_eq!(connection.next_event(), None);
    assert_eq!(connection.state(), State::Sta13);
    assert!(connection.deadline(NOW).is_some());
    let refused = in_state(1).send(Command::ProviderAbort(error));
    assert_eq!(refused, Err(LocalError::NotNow { command: "provider abort", state: State::Sta1 }));
}

type Change = fn(&mut AssociateRequest);

#[test]
fn what_the_local_side_does_wrong_changes_nothing() {
    let mut connection = in_state(6);
    let header = PdvHeader { context: 5, command: true, last: true };
    assert_eq!(connection.send(Command::Data { header, bytes: &[] }), Err(LocalError::Context(5)));
    let header = PdvHeader { context: 1, ..header };
    let long = vec![0; 16379];
    let refused = connection.send(Command::Data { header, bytes: &long });
    assert_eq!(refused, Err(LocalError::TooLong { length: 16379, maximum: 16378 }));
    let accept = connection.send(Command::Accept(Box::new(acceptance())));
    assert_eq!(accept, Err(LocalError::NotNow { command: "accept", state: State::Sta6 }));
    assert!(connection.take_output().is_empty());
    assert_eq!(connection.state(), State::Sta6);

    let unsound: [(&str, Change); 8] = [
        ("an AE title of 17", |request| request.called_ae_title = "X".repeat(17)),
        ("no AE title", |request| request.calling_ae_title = "  ".into()),
        ("an even identifier", |request| request.contexts[0].id = 2),
        ("an identifier twice", |request| request.contexts[0].id = 3),
        ("no UID", |request| request.contexts[0].abstract_syntax = "../x".into()),
        ("no transfer syntax", |request| request.contexts[0].transfer_syntaxes.clear()),
        ("maximum length of 7", |request| request.user.maximum_length = 7),
        ("identity of 64 KiB", |request| {
            let primary = vec![b'x'; 1 << 16];
            request.user.identity =
                Some(UserIdentity { kind: 5, response_requested: false, primary, secondary: vec![] });
        }),
    ];
    for (name, change) in unsound {
        let mut request = request();
        change(&mut request);
        let made = Connection::requestor(request, Limits::default());
        assert!(matches!(made.err(), Some(LocalError::Value(_))), "{name}");
    }
}

#[test]
fn negotiation_follows_the_policy() {
    let both = vec![IMPLICIT.to_owned(), EXPLICIT.to_owned()];
    let ct = Acceptable { abstract_syntax: CT.into(), transfer_syntaxes: both, scu: false, scp: true };
    let mut policy = Policy { accepted: vec![ct], otherwise: None, preference: Preference::Requestor };
    let mut asked = request();
    let results = |asked: &AssociateRequest, policy: &Policy| {
        let answer = answer(asked, policy);
        let list: Vec<_> = answer.contexts.iter().map(|context| (context.id, context.result)).collect();
        (list, answer.roles.len(), answer.contexts[1].transfer_syntax.clone())
    };
    let list = vec![(1, AbstractSyntaxNotSupported), (3, UserRejection)];
    assert_eq!(results(&asked, &policy), (list, 0, IMPLICIT.to_owned()), "by default the requestor is SCU");

    asked.user.roles = vec![RoleSelection { sop_class: CT.into(), scu: true, scp: true }];
    let list = vec![(1, AbstractSyntaxNotSupported), (3, Acceptance)];
    assert_eq!(results(&asked, &policy), (list.clone(), 1, EXPLICIT.to_owned()), "the requestor's order");
    policy.preference = Preference::Acceptor;
    assert_eq!(results(&asked, &policy), (list, 1, IMPLICIT.to_owned()), "the acceptor's order");
    let accept = answer(&asked, &policy).accept(&asked, UserInformation::ours(0));
    let learned = learn(&asked, &accept);
    assert_eq!(
        learned.iter().map(|context| (context.id, context.scu, context.scp)).collect::<Vec<_>>(),
        [(3, false, true)]
    );
    let mut silent = accept.clone();
    silent.user.roles.clear();
    assert!(learn(&asked, &silent).iter().all(|context| context.scu && !context.scp), "no answer is the default");

    policy.accepted[0].scp = false;
    let list = vec![(1, AbstractSyntaxNotSupported), (3, UserRejection)];
    assert_eq!(results(&asked, &policy), (list, 0, IMPLICIT.to_owned()), "no role is left");
    policy.accepted[0].scu = true;
    let roles = vec![RoleSelection { sop_class: CT.into(), scu: true, scp: false }];
    assert_eq!(answer(&asked, &policy).roles, roles, "no more than the policy has");

    policy.accepted[0].transfer_syntaxes = vec!["1.2.840.10008.1.2.4.50".into()];
    let list = vec![(1, AbstractSyntaxNotSupported), (3, TransferSyntaxesNotSupported)];
    assert_eq!(results(&asked, &policy).0, list);

    let mut unasked = accept;
    unasked.contexts.iter_mut().for_each(|context| context.transfer_syntax = "1.2.3".into());
    unasked.contexts.push(AnsweredContext { id: 9, result: Acceptance, transfer_syntax: IMPLICIT.into() });
    assert!(learn(&asked, &unasked).is_empty(), "what was not proposed is not agreed on");
}
