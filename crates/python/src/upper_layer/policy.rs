//! What an acceptor takes.

use filmless_core::upper_layer as core;
use pyo3::prelude::*;

use super::value::{Mirror, value};

value! {
    /// What an acceptor takes of an abstract syntax.
    ///
    /// Parameters
    /// ----------
    /// abstract_syntax
    ///     The SOP class; means nothing in the ``otherwise`` of a `Policy`.
    /// transfer_syntaxes
    ///     Transfer syntaxes, the best first; none is any.
    /// scu
    ///     The requestor may be SCU.
    /// scp
    ///     The requestor may be SCP.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.3.2, PS3.7 D.3.3.4
    Acceptable of Acceptable, signature (abstract_syntax, transfer_syntaxes=Vec::new(), scu=true, scp=false),
    hidden [],
    {
        /// The SOP class; means nothing in the ``otherwise`` of a `Policy`.
        abstract_syntax: String,
        /// Transfer syntaxes, the best first; none is any.
        transfer_syntaxes: Vec<String>,
        /// The requestor may be SCU.
        scu: bool,
        /// The requestor may be SCP.
        scp: bool,
    }
}

/// What an acceptor takes; made once for all its connections.
///
/// Parameters
/// ----------
/// accepted
///     By abstract syntax.
/// otherwise
///     For every other abstract syntax; None takes no other.
/// acceptor_prefers
///     The acceptor's order of transfer syntaxes counts, not the requestor's.
///
/// DICOM
/// -----
/// PS3.8 9.3.3.2
#[pyclass(frozen, eq, module = "filmless._core")]
#[derive(PartialEq, Eq)]
pub struct Policy(pub core::Policy);

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (accepted, otherwise=None, acceptor_prefers=false))]
    fn new(accepted: Vec<Acceptable>, otherwise: Option<Acceptable>, acceptor_prefers: bool) -> PyResult<Self> {
        let preference = if acceptor_prefers { core::Preference::Acceptor } else { core::Preference::Requestor };
        Ok(Self(core::Policy { accepted: accepted.to_core()?, otherwise: otherwise.to_core()?, preference }))
    }

    /// By abstract syntax.
    #[getter]
    fn accepted(&self) -> Vec<Acceptable> {
        Vec::of_core(self.0.accepted.clone())
    }

    /// For every other abstract syntax.
    #[getter]
    fn otherwise(&self) -> Option<Acceptable> {
        Option::of_core(self.0.otherwise.clone())
    }

    /// The acceptor's order of transfer syntaxes counts, not the requestor's.
    #[getter]
    fn acceptor_prefers(&self) -> bool {
        self.0.preference == core::Preference::Acceptor
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        super::value::represent(slf.as_any(), &["accepted", "otherwise", "acceptor_prefers"], &[])
    }
}
