//! What the tests of the upper layer share: PDUs, associations in every state, and what a stream of bytes comes to.

#![allow(dead_code)]

use std::time::Duration;

use filmless_core::upper_layer::*;

pub const VERIFICATION: &str = "1.2.840.10008.1.1";
pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const NOW: Duration = Duration::from_secs(1000);

pub fn request() -> AssociateRequest {
    AssociateRequest {
        protocol_version: 1,
        called_ae_title: "ANY-SCP".into(),
        calling_ae_title: "ECHOSCU".into(),
        application_context: APPLICATION_CONTEXT.into(),
        contexts: vec![
            ProposedContext { id: 1, abstract_syntax: VERIFICATION.into(), transfer_syntaxes: vec![IMPLICIT.into()] },
            ProposedContext {
                id: 3,
                abstract_syntax: CT.into(),
                transfer_syntaxes: vec![EXPLICIT.into(), IMPLICIT.into()],
            },
        ],
        user: UserInformation::ours(16384),
    }
}

pub fn policy() -> Policy {
    let all = Acceptable { abstract_syntax: String::new(), transfer_syntaxes: Vec::new(), scu: true, scp: true };
    Policy { otherwise: Some(all), ..Policy::default() }
}

pub fn acceptance() -> AssociateAccept {
    let request = request();
    answer(&request, &policy()).accept(&request, UserInformation::ours(16384))
}

pub fn bytes_of(pdu: &Pdu) -> Vec<u8> {
    let mut bytes = Vec::new();
    pdu.encode(&mut bytes).expect("encodes");
    bytes
}

pub fn request_pdu() -> Vec<u8> {
    bytes_of(&Pdu::AssociateRequest(request()))
}

pub fn accept_pdu() -> Vec<u8> {
    bytes_of(&Pdu::AssociateAccept(acceptance()))
}

pub fn abort_pdu(source: AbortSource, reason: AbortReason) -> Vec<u8> {
    bytes_of(&Pdu::Abort(Abort { source, reason }))
}

pub const RELEASE_RQ: [u8; 10] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0];
pub const RELEASE_RP: [u8; 10] = [6, 0, 0, 0, 0, 4, 0, 0, 0, 0];

/// A PDU with any header and body.
pub fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0], &(body.len() as u32).to_be_bytes()[..], body].concat()
}

/// A presentation data value.
pub fn value(context: u8, flags: u8, bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32 + 2).to_be_bytes()[..], &[context, flags], bytes].concat()
}

/// An item, or a sub-item.
pub fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind, 0], &(value.len() as u16).to_be_bytes()[..], value].concat()
}

/// A connection in a state of Table 9-10, with nothing to write and nothing to tell.
pub fn in_state(state: u8) -> Connection {
    let acceptor = |steps: &dyn Fn(&mut Connection)| {
        let mut connection = Connection::acceptor(Limits::default());
        steps(&mut connection);
        connection
    };
    let requestor = |steps: &dyn Fn(&mut Connection)| {
        let mut connection = Connection::requestor(request(), Limits::default()).expect("encodes");
        connection.connected().expect("waits for it");
        steps(&mut connection);
        connection
    };
    let take = |connection: &mut Connection, bytes: &[u8]| {
        connection.receive(bytes);
        while connection.next_event().is_some() {}
    };
    let tell = |connection: &mut Connection, command: Command<'_>| connection.send(command).expect("possible");
    let accepting = |connection: &mut Connection| {
        take(connection, &request_pdu());
        tell(connection, Command::Accept(Box::new(acceptance())));
    };
    let releasing = |connection: &mut Connection| {
        take(connection, &accept_pdu());
        tell(connection, Command::Release);
        take(connection, &RELEASE_RQ);
    };
    let collided = |connection: &mut Connection| {
        accepting(connection);
        tell(connection, Command::Release);
        take(connection, &RELEASE_RQ);
    };
    let mut connection = match state {
        1 => acceptor(&|connection| take(connection, &abort_pdu(AbortSource::User, AbortReason::NotSpecified))),
        2 => acceptor(&|_| ()),
        3 => acceptor(&|connection| take(connection, &request_pdu())),
        4 => Connection::requestor(request(), Limits::default()).expect("encodes"),
        5 => requestor(&|_| ()),
        6 => acceptor(&accepting),
        7 => acceptor(&|connection| {
            accepting(connection);
            tell(connection, Command::Release);
        }),
        8 => acceptor(&|connection| {
            accepting(connection);
            take(connection, &RELEASE_RQ);
        }),
        9 => requestor(&releasing),
        10 => acceptor(&collided),
        11 => requestor(&|connection| {
            releasing(connection);
            tell(connection, Command::ConfirmRelease);
        }),
        12 => acceptor(&|connection| {
            collided(connection);
            take(connection, &RELEASE_RP);
        }),
        _ => acceptor(&|connection| {
            accepting(connection);
            tell(connection, Command::Abort);
        }),
    };
    assert_eq!(connection.state() as u8, state);
    connection.take_output();
    connection
}

/// What happened, without borrows; pieces of a fragment are one.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Data(PdvHeader, Vec<u8>),
    Other(String),
}

/// All that a connection has to tell.
pub fn drain(connection: &mut Connection, told: &mut Vec<Told>) {
    while let Some(event) = connection.next_event() {
        match event {
            Event::Data { header, bytes } => {
                if let Some(Told::Data(before, held)) = told.last_mut()
                    && !before.last
                    && (before.context, before.command) == (header.context, header.command)
                {
                    held.extend_from_slice(bytes);
                    before.last = header.last;
                } else {
                    told.push(Told::Data(header, bytes.to_vec()));
                }
            }
            other => told.push(Told::Other(format!("{other:?}"))),
        }
    }
}

/// What a stream comes to when it arrives in pieces of given sizes, over and over: events, output, state.
pub fn outcome(mut connection: Connection, stream: &[u8], sizes: &[usize]) -> (Vec<Told>, Vec<u8>, State) {
    let mut told = Vec::new();
    let mut rest = stream;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        connection.receive(piece);
        drain(&mut connection, &mut told);
        rest = after;
    }
    connection.disconnected();
    drain(&mut connection, &mut told);
    (told, connection.take_output(), connection.state())
}

/// Numbers that look like chance, and are the same each time.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }

    pub fn uid(&mut self) -> String {
        let mut uid = String::from("1.2");
        for _ in 0..self.below(8) {
            uid.push('.');
            uid.push_str(&self.below(1_000_000).to_string());
        }
        uid
    }

    pub fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    pub fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}
