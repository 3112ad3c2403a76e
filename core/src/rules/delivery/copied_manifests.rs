use crate::facts::{CopiedManifests, Facts};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// The manifests of two environments are nearly the same and written twice.
    ///
    /// ## Why it hurts
    /// Each change has to be made once for each environment, and one is forgotten. What differs on
    /// purpose and what differs by mistake looks alike.
    ///
    /// ## What helps
    /// Keep what the environments share once, as the base of a kustomization or as the templates of a
    /// chart, and for each environment only what differs.
    ///
    /// ## How to troubleshoot
    /// `diff --recursive` of the two folders shows what differs.
    ///
    /// ## When to ignore
    /// Where the manifests are generated, so that nobody writes them twice.
    ///
    /// The measure is the part of the fields, name and value, that both have. Words for environments,
    /// such as `prod` and `staging`, count as the same.
    PLM911 "copied-manifests" {
        since: "0.1.0", on: Delivery, severity: Info, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for copies in facts.copied_manifests() {
        let CopiedManifests { paths: [first, second], places, same, fields, others } = &copies;
        let more = match others {
            0 => String::new(),
            1 => "; so is one other environment".to_owned(),
            others => format!("; so are {others} other environments"),
        };
        let message = format!(
            "{:.0} % of `{second}` is the same as `{first}` ({same} of {fields:.0} fields){more}",
            100.0 * copies.similarity(),
        );
        let finding = out.at(&places[1], message);
        finding.subject(format!("manifests of {second}"));
        finding.also(&places[0], "the manifests that are nearly the same");
        finding.check(format!("diff --recursive {first} {second}"));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn deployment(name: &str, image: &str, replicas: u32) -> String {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, labels: {{app: web, tier: front}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web, tier: front}}}}
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: {image}
          ports: [{{name: http, containerPort: 8080}}]
          env:
            - {{name: A, value: a}}
            - {{name: B, value: b}}
            - {{name: C, value: c}}
          resources:
            requests: {{cpu: 100m, memory: 64Mi}}
            limits: {{memory: 64Mi}}
          readinessProbe: {{httpGet: {{path: /ready, port: http}}, periodSeconds: 5}}
          livenessProbe: {{httpGet: {{path: /live, port: http}}, periodSeconds: 10}}
"
        )
    }

    fn in_two(first: &str, second: &str, one: &str, two: &str) -> Vec<String> {
        messages(&RULE, &format!("# file: {first}\n{one}# file: {second}\n{two}"))
    }

    #[test]
    fn a_word_at_the_end_of_a_name_makes_a_copy_of_the_file_without_it() {
        let (one, two) = (deployment("web", "web:1", 1), deployment("web", "web:2", 3));
        let found = in_two("k8s/web.yaml", "k8s/web-prod.yaml", &one, &two);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("`k8s/web-prod.yaml` is the same as `k8s/web.yaml`"),
            "{found:?}"
        );
        assert!(in_two("k8s/web.yaml", "k8s/api-prod.yaml", &one, &two).is_empty());
        assert!(in_two("k8s/web.yaml", "k8s/web-prod.yml", &one, &two).is_empty());
    }

    #[test]
    fn folders_and_files_of_environments_are_compared() {
        let (one, two) = (deployment("web", "web:1", 1), deployment("web", "web:2", 3));
        let folders = in_two("k8s/prod/web.yaml", "k8s/dev/web.yaml", &one, &two);
        assert_eq!(folders, ["93 % of `k8s/dev` is the same as `k8s/prod` (27 of 29 fields)"],);
        let files = in_two("k8s/web-prod.yaml", "k8s/web-staging.yaml", &one, &two);
        assert!(files[0].contains("`k8s/web-staging.yaml` is the same as `k8s/web-prod.yaml`"));
    }

    #[test]
    fn words_for_environments_count_as_the_same() {
        let (one, two) = (deployment("web-prod", "web:1", 1), deployment("web-dev", "web:1", 1));
        let found = in_two("prod/web.yaml", "dev/web.yaml", &one, &two);
        assert!(found[0].starts_with("100 %"), "{found:?}");
    }

    #[test]
    fn what_is_no_copy_is_not_reported() {
        let one = deployment("web", "web:1", 1);
        let other = one.replace("env:", "command: [x]\n          env:").replace("web", "api");
        assert!(in_two("prod/web.yaml", "dev/web.yaml", &one, &other).is_empty(), "too different");
        assert!(in_two("a/web.yaml", "b/web.yaml", &one, &one).is_empty(), "no environments");
        assert!(in_two("prod/web.yaml", "other/dev/web.yaml", &one, &one).is_empty(), "elsewhere");
        let flux = one
            .replace("apps/v1", "helm.toolkit.fluxcd.io/v2")
            .replace("Deployment", "HelmRelease");
        assert!(in_two("prod/a.yaml", "dev/a.yaml", &flux, &flux).is_empty(), "pointers");
        let small =
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n";
        assert!(in_two("prod/a.yaml", "dev/a.yaml", small, small).is_empty(), "too short");
    }

    #[test]
    fn three_environments_are_one_finding() {
        let one = deployment("web", "web:1", 1);
        let text = format!(
            "# file: prod/a.yaml\n{one}# file: staging/a.yaml\n{one}# file: dev/a.yaml\n{one}"
        );
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("; so is one other environment"));
    }
}
