use crate::facts::Facts;
use crate::report::{Findings, Kind};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A template was not analysed, because only its rendered form is YAML.
    ///
    /// ## Why it hurts
    /// Nothing was checked in this file. Silence about it means nothing.
    ///
    /// ## What helps
    /// Render it and hand over the result: `helm template . | plimsoll check -`.
    ///
    /// ## How to troubleshoot
    /// `helm template . --debug` shows the text that the cluster would get.
    PLM005 "unparsed-template" {
        since: "0.1.0", on: Document, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for file in facts.files().filter(|it| it.kind == Kind::Template) {
        let first_line = file.text().find('\n').unwrap_or(file.text().len());
        out.at(
            Span::new(file.id, 0, first_line),
            "this template was left out: it becomes YAML only when it is rendered",
        )
        .subject(format!("template {}", file.path()))
        .check("helm template . | plimsoll check -");
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn a_template_is_said_once_and_plain_manifests_are_not() {
        let template =
            "# file: chart/templates/app.yaml\n{{- if .Values.on }}\nkind: Pod\n{{- end }}\n";
        assert_eq!(messages(&RULE, template).len(), 1);
        let plain = "# file: chart/app.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ b }}'}\n";
        assert!(messages(&RULE, plain).is_empty());
    }
}
