//! Arithmetic and series of numbers.

use super::Parameter::{Any, Int};
use super::convert::{to_float, to_int};
use super::{Function, int};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Value};

pub const FUNCTIONS: &[Function] = &[
    Function::variadic("add", &[], Any, |_, values| {
        Ok(whole(values.iter().fold(0, |sum, value| sum.wrapping_add(to_int(value)))))
    }),
    Function::new("add1", &[Any], |_, values| Ok(whole(to_int(&values[0]).wrapping_add(1)))),
    Function::new("sub", &[Any, Any], |_, values| {
        Ok(whole(to_int(&values[0]).wrapping_sub(to_int(&values[1]))))
    }),
    Function::variadic("mul", &[Any], Any, |_, values| {
        Ok(whole(values.iter().fold(1, |product, value| product.wrapping_mul(to_int(value)))))
    }),
    Function::new("div", &[Any, Any], |_, values| divide(values, i64::wrapping_div)),
    Function::new("mod", &[Any, Any], |_, values| divide(values, i64::wrapping_rem)),
    Function::variadic("max", &[Any], Any, |_, values| Ok(most(values, i64::max))),
    Function::variadic("biggest", &[Any], Any, |_, values| Ok(most(values, i64::max))),
    Function::variadic("min", &[Any], Any, |_, values| Ok(most(values, i64::min))),
    Function::variadic("addf", &[], Any, |_, values| {
        Ok(decimal(values.iter().map(to_float).fold(0.0, |sum, value| sum + value)))
    }),
    Function::new("add1f", &[Any], |_, values| Ok(decimal(to_float(&values[0]) + 1.0))),
    Function::variadic("subf", &[Any], Any, |_, values| Ok(fold(values, |a, b| a - b))),
    Function::variadic("mulf", &[Any], Any, |_, values| Ok(fold(values, |a, b| a * b))),
    Function::variadic("divf", &[Any], Any, |_, values| {
        if values[1..].iter().any(|value| to_float(value) == 0.0) {
            return Err(Failure::new("decimal division by 0"));
        }
        Ok(fold(values, |a, b| a / b))
    }),
    Function::variadic("maxf", &[Any], Any, |_, values| Ok(fold(values, f64::max))),
    Function::variadic("minf", &[Any], Any, |_, values| Ok(fold(values, f64::min))),
    Function::new("ceil", &[Any], |_, values| Ok(decimal(to_float(&values[0]).ceil()))),
    Function::new("floor", &[Any], |_, values| Ok(decimal(to_float(&values[0]).floor()))),
    Function::variadic("round", &[Any, Int], Any, round),
    Function::new("until", &[Int], |context, values| {
        let count = int(&values[0])?;
        let step = if count < 0 { -1 } else { 1 };
        context.heap.list(series(context, 0, count, step)?)
    }),
    Function::new("untilStep", &[Int, Int, Int], |context, values| {
        let numbers = series(context, int(&values[0])?, int(&values[1])?, int(&values[2])?)?;
        context.heap.list(numbers)
    }),
    Function::variadic("seq", &[], Int, seq),
];

fn whole(number: i64) -> Value {
    Data::Int64(number).into()
}

fn decimal(number: f64) -> Value {
    Data::Float(number).into()
}

fn divide(values: &[Value], divide: impl Fn(i64, i64) -> i64) -> Result<Value> {
    match to_int(&values[1]) {
        0 => Err(Failure::new("runtime error: integer divide by zero")),
        divisor => Ok(whole(divide(to_int(&values[0]), divisor))),
    }
}

fn most(values: &[Value], better: impl Fn(i64, i64) -> i64) -> Value {
    whole(values.iter().map(to_int).reduce(better).unwrap_or(0))
}

fn fold(values: &[Value], combine: impl Fn(f64, f64) -> f64) -> Value {
    decimal(values.iter().map(to_float).reduce(combine).unwrap_or(0.0))
}

/// Rounds to decimals; from `0.5`, or the third argument, on upwards.
fn round(_: &Context<'_>, values: &[Value]) -> Result<Value> {
    let number = to_float(&values[0]);
    let threshold = values.get(2).map_or(0.5, to_float);
    let places = i32::try_from(int(&values[1])?.clamp(-300, 300)).unwrap_or(0);
    let scale = 10_f64.powi(places);
    let scaled = number * scale;
    let fraction = scaled.fract();
    let rounded = if fraction >= threshold { scaled.ceil() } else { scaled.floor() };
    Ok(decimal(rounded / scale))
}

fn series(context: &Context<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<Value>> {
    let forwards = step > 0 && start < stop;
    let backwards = step < 0 && start > stop;
    if !forwards && !backwards {
        return Ok(Vec::new());
    }
    let count = stop.abs_diff(start).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    context.heap.budget.spend_steps(count)?;
    let numbers = std::iter::successors(Some(start), |number| number.checked_add(step));
    Ok(numbers.take(count).map(Value::int).collect())
}

/// `seq 2 5` as `2 3 4 5`, in one string.
fn seq(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let numbers: Result<Vec<i64>> = values.iter().map(int).collect();
    let towards = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match numbers?[..] {
        [] => return Ok(Value::string("")),
        [end] => (1, towards(1, end), end),
        [start, end] => (start, towards(start, end), end),
        [start, step, end] if step != 0 && (end < start) == (step < 0) => (start, step, end),
        _ => return Ok(Value::string("")),
    };
    let stop = end.saturating_add(towards(start, end));
    let numbers = series(context, start, stop, step)?;
    let numbers: Vec<String> = numbers.iter().map(|number| to_int(number).to_string()).collect();
    context.heap.text(numbers.join(" ").as_str().into())
}
