//! PS3.8 Table 9-10, all 247 cells: as data, and as a connection behaves.

mod associations;

use std::time::Duration;

use associations::*;
use filmless_core::upper_layer::*;

/// The table by its columns: for each state the events that it has a cell for. Typed from PS3.8, not from the source.
const EXPECTED: [&str; 13] = [
    "1:AE-1>4 5:AE-5>2",
    "3:AA-1>13 4:AA-1>13 6:AE-6>3|13 10:AA-1>13 12:AA-1>13 13:AA-1>13 16:AA-2>1 17:AA-5>1 18:AA-2>1 19:AA-1>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 7:AE-7>6 8:AE-8>13 10:AA-8>13 12:AA-8>13 13:AA-8>13 15:AA-1>13 16:AA-3>1 17:AA-4>1 \
     19:AA-8>13",
    "2:AE-2>5 15:AA-2>1 17:AA-4>1",
    "3:AE-3>6 4:AE-4>1 6:AA-8>13 10:AA-8>13 12:AA-8>13 13:AA-8>13 15:AA-1>13 16:AA-3>1 17:AA-4>1 19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 9:DT-1>6 10:DT-2>6 11:AR-1>7 12:AR-2>8 13:AA-8>13 15:AA-1>13 16:AA-3>1 17:AA-4>1 \
     19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 10:AR-6>7 12:AR-8>9|10 13:AR-3>1 15:AA-1>13 16:AA-3>1 17:AA-4>1 19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 9:AR-7>8 10:AA-8>13 12:AA-8>13 13:AA-8>13 14:AR-4>13 15:AA-1>13 16:AA-3>1 17:AA-4>1 \
     19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 10:AA-8>13 12:AA-8>13 13:AA-8>13 14:AR-9>11 15:AA-1>13 16:AA-3>1 17:AA-4>1 19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 10:AA-8>13 12:AA-8>13 13:AR-10>12 15:AA-1>13 16:AA-3>1 17:AA-4>1 19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 10:AA-8>13 12:AA-8>13 13:AR-3>1 15:AA-1>13 16:AA-3>1 17:AA-4>1 19:AA-8>13",
    "3:AA-8>13 4:AA-8>13 6:AA-8>13 10:AA-8>13 12:AA-8>13 13:AA-8>13 14:AR-4>13 15:AA-1>13 16:AA-3>1 17:AA-4>1 19:AA-8>13",
    "3:AA-6>13 4:AA-6>13 6:AA-7>13 10:AA-6>13 12:AA-6>13 13:AA-6>13 16:AA-2>1 17:AR-5>1 18:AA-2>1 19:AA-7>13",
];

/// The action and the next states of a cell, as the table above has them.
fn expected(state: u8, event: u8) -> Option<(&'static str, &'static str)> {
    let cells = EXPECTED[usize::from(state) - 1].split_whitespace();
    let mut found = cells.filter_map(|cell| cell.split_once(':')).filter(|(number, _)| number.parse() == Ok(event));
    let cell = found.next().map(|(_, cell)| cell.split_once('>').expect("an action and a state"));
    assert!(found.next().is_none(), "state {state} has event {event} once");
    cell
}

fn name(action: Action) -> String {
    let name = format!("{action:?}");
    format!("{}-{}", &name[..2], &name[2..])
}

#[test]
fn every_cell_is_as_the_standard_has_it() {
    let mut filled = 0;
    for state in State::ALL {
        for event in EventNumber::ALL {
            let is = transition(state, event).map(|cell| {
                let next = match cell.next {
                    Next::To(state) => format!("{}", state as u8),
                    Next::Either(first, second) => format!("{}|{}", first as u8, second as u8),
                };
                (name(cell.action), next)
            });
            let should = expected(state as u8, event as u8).map(|(action, next)| (action.to_owned(), next.to_owned()));
            assert_eq!(is, should, "{state:?} {event:?}");
            filled += usize::from(is.is_some());
        }
    }
    assert_eq!(State::ALL.len() * EventNumber::ALL.len(), 247);
    assert_eq!(filled, EXPECTED.iter().map(|column| column.split_whitespace().count()).sum::<usize>());
}

/// Lets an event happen to a connection; an error where the local side may not.
fn happen(connection: &mut Connection, event: u8) -> Result<(), LocalError> {
    let header = PdvHeader { context: 1, command: true, last: true };
    match event {
        2 => return connection.connected(),
        3 => connection.receive(&accept_pdu()),
        4 => connection.receive(&bytes_of(&Pdu::AssociateReject(Reject::NO_REASON))),
        6 => connection.receive(&request_pdu()),
        7 => return connection.send(Command::Accept(Box::new(acceptance()))),
        8 => return connection.send(Command::Reject(Reject::NO_REASON)),
        9 => return connection.send(Command::Data { header, bytes: &[1, 2] }),
        10 => connection.receive(&pdu(4, &value(1, 3, &[1, 2]))),
        11 => return connection.send(Command::Release),
        12 => connection.receive(&RELEASE_RQ),
        13 => connection.receive(&RELEASE_RP),
        14 => return connection.send(Command::ConfirmRelease),
        15 => return connection.send(Command::Abort),
        16 => connection.receive(&abort_pdu(AbortSource::User, AbortReason::NotSpecified)),
        17 => connection.disconnected(),
        18 => {
            connection.deadline(NOW);
            connection.expire(NOW + Duration::from_secs(30));
        }
        19 => connection.receive(&pdu(9, &[0; 4])),
        _ => unreachable!("a connection is made by Evt1 and Evt5"),
    }
    Ok(())
}

/// The type of the PDU an action writes, and the event it tells.
fn effect(action: &str, remote: bool) -> (Option<u8>, Option<&'static str>) {
    match action {
        "AE-2" => (Some(1), None),
        "AE-3" => (None, Some("Accepted")),
        "AE-4" => (None, Some("Rejected")),
        "AE-6" => (None, Some("Requested")),
        "AE-7" => (Some(2), None),
        "AE-8" => (Some(3), None),
        "DT-1" | "AR-7" => (Some(4), None),
        "DT-2" | "AR-6" => (None, Some("Data")),
        "AR-1" => (Some(5), None),
        "AR-2" => (None, Some("ReleaseRequested")),
        "AR-3" | "AR-10" => (None, Some("Released")),
        "AR-4" | "AR-9" => (Some(6), None),
        "AR-8" => (None, Some("ReleaseCollision")),
        "AA-1" if remote => (Some(7), Some("Violated")),
        "AA-1" | "AA-7" => (Some(7), None),
        "AA-3" => (None, Some("Aborted")),
        "AA-4" => (None, Some("Lost")),
        "AA-8" => (Some(7), Some("Violated")),
        _ => (None, None),
    }
}

#[test]
fn a_connection_goes_through_every_cell() {
    for state in 1..=13 {
        for event in (1..=19).filter(|event| ![1, 5].contains(event)) {
            let place = format!("Sta{state} Evt{event}");
            let mut connection = in_state(state);
            let result = happen(&mut connection, event);
            let told: Vec<_> =
                std::iter::from_fn(|| connection.next_event().map(|event| format!("{event:?}"))).collect();
            let output = connection.take_output();
            let remote = matches!(event, 3 | 4 | 6 | 10 | 12 | 13 | 16 | 19);
            let Some((action, next)) = expected(state, event) else {
                let local = matches!(event, 2 | 7 | 8 | 9 | 11 | 14 | 15);
                assert_eq!(result.is_err(), local, "{place}: a blank cell is a local mistake");
                assert!(told.is_empty() && output.is_empty(), "{place}: a blank cell does nothing: {told:?}");
                assert_eq!(connection.state() as u8, state, "{place}");
                continue;
            };
            assert_eq!(result, Ok(()), "{place}");
            let (wrote, tells) = effect(action, remote);
            assert_eq!(output.first().copied(), wrote, "{place} {action} writes");
            assert_eq!(told.len(), usize::from(tells.is_some()), "{place} {action} tells {told:?}");
            assert!(told.iter().all(|event| event.starts_with(tells.unwrap_or("?"))), "{place} {action}: {told:?}");
            // Of the two states after a collision, Sta7 of an acceptor goes to the second.
            let next = if action == "AR-8" { next.split('|').nth(1) } else { next.split('|').next() };
            assert_eq!(Some(format!("{}", connection.state() as u8).as_str()), next, "{place} {action}");
            let starts = matches!(action, "AE-5" | "AE-8" | "AR-4" | "AA-1" | "AA-8");
            let stops = matches!(action, "AE-6" | "AR-5" | "AA-2" | "AA-5");
            let runs = connection.deadline(NOW).is_some();
            assert!(!starts || runs, "{place} {action}: ARTIM starts");
            assert!(!stops || !runs, "{place} {action}: ARTIM stops");
            assert_eq!(connection.closed(), connection.state() == State::Sta1);
        }
    }
}

#[test]
fn the_other_states_of_ae_6_and_ar_8() {
    let mut requestor = Connection::requestor(request(), Limits::default()).expect("encodes");
    requestor.connected().expect("awaited");
    requestor.receive(&accept_pdu());
    while requestor.next_event().is_some() {}
    requestor.send(Command::Release).expect("established");
    requestor.receive(&RELEASE_RQ);
    assert_eq!(requestor.next_event(), Some(Event::ReleaseCollision));
    assert_eq!(requestor.state(), State::Sta9);

    for (change, reject) in [("version", Reject::PROTOCOL_VERSION), ("context", Reject::APPLICATION_CONTEXT)] {
        let mut request = request();
        if change == "version" {
            request.protocol_version = 2;
        } else {
            request.application_context = "1.2.3".into();
        }
        let mut acceptor = Connection::acceptor(Limits::default());
        acceptor.receive(&bytes_of(&Pdu::AssociateRequest(request)));
        assert_eq!(acceptor.next_event(), Some(Event::Rejected(reject)));
        assert_eq!(acceptor.take_output(), bytes_of(&Pdu::AssociateReject(reject)));
        assert_eq!(acceptor.state(), State::Sta13);
        assert!(acceptor.deadline(NOW).is_some());
    }
}

#[test]
fn artim_starts_when_the_time_is_told_and_expires_once() {
    let mut connection = Connection::acceptor(Limits::default());
    let end = NOW + Duration::from_secs(30);
    assert_eq!(connection.deadline(NOW), Some(end));
    assert_eq!(connection.deadline(NOW + Duration::from_secs(9)), Some(end), "it does not start again");
    assert!(!connection.expire(end.checked_sub(Duration::from_millis(1)).expect("later")));
    assert!(!connection.closed());
    assert!(connection.expire(end));
    assert!(connection.closed());
    assert_eq!(connection.deadline(end), None);
    assert!(!connection.expire(end + end));
}
