//! What holds for every PDU, message and stream: round trips, and that pieces do not matter.

mod associations;

use associations::*;
use filmless_core::dataset::Element;
use filmless_core::upper_layer::*;
use filmless_core::{Tag, Vr};

fn title(chance: &mut Chance) -> String {
    (0..=chance.below(16)).map(|_| (b'A' + chance.below(26) as u8) as char).collect()
}

fn user(chance: &mut Chance, request: bool) -> UserInformation {
    UserInformation {
        maximum_length: chance.below(2) as u32 * (8 + chance.next() as u32 % 1_000_000),
        implementation_class_uid: chance.uid(),
        implementation_version_name: chance.maybe(title).map(|name| name[..name.len().min(16)].to_owned()),
        operations_window: chance
            .maybe(|chance| OperationsWindow { invoked: chance.next() as u16, performed: chance.next() as u16 }),
        roles: chance.some(4, |chance| RoleSelection {
            sop_class: chance.uid(),
            scu: chance.below(2) == 0,
            scp: chance.below(2) == 0,
        }),
        extended: chance
            .some(4, |chance| ExtendedNegotiation { sop_class: chance.uid(), information: chance.bytes(9) }),
        common_extended: chance.some(if request { 4 } else { 0 }, |chance| CommonExtendedNegotiation {
            sop_class: chance.uid(),
            service_class: chance.uid(),
            related: chance.some(3, Chance::uid),
        }),
        identity: chance.maybe(|chance| UserIdentity {
            kind: chance.next() as u8,
            response_requested: chance.below(2) == 0,
            primary: chance.bytes(99),
            secondary: chance.bytes(9),
        }),
        identity_response: chance.maybe(|chance| chance.bytes(40)),
    }
}

fn any_pdu(chance: &mut Chance) -> Pdu {
    let titles = |chance: &mut Chance| {
        let mut title = title(chance);
        title.truncate(16);
        title
    };
    match chance.below(6) {
        0 => Pdu::AssociateRequest(AssociateRequest {
            protocol_version: chance.next() as u16,
            called_ae_title: titles(chance),
            calling_ae_title: titles(chance),
            application_context: chance.uid(),
            contexts: (0..=chance.below(128))
                .map(|index| ProposedContext {
                    id: index as u8 * 2 + 1,
                    abstract_syntax: chance.uid(),
                    transfer_syntaxes: [chance.some(5, Chance::uid), vec![chance.uid()]].concat(),
                })
                .collect(),
            user: user(chance, true),
        }),
        1 => Pdu::AssociateAccept(AssociateAccept {
            protocol_version: chance.next() as u16,
            called_ae_title: titles(chance),
            calling_ae_title: titles(chance),
            application_context: chance.uid(),
            contexts: (0..chance.below(128))
                .map(|index| {
                    let accepted = chance.below(2) == 0;
                    AnsweredContext {
                        id: index as u8 * 2 + 1,
                        result: if accepted { ContextResult::Acceptance } else { ContextResult::UserRejection },
                        transfer_syntax: if accepted { chance.uid() } else { String::new() },
                    }
                })
                .collect(),
            user: user(chance, false),
        }),
        2 => Pdu::AssociateReject(Reject { result: 2, source: chance.next() as u8, reason: chance.next() as u8 }),
        3 => Pdu::ReleaseRequest,
        4 => Pdu::ReleaseResponse,
        _ => {
            Pdu::Abort(Abort { source: AbortSource::Provider, reason: AbortReason::from_number(chance.below(8) as u8) })
        }
    }
}

#[test]
fn every_pdu_comes_back() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let limits = Limits::default();
    for round in 0..200 {
        let pdu = any_pdu(&mut chance);
        let bytes = bytes_of(&pdu);
        let header = *bytes.first_chunk().expect("a header");
        let (kind, length) = Kind::of_header(header, &limits).expect("ours");
        assert_eq!(length as usize + 6, bytes.len());
        assert_eq!(Pdu::decode(kind, &bytes[6..], &limits), Ok(Some(pdu)), "round {round}");
        for cut in [chance.below(bytes.len() - 6), bytes.len() - 7] {
            let _ = Pdu::decode(kind, &bytes[6..6 + cut], &limits);
        }
    }
}

#[test]
fn every_message_comes_back_whatever_the_peers_length() {
    let mut chance = Chance(42);
    for _ in 0..200 {
        let mut command = CommandSet::new(chance.next() as u16, true);
        command.set_uid(CommandSet::AFFECTED_SOP_CLASS_UID, &chance.uid());
        command.set(Tag(0x0000_0600), Element::text(Vr::AE, &title(&mut chance)[..1]));
        command.set_number(CommandSet::MESSAGE_ID, chance.next() as u16);
        let bytes = command.encode().expect("encodes");
        assert_eq!(bytes.len() % 2, 0);
        let data = chance.bytes(700);
        let limit = 2 + chance.below(300);
        let mut assembler = Assembler::default();
        let (mut commands, mut held) = (Vec::new(), Vec::new());
        for (is_command, source) in [(true, &bytes), (false, &data)] {
            for fragment in fragments(source.len() as u64, limit) {
                let piece = &source[fragment.range.start as usize..fragment.range.end as usize];
                assert!(piece.len() <= limit && (fragment.last || piece.len() % 2 == 0));
                let header = PdvHeader { context: 3, command: is_command, last: fragment.last };
                match assembler.receive(header, piece).expect("in order") {
                    Some(MessageEvent::Command { command, .. }) => commands.push(command.encode().expect("encodes")),
                    Some(MessageEvent::DataSet { bytes, .. }) => held.extend_from_slice(bytes),
                    None => {}
                }
            }
        }
        assert!(assembler.is_idle());
        assert_eq!((commands, held), (vec![bytes], data));
    }
}

#[test]
fn a_command_set_is_no_file_whatever_its_text() {
    for pad in 0..64 {
        let mut command = CommandSet::new(1, false);
        command.set(Tag(0x0000_0902), Element::text(Vr::LO, &"DICM".repeat(pad)));
        let bytes = command.encode().expect("encodes");
        let again = CommandSet::decode(bytes.clone()).expect("reads").encode().expect("encodes");
        assert_eq!(again, bytes, "{pad}");
    }
}

/// An honest stream in a state, of PDUs that may come there.
fn honest(chance: &mut Chance, state: u8) -> Vec<u8> {
    let mut stream = match state {
        2 => return request_pdu(),
        5 => accept_pdu(),
        _ => Vec::new(),
    };
    for _ in 0..chance.below(6) {
        let values: Vec<u8> = (0..=chance.below(3))
            .flat_map(|_| value(1 + 2 * chance.below(2) as u8, chance.below(4) as u8, &chance.bytes(60)))
            .collect();
        stream.extend(pdu(4, &values));
    }
    if chance.below(2) == 0 {
        stream.extend(RELEASE_RQ);
    }
    stream
}

#[test]
fn pieces_do_not_matter_for_sound_and_damaged_streams() {
    let mut chance = Chance(7);
    for round in 0..600 {
        let state = [2, 5, 6, 7][chance.below(4)];
        let mut stream = honest(&mut chance, state);
        if round % 3 > 0 && !stream.is_empty() {
            for _ in 0..=chance.below(3) {
                let at = chance.below(stream.len());
                stream[at] = if chance.below(2) == 0 { chance.next() as u8 } else { stream[at] ^ 1 };
            }
            if chance.below(4) == 0 {
                stream.truncate(chance.below(stream.len()));
            }
        }
        let whole = outcome(in_state(state), &stream, &[usize::MAX]);
        assert_eq!(outcome(in_state(state), &stream, &[1]), whole, "round {round}, byte by byte");
        let sizes = [1 + chance.below(9), 1 + chance.below(90)];
        assert_eq!(outcome(in_state(state), &stream, &sizes), whole, "round {round}, {sizes:?}");
    }
}
