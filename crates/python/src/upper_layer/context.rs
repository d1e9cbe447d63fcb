//! Presentation contexts: proposed, answered, agreed on.

use filmless_core::upper_layer::{self as core, ContextResult};
use pyo3::prelude::*;

use super::local;
use super::value::{Mirror, value, value_methods};

value! {
    /// A presentation context as it is proposed.
    ///
    /// Parameters
    /// ----------
    /// id
    ///     Its identifier, odd, 1 to 255.
    /// abstract_syntax
    ///     The SOP class, or meta SOP class.
    /// transfer_syntaxes
    ///     The transfer syntaxes to choose from.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.2.2
    ProposedContext of ProposedContext, signature (id, abstract_syntax, transfer_syntaxes), hidden [],
    {
        /// Its identifier, odd.
        id: u8,
        /// The SOP class, or meta SOP class.
        abstract_syntax: String,
        /// The transfer syntaxes to choose from.
        transfer_syntaxes: Vec<String>,
    }
}

value! {
    /// A presentation context that both ends agree on.
    ///
    /// Parameters
    /// ----------
    /// id
    ///     Its identifier.
    /// abstract_syntax
    ///     The SOP class, or meta SOP class.
    /// transfer_syntax
    ///     The transfer syntax of its data sets.
    /// scu
    ///     The requestor of the association is SCU.
    /// scp
    ///     The requestor of the association is SCP.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.3.2, PS3.7 D.3.3.4
    NegotiatedContext of Negotiated, signature (id, abstract_syntax, transfer_syntax, scu=true, scp=false), hidden [],
    {
        /// Its identifier.
        id: u8,
        /// The SOP class, or meta SOP class.
        abstract_syntax: String,
        /// The transfer syntax of its data sets.
        transfer_syntax: String,
        /// The requestor of the association is SCU.
        scu: bool,
        /// The requestor of the association is SCP.
        scp: bool,
    }
}

/// A presentation context as it is answered.
///
/// Parameters
/// ----------
/// id
///     Its identifier.
/// result
///     0 accepted, 1 the user rejects, 2 no reason, 3 the abstract syntax or 4 none of the transfer syntaxes is
///     supported.
/// transfer_syntax
///     The transfer syntax to use; means nothing when the context is not accepted.
///
/// DICOM
/// -----
/// PS3.8 9.3.3.2, Table 9-18
#[pyclass(frozen, eq, hash, get_all, from_py_object, module = "filmless._core")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AnsweredContext {
    /// Its identifier.
    id: u8,
    /// 0 accepted, 1 the user rejects, 2 no reason, 3 the abstract syntax or 4 no transfer syntax is supported.
    result: u8,
    /// The transfer syntax to use; means nothing when the context is not accepted.
    transfer_syntax: String,
}

value_methods! {
    AnsweredContext, signature (id, result, transfer_syntax="1.2.840.10008.1.2".to_owned()), hidden [],
    { id: u8, result: u8, transfer_syntax: String, }
}

impl Mirror for AnsweredContext {
    type Core = core::AnsweredContext;

    fn of_core(core: Self::Core) -> Self {
        Self { id: core.id, result: core.result as u8, transfer_syntax: core.transfer_syntax }
    }

    fn to_core(&self) -> PyResult<Self::Core> {
        let result = match self.result {
            0 => ContextResult::Acceptance,
            1 => ContextResult::UserRejection,
            2 => ContextResult::NoReason,
            3 => ContextResult::AbstractSyntaxNotSupported,
            4 => ContextResult::TransferSyntaxesNotSupported,
            _ => return Err(local("the result of a presentation context is 0 to 4")),
        };
        Ok(core::AnsweredContext { id: self.id, result, transfer_syntax: self.transfer_syntax.clone() })
    }
}
