//! What the values of the upper layer have in common: fields, a keyword constructor, equality and a printed form.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A value of Python that mirrors one of the core.
pub trait Mirror: Sized {
    /// What it mirrors.
    type Core;

    /// The value for one of the core.
    fn of_core(core: Self::Core) -> Self;

    /// The core's value; an error for what it has none for.
    fn to_core(&self) -> PyResult<Self::Core>;
}

macro_rules! mirror_as_is {
    ($($type:ty),*) => {$(
        impl Mirror for $type {
            type Core = Self;

            fn of_core(core: Self) -> Self {
                core
            }

            fn to_core(&self) -> PyResult<Self> {
                Ok(self.clone())
            }
        }
    )*};
}

mirror_as_is!(u8, u16, u32, bool, String);

impl<T: Mirror> Mirror for Vec<T> {
    type Core = Vec<T::Core>;

    fn of_core(core: Self::Core) -> Self {
        core.into_iter().map(T::of_core).collect()
    }

    fn to_core(&self) -> PyResult<Self::Core> {
        self.iter().map(T::to_core).collect()
    }
}

impl<T: Mirror> Mirror for Option<T> {
    type Core = Option<T::Core>;

    fn of_core(core: Self::Core) -> Self {
        core.map(T::of_core)
    }

    fn to_core(&self) -> PyResult<Self::Core> {
        self.as_ref().map(T::to_core).transpose()
    }
}

/// `Name(field=value, …)`; a field that is nobody's business without its value.
pub fn represent(object: &Bound<'_, PyAny>, fields: &[&str], hidden: &[&str]) -> PyResult<String> {
    let mut parts = Vec::with_capacity(fields.len());
    for field in fields {
        let value = object.getattr(*field)?;
        let text = if hidden.contains(field) && !value.is_none() { "...".into() } else { value.repr()?.to_string() };
        parts.push(format!("{field}={text}"));
    }
    Ok(format!("{}({})", object.get_type().name()?, parts.join(", ")))
}

/// Another value of the same class, with some fields changed.
pub fn replace<'py>(
    object: &Bound<'py, PyAny>,
    fields: &[&str],
    changed: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let all = PyDict::new(object.py());
    for field in fields {
        all.set_item(*field, object.getattr(*field)?)?;
    }
    if let Some(changed) = changed {
        all.update(changed.as_mapping())?;
    }
    object.get_type().call((), Some(&all))
}

/// Makes a class of values that mirror a struct of the core, field by field. `signature` is the constructor's.
macro_rules! value {
    (
        $(#[$attribute:meta])*
        $name:ident of $core:ident, signature $signature:tt, hidden [$($hidden:literal),*],
        { $($(#[$field_attribute:meta])* $field:ident: $type:ty,)* }
        $($method:item)*
    ) => {
        $(#[$attribute])*
        #[pyo3::pyclass(frozen, eq, hash, get_all, from_py_object, module = "filmless._core")]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $($(#[$field_attribute])* pub $field: $type,)*
        }

        impl $crate::upper_layer::value::Mirror for $name {
            type Core = filmless_core::upper_layer::$core;

            fn of_core(core: Self::Core) -> Self {
                Self { $($field: <$type as $crate::upper_layer::value::Mirror>::of_core(core.$field),)* }
            }

            fn to_core(&self) -> pyo3::PyResult<Self::Core> {
                Ok(filmless_core::upper_layer::$core {
                    $($field: $crate::upper_layer::value::Mirror::to_core(&self.$field)?,)*
                })
            }
        }

        $crate::upper_layer::value::value_methods! {
            $name, signature $signature, hidden [$($hidden),*], { $($field: $type,)* } $($method)*
        }
    };
}

/// The methods of a class of values.
macro_rules! value_methods {
    (
        $name:ident, signature $signature:tt, hidden [$($hidden:literal),*], { $($field:ident: $type:ty,)* }
        $($method:item)*
    ) => {
        #[pyo3::pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = $signature)]
            #[allow(clippy::too_many_arguments)] // the Standard has many fields
            const fn new($($field: $type),*) -> Self {
                Self { $($field),* }
            }

            /// Another value, with some fields changed.
            #[pyo3(signature = (**fields))]
            fn replace<'py>(
                slf: &pyo3::Bound<'py, Self>,
                fields: Option<&pyo3::Bound<'py, pyo3::types::PyDict>>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                $crate::upper_layer::value::replace(slf.as_any(), &[$(stringify!($field)),*], fields)
            }

            fn __repr__(slf: &pyo3::Bound<'_, Self>) -> pyo3::PyResult<String> {
                $crate::upper_layer::value::represent(slf.as_any(), &[$(stringify!($field)),*], &[$($hidden),*])
            }

            $($method)*
        }
    };
}

pub(super) use {value, value_methods};
