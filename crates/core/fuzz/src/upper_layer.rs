//! Streams from a peer: what they come to does not depend on the pieces they come in.

use filmless_core::upper_layer::{APPLICATION_CONTEXT, AssociateRequest};
use filmless_core::upper_layer::{
    Acceptable, Assembler, Command, CommandSet, Connection, Event, Limits, Policy, ProposedContext, UserInformation,
    answer,
};

fn request() -> AssociateRequest {
    let context = |id| ProposedContext {
        id,
        abstract_syntax: "1.2.3".into(),
        transfer_syntaxes: vec!["1.2.840.10008.1.2".into()],
    };
    AssociateRequest {
        protocol_version: 1,
        called_ae_title: "CALLED".into(),
        calling_ae_title: "CALLING".into(),
        application_context: APPLICATION_CONTEXT.into(),
        contexts: vec![context(1), context(3)],
        user: UserInformation::ours(16384),
    }
}

/// A connection that awaits a request, an acceptance, data, or an answer to its release.
fn connection(choice: u8) -> Connection {
    let all = Acceptable { abstract_syntax: String::new(), transfer_syntaxes: Vec::new(), scu: true, scp: true };
    let policy = Policy { otherwise: Some(all), ..Policy::default() };
    let mut requestor = Connection::requestor(request(), Limits::default()).expect("encodes");
    requestor.connected().expect("awaited");
    let mut acceptor = Connection::acceptor(Limits::default());
    match choice % 4 {
        0 => return acceptor,
        1 => return requestor,
        _ => acceptor.receive(&requestor.take_output()),
    }
    while acceptor.next_event().is_some() {}
    let accept = answer(&request(), &policy).accept(&request(), UserInformation::ours(16384));
    acceptor.send(Command::Accept(Box::new(accept))).expect("asked");
    if choice % 4 == 3 {
        acceptor.send(Command::Release).expect("established");
    }
    acceptor.take_output();
    acceptor
}

/// Events (pieces of data put together), output and state of a stream in pieces.
fn outcome(choice: u8, stream: &[u8], size: usize) -> (Vec<String>, Vec<u8>, Vec<u8>, String) {
    let mut connection = connection(choice);
    let mut assembler = Assembler::default();
    let (mut told, mut data) = (Vec::new(), Vec::new());
    for piece in stream.chunks(size.max(1)).chain([&[][..]]) {
        connection.receive(piece);
        if piece.is_empty() {
            connection.disconnected();
        }
        while let Some(event) = connection.next_event() {
            if let Event::Data { header, bytes } = event {
                data.extend_from_slice(bytes);
                if header.last {
                    told.push(format!("{header:?} {}", data.len()));
                }
                if assembler.receive(header, bytes).is_err() {
                    assembler = Assembler::default();
                }
            } else {
                told.push(format!("{event:?}"));
            }
        }
    }
    (told, data, connection.take_output(), format!("{:?}", connection.state()))
}

/// A stream after a byte that says what the connection awaits.
pub fn upper_layer(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first() else { return };
    let whole = outcome(choice, stream, usize::MAX);
    assert_eq!(whole, outcome(choice, stream, 1), "byte by byte");
    assert_eq!(whole, outcome(choice, stream, 1 + usize::from(choice >> 2)), "in pieces");
}

/// A command set, read and written twice.
pub fn command_set(data: &[u8]) {
    let Ok(command) = CommandSet::decode(data.to_vec()) else { return };
    let Ok(bytes) = command.encode() else { return };
    let again = CommandSet::decode(bytes.clone()).expect("what was written is read");
    assert_eq!(again.encode().expect("what was read is written"), bytes);
}
