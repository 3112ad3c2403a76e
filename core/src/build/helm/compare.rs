//! Equality and order of values, as Go has them.

use super::budget::check_depth;
use super::failure::{Failure, Result};
use super::format;
use super::value::{Data, Heap, Value};
use std::cmp::Ordering;

/// Whether two values are the same in type and content.
pub fn deep_equal(a: &Value, b: &Value, heap: &Heap) -> Result<bool> {
    equal_at(a, b, heap, 0)
}

fn equal_at(a: &Value, b: &Value, heap: &Heap, depth: usize) -> Result<bool> {
    check_depth(depth)?;
    heap.budget.spend_steps(1)?;
    let equal = match (&a.data, &b.data) {
        (Data::List(a), Data::List(b)) => {
            let (a, b) = (a.items(), b.items());
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal_at(a, b, heap, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Data::Dict(a), Data::Dict(b)) => {
            let (a, b) = (a.entries(), b.entries());
            if a.len() != b.len() {
                return Ok(false);
            }
            for ((a_key, a), (b_key, b)) in a.iter().zip(b.iter()) {
                if a_key != b_key || !equal_at(&a.value, &b.value, heap, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Data::Null, Data::Null) => true,
        (Data::Bytes(a), Data::Bytes(b)) => a == b,
        (Data::Time(a), Data::Time(b)) => a == b,
        (Data::Object(a), Data::Object(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => a.type_name() == b.type_name() && order(a, b) == Some(Ordering::Equal),
    };
    Ok(equal)
}

/// The order of two basic values of one kind; `None` where they have none.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (&a.data, &b.data) {
        (Data::Bool(a), Data::Bool(b)) => Some(a.cmp(b)),
        (Data::Int(a) | Data::Int64(a), Data::Int(b) | Data::Int64(b)) => Some(a.cmp(b)),
        (Data::Float(a), Data::Float(b)) => a.partial_cmp(b),
        (Data::Str(a), Data::Str(b)) => Some(a.as_str().cmp(b.as_str())),
        _ => None,
    }
}

/// The kinds that can be compared with one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basic {
    Bool,
    Int,
    Float,
    Str,
}

fn basic(value: &Value) -> Option<Basic> {
    match &value.data {
        Data::Bool(_) => Some(Basic::Bool),
        Data::Int(_) | Data::Int64(_) => Some(Basic::Int),
        Data::Float(_) => Some(Basic::Float),
        Data::Str(_) => Some(Basic::Str),
        Data::Null
        | Data::Bytes(_)
        | Data::List(_)
        | Data::Dict(_)
        | Data::Time(_)
        | Data::Object(_) => None,
    }
}

fn incompatible(a: &Value, b: &Value) -> Box<Failure> {
    Failure::new(format!(
        "incompatible types for comparison: {} and {}",
        a.type_name(),
        b.type_name()
    ))
}

/// `eq` of two values.
pub fn equal(a: &Value, b: &Value, heap: &Heap) -> Result<bool> {
    if a.is_null() || b.is_null() {
        return Ok(a.is_null() && b.is_null());
    }
    match (basic(a), basic(b)) {
        (Some(left), Some(right)) if left == right => Ok(order(a, b) == Some(Ordering::Equal)),
        (None, None) => {
            let shown = format::display(a, heap)?;
            let message = format!("non-comparable type {shown}: {}", a.type_name());
            Err(Failure::new(message))
        }
        _ => Err(incompatible(a, b)),
    }
}

/// The order of two values for `lt` and its like; `None` for a float that is not a number.
pub fn compared(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    match (basic(a), basic(b)) {
        (Some(Basic::Bool), Some(Basic::Bool)) | (None, _) | (_, None) => {
            Err(Failure::new("invalid type for comparison"))
        }
        (left, right) if left == right => Ok(order(a, b)),
        _ => Err(incompatible(a, b)),
    }
}
