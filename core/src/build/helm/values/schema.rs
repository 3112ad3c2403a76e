//! `values.schema.json`: whether Helm would refuse the values.
//!
//! The keywords that charts use: types, required and additional properties, items, enumerations,
//! limits, patterns, combinations, conditions and references inside the schema. Formats and
//! references to other documents say nothing here.

use crate::build::helm::budget::check_depth;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::json::{Layout, to_json};
use crate::build::helm::value::{Heap, Value};
use regex_lite::Regex;
use serde_json::Value as Json;

/// Maximum number of violations that are listed.
const MAX_LISTED: usize = 10;

/// Checks values against a schema; the list says where they break it, in Helm's words.
pub fn validate(values: &Value, schema: &str, heap: &Heap) -> Result<Vec<String>> {
    let schema: Json = serde_json::from_str(schema)
        .map_err(|error| Failure::new(format!("values.schema.json cannot be read: {error}")))?;
    let values = to_json(values, heap, Layout::Raw)?;
    let values: Json = serde_json::from_str(values.as_str())
        .map_err(|error| Failure::new(format!("the values cannot be read as JSON: {error}")))?;
    let mut checker = Checker { root: &schema, heap, errors: Vec::new(), path: Vec::new() };
    checker.check(&values, &schema, 0)?;
    checker.errors.truncate(MAX_LISTED);
    Ok(checker.errors)
}

struct Checker<'c> {
    root: &'c Json,
    heap: &'c Heap,
    errors: Vec<String>,
    path: Vec<String>,
}

impl<'c> Checker<'c> {
    fn error(&mut self, what: impl std::fmt::Display) {
        let path: String = self.path.iter().map(|key| format!("/{key}")).collect();
        self.errors.push(format!("at '{path}': {what}"));
    }

    fn check(&mut self, value: &Json, schema: &'c Json, depth: usize) -> Result<()> {
        check_depth(depth)?;
        self.heap.budget.spend_steps(1)?;
        let schema = match schema {
            Json::Bool(true) => return Ok(()),
            Json::Bool(false) => {
                self.error("false schema");
                return Ok(());
            }
            Json::Object(schema) => schema,
            _ => return Ok(()),
        };
        if let Some(Json::String(reference)) = schema.get("$ref")
            && let Some(target) = self.resolve(reference)
        {
            self.check(value, target, depth + 1)?;
        }
        self.check_type(value, schema);
        self.check_limits(value, schema);
        match value {
            Json::Object(object) => self.check_object(object, schema, depth)?,
            Json::Array(items) => self.check_array(items, schema, depth)?,
            _ => {}
        }
        self.check_combinations(value, schema, depth)
    }

    fn resolve(&self, reference: &str) -> Option<&'c Json> {
        let pointer = reference.strip_prefix('#')?;
        self.root.pointer(pointer)
    }

    /// Whether a value satisfies a schema, without telling why not.
    fn holds(&mut self, value: &Json, schema: &'c Json, depth: usize) -> Result<bool> {
        let before = self.errors.len();
        self.check(value, schema, depth + 1)?;
        let holds = self.errors.len() == before;
        self.errors.truncate(before);
        Ok(holds)
    }

    fn check_type(&mut self, value: &Json, schema: &serde_json::Map<String, Json>) {
        let wanted: Vec<&str> = match schema.get("type") {
            Some(Json::String(name)) => vec![name],
            Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        if !wanted.is_empty() && !wanted.iter().any(|name| is_type(value, name)) {
            let got = type_name(value);
            self.error(format!("got {got}, want {}", wanted.join(" or ")));
        }
        if let Some(Json::Array(allowed)) = schema.get("enum")
            && !allowed.iter().any(|allowed| equal(allowed, value))
        {
            let allowed: Vec<String> = allowed.iter().map(shown).collect();
            self.error(format!("value must be one of {}", allowed.join(", ")));
        }
        if let Some(constant) = schema.get("const")
            && !equal(constant, value)
        {
            self.error(format!("value must be {}", shown(constant)));
        }
    }

    fn check_limits(&mut self, value: &Json, schema: &serde_json::Map<String, Json>) {
        let limit = |key: &str| schema.get(key).and_then(Json::as_f64);
        if let Some(number) = value.as_f64() {
            if let Some(least) = limit("minimum").filter(|least| number < *least) {
                self.error(format!("minimum: got {number}, want {least}"));
            }
            if let Some(most) = limit("maximum").filter(|most| number > *most) {
                self.error(format!("maximum: got {number}, want {most}"));
            }
            if let Some(least) = limit("exclusiveMinimum").filter(|least| number <= *least) {
                self.error(format!("exclusiveMinimum: got {number}, want {least}"));
            }
            if let Some(most) = limit("exclusiveMaximum").filter(|most| number >= *most) {
                self.error(format!("exclusiveMaximum: got {number}, want {most}"));
            }
            if limit("multipleOf").is_some_and(|part| part > 0.0 && (number / part).fract() != 0.0)
            {
                self.error("multipleOf is not satisfied");
            }
        }
        let (name, size) = match value {
            Json::String(text) => ("Length", text.chars().count()),
            Json::Array(items) => ("Items", items.len()),
            Json::Object(object) => ("Properties", object.len()),
            Json::Null | Json::Bool(_) | Json::Number(_) => return,
        };
        #[allow(clippy::cast_precision_loss)]
        let count = size as f64;
        if limit(&format!("min{name}")).is_some_and(|least| count < least) {
            self.error(format!("min{name}: got {size}"));
        }
        if limit(&format!("max{name}")).is_some_and(|most| count > most) {
            self.error(format!("max{name}: got {size}"));
        }
        if let (Json::String(text), Some(Json::String(pattern))) = (value, schema.get("pattern"))
            && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
        {
            self.error(format!("{text:?} does not match pattern {pattern:?}"));
        }
    }

    fn check_object(
        &mut self,
        object: &serde_json::Map<String, Json>,
        schema: &'c serde_json::Map<String, Json>,
        depth: usize,
    ) -> Result<()> {
        if let Some(Json::Array(required)) = schema.get("required") {
            let missing: Vec<&str> = required
                .iter()
                .filter_map(Json::as_str)
                .filter(|key| !object.contains_key(*key))
                .collect();
            if !missing.is_empty() {
                self.error(format!("missing properties: '{}'", missing.join("', '")));
            }
        }
        let properties = schema.get("properties").and_then(Json::as_object);
        let patterns: Vec<(Regex, &'c Json)> = match schema.get("patternProperties") {
            Some(Json::Object(patterns)) => patterns
                .iter()
                .filter_map(|(pattern, schema)| Some((Regex::new(pattern).ok()?, schema)))
                .collect(),
            _ => Vec::new(),
        };
        let additional = schema.get("additionalProperties");
        for (key, value) in object {
            self.path.push(key.clone());
            let mut known = false;
            if let Some(schema) = properties.and_then(|properties| properties.get(key)) {
                known = true;
                self.check(value, schema, depth + 1)?;
            }
            for (_, schema) in patterns.iter().filter(|(pattern, _)| pattern.is_match(key)) {
                known = true;
                self.check(value, schema, depth + 1)?;
            }
            match additional {
                Some(Json::Bool(false)) if !known => {
                    self.path.pop();
                    self.error(format!("additional properties '{key}' not allowed"));
                    self.path.push(key.clone());
                }
                Some(schema) if !known => self.check(value, schema, depth + 1)?,
                _ => {}
            }
            self.path.pop();
            if let Some(names) = schema.get("propertyNames") {
                self.check(&Json::String(key.clone()), names, depth + 1)?;
            }
        }
        Ok(())
    }

    fn check_array(
        &mut self,
        items: &[Json],
        schema: &'c serde_json::Map<String, Json>,
        depth: usize,
    ) -> Result<()> {
        let first: &'c [Json] = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Json::Array(first)), _) | (None, Some(Json::Array(first))) => first,
            _ => &[],
        };
        let rest = match schema.get("items") {
            Some(Json::Array(_)) => schema.get("additionalItems"),
            rest => rest,
        };
        for (index, item) in items.iter().enumerate() {
            self.path.push(index.to_string());
            if let Some(schema) = first.get(index).or(rest) {
                self.check(item, schema, depth + 1)?;
            }
            self.path.pop();
        }
        let unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
        if unique {
            self.heap.budget.spend_steps(items.len().saturating_mul(items.len()))?;
            let repeated = items
                .iter()
                .enumerate()
                .any(|(index, item)| items[..index].iter().any(|other| equal(other, item)));
            if repeated {
                self.error("items are not unique");
            }
        }
        if let Some(contained) = schema.get("contains") {
            let mut found = false;
            for item in items {
                found |= self.holds(item, contained, depth)?;
            }
            if !found {
                self.error("no item matches contains");
            }
        }
        Ok(())
    }

    fn check_combinations(
        &mut self,
        value: &Json,
        schema: &'c serde_json::Map<String, Json>,
        depth: usize,
    ) -> Result<()> {
        let list = |key: &str| -> &'c [Json] {
            schema.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
        };
        for part in list("allOf") {
            self.check(value, part, depth + 1)?;
        }
        let mut counted = |parts: &'c [Json]| -> Result<usize> {
            let mut count = 0;
            for part in parts {
                count += usize::from(self.holds(value, part, depth)?);
            }
            Ok(count)
        };
        let (any, one) = (list("anyOf"), list("oneOf"));
        let (any_count, one_count) = (counted(any)?, counted(one)?);
        if !any.is_empty() && any_count == 0 {
            self.error("anyOf failed");
        }
        if !one.is_empty() && one_count != 1 {
            self.error(format!("oneOf failed, {one_count} subschemas matched"));
        }
        if let Some(part) = schema.get("not")
            && self.holds(value, part, depth)?
        {
            self.error("not failed");
        }
        if let Some(condition) = schema.get("if") {
            let branch = if self.holds(value, condition, depth)? { "then" } else { "else" };
            if let Some(part) = schema.get(branch) {
                self.check(value, part, depth + 1)?;
            }
        }
        Ok(())
    }
}

fn is_type(value: &Json, name: &str) -> bool {
    match name {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        name => type_name(value) == name,
    }
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Equality that takes `1` and `1.0` for one number.
fn equal(a: &Json, b: &Json) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::helm::json::from_json;

    fn refused(schema: &str, values: &str) -> Vec<String> {
        let heap = Heap::default();
        let values = from_json(&values.into(), &heap).unwrap();
        validate(&values, schema, &heap).unwrap()
    }

    /// The keywords as "Understanding JSON Schema" explains them.
    #[test]
    fn keywords_mean_what_the_standard_says() {
        for (schema, good, bad) in [
            (r#"{"properties":{"a":{"type":"integer"}}}"#, r#"{"a":1.0}"#, r#"{"a":1.5}"#),
            (r#"{"properties":{"a":{"type":["string","null"]}}}"#, r#"{"a":null}"#, r#"{"a":1}"#),
            (r#"{"required":["a"]}"#, r#"{"a":0}"#, r#"{"b":0}"#),
            (
                r#"{"properties":{"a":{}},"patternProperties":{"^x-":{}},"additionalProperties":false}"#,
                r#"{"a":1,"x-b":2}"#,
                r#"{"b":1}"#,
            ),
            (r#"{"properties":{"a":{"enum":["x",1]}}}"#, r#"{"a":1.0}"#, r#"{"a":"y"}"#),
            (
                r#"{"properties":{"a":{"minimum":1,"exclusiveMaximum":3}}}"#,
                r#"{"a":1}"#,
                r#"{"a":3}"#,
            ),
            (r#"{"properties":{"a":{"pattern":"^v[0-9]+$"}}}"#, r#"{"a":"v1"}"#, r#"{"a":"1"}"#),
            (r#"{"properties":{"a":{"minLength":2}}}"#, r#"{"a":"éé"}"#, r#"{"a":"é"}"#),
            (
                r#"{"properties":{"a":{"items":{"type":"string"},"maxItems":1}}}"#,
                r#"{"a":["x"]}"#,
                r#"{"a":["x","y"]}"#,
            ),
            (r#"{"properties":{"a":{"uniqueItems":true}}}"#, r#"{"a":[1,2]}"#, r#"{"a":[1,1.0]}"#),
            (r#"{"anyOf":[{"required":["a"]},{"required":["b"]}]}"#, r#"{"a":1,"b":1}"#, "{}"),
            (
                r#"{"oneOf":[{"required":["a"]},{"required":["b"]}]}"#,
                r#"{"a":1}"#,
                r#"{"a":1,"b":1}"#,
            ),
            (r#"{"not":{"required":["a"]}}"#, "{}", r#"{"a":1}"#),
            (
                r#"{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}"#,
                r#"{"a":1,"b":1}"#,
                r#"{"a":1}"#,
            ),
            (
                r##"{"$defs":{"port":{"type":"number"}},"properties":{"p":{"$ref":"#/$defs/port"}}}"##,
                r#"{"p":80}"#,
                r#"{"p":"80"}"#,
            ),
        ] {
            assert_eq!(refused(schema, good), [""; 0], "{schema} {good}");
            assert_eq!(refused(schema, bad).len(), 1, "{schema} {bad}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let heap = Heap::default();
        let values = from_json(&"{}".into(), &heap).unwrap();
        assert!(validate(&values, r##"{"$ref":"#"}"##, &heap).is_err());
    }
}
