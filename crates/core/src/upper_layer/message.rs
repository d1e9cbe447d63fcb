//! Messages (PS3.7 6.3) and the fragments that carry them (PS3.8 E).

use std::ops::Range;

use super::command_set::CommandSet;
use super::error::RemoteError;
use super::pdu::PdvHeader;

/// Bytes of a command set that is not made to hurt: the largest holds lists of a C-GET response.
const LARGEST_COMMAND: usize = 64 << 10;
/// Fragments without a byte in them: of a command, and one after the other of a data set.
const MOST_EMPTY: usize = 16;

/// What an [`Assembler`] makes of data.
#[derive(Debug)]
pub enum MessageEvent<'a> {
    /// A whole command.
    Command {
        /// The presentation context.
        context: u8,
        /// The command set.
        command: CommandSet,
    },
    /// A piece of the data set that the last command announced.
    DataSet {
        /// The presentation context.
        context: u8,
        /// The bytes.
        bytes: &'a [u8],
        /// The data set ends here.
        last: bool,
    },
}

enum Expected {
    Command,
    /// More of a command that began in a context.
    MoreCommand(u8),
    /// A data set in a context.
    DataSet(u8),
}

/// Makes messages of presentation data values. One message at a time, in one presentation context (PS3.8 E.1, PS3.7
/// 6.3.1): a command, then the data set if it announces one. Only the command is held, up to a limit.
pub struct Assembler {
    largest_command: usize,
    expected: Expected,
    command: Vec<u8>,
    empty: usize,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new(LARGEST_COMMAND)
    }
}

impl Assembler {
    /// An assembler that takes commands of so many bytes.
    pub const fn new(largest_command: usize) -> Self {
        Self { largest_command, expected: Expected::Command, command: Vec::new(), empty: 0 }
    }

    /// Whether it is between two messages.
    pub const fn is_idle(&self) -> bool {
        matches!(self.expected, Expected::Command)
    }

    /// Takes a piece of data as [`super::Event::Data`] gives it.
    ///
    /// # Errors
    /// [`RemoteError`] for what is out of order, too long, or no command set. The association is to be aborted.
    pub fn receive<'a>(&mut self, header: PdvHeader, bytes: &'a [u8]) -> Result<Option<MessageEvent<'a>>, RemoteError> {
        let context = header.context;
        match self.expected {
            Expected::DataSet(id) if id == context && !header.command => {
                // They would keep the line busy, and never come to anything that is counted.
                self.empty = if bytes.is_empty() && !header.last { self.empty + 1 } else { 0 };
                if self.empty > MOST_EMPTY {
                    return Err(RemoteError::invalid("a data set in empty fragments"));
                }
                if header.last {
                    self.expected = Expected::Command;
                }
                return Ok(Some(MessageEvent::DataSet { context, bytes, last: header.last }));
            }
            Expected::DataSet(_) => Err(RemoteError::invalid("another message inside a data set")),
            Expected::MoreCommand(id) if id != context || !header.command => {
                Err(RemoteError::invalid("another message inside a command"))
            }
            Expected::Command if !header.command => Err(RemoteError::invalid("a data set that no command announced")),
            Expected::Command | Expected::MoreCommand(_) => Ok(()),
        }?;
        if bytes.len() > self.largest_command - self.command.len() {
            return Err(RemoteError::invalid("a command that is too long"));
        }
        self.command.extend_from_slice(bytes);
        if !header.last {
            self.empty += usize::from(bytes.is_empty());
            if self.empty > MOST_EMPTY {
                return Err(RemoteError::invalid("a command in empty fragments"));
            }
            self.expected = Expected::MoreCommand(context);
            return Ok(None);
        }
        self.empty = 0;
        let command = CommandSet::decode(std::mem::take(&mut self.command))?;
        self.expected = if command.has_data_set() { Expected::DataSet(context) } else { Expected::Command };
        Ok(Some(MessageEvent::Command { context, command }))
    }
}

/// A fragment of a command or a data set to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Its bytes, from the start of the command or the data set.
    pub range: Range<u64>,
    /// The last one.
    pub last: bool,
}

/// The fragments of so many bytes, each of at most `limit` ([`super::Connection::payload_limit`]): all but the last have
/// an even length (PS3.8 E.1), and there is one of nothing when there are no bytes.
pub fn fragments(length: u64, limit: usize) -> impl Iterator<Item = Fragment> {
    let step = (limit as u64 & !1).max(2);
    let count = length.div_ceil(step).max(1);
    (0..count).map(move |index| {
        let start = index * step;
        Fragment { range: start..(start + step).min(length), last: index + 1 == count }
    })
}
