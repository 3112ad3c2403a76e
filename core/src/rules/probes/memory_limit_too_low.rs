use super::size;
use crate::facts::{Facts, Part, Unit};
use crate::knowledge::families::Certainty;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A container may use less memory than its program needs to run at all.
    ///
    /// ## Why it hurts
    /// The program reserves its heap or its buffers when it starts. Below what its makers ask for it is
    /// killed before it has ever answered (`OOMKilled`, exit code 137), or it refuses to start.
    ///
    /// ## What helps
    /// Raise the limit to what the documentation of the image asks for, or tell the program to use less
    /// (`-Xmx`, `ES_JAVA_OPTS`) where it can.
    ///
    /// ## How to troubleshoot
    /// `docker inspect CONTAINER` shows `OOMKilled`, and `kubectl describe pod POD` shows it as the last
    /// state of the container.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   search:
    ///     image: docker.elastic.co/elasticsearch/elasticsearch:8.17.0
    ///     mem_limit: 512m # <- service `search` may use 512 MiB of memory, but Elasticsearch needs 1 GiB or more
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   search:
    ///     image: docker.elastic.co/elasticsearch/elasticsearch:8.17.0
    ///     mem_limit: 2g
    /// ```
    PLM609 "memory-limit-too-low" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

const MIB: u64 = 1 << 20;

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part != Part::Init && it.starts_its_program()) {
        let workload = facts.workload_of(unit);
        if workload.is_some_and(|it| it.kind().is_job()) {
            continue;
        }
        let Some(runs) = unit.runs.as_ref().filter(|it| it.certainty == Certainty::Certain) else {
            continue;
        };
        let Some(floor) = runs.family.memory_floor(&runs.repository, runs.major) else { continue };
        let Some((limit, span)) = facts.memory_limit(unit) else { continue };
        if limit >= floor * MIB || is_told_to_use_less(unit) {
            continue;
        }
        let finding = out.at(
            &span,
            format!(
                "{} may use {} of memory, but {} needs {} or more",
                unit.label,
                size(limit),
                runs.family.name,
                size(floor * MIB)
            ),
        );
        match (workload, facts.service_of(unit)) {
            (Some(workload), _) => finding.check(format!(
                "kubectl get pods{} -o jsonpath='{{.items[*].status.containerStatuses[?(@.name==\"{}\")].lastState}}'",
                workload.namespace_flag(),
                unit.name
            )),
            (None, Some(service)) => finding.check(format!(
                "docker inspect -f '{{{{.State.OOMKilled}}}}' $({})",
                facts.compose(service, &format!("ps -aq {}", service.name))
            )),
            (None, None) => finding,
        };
    }
}

/// Whether a setting tells the program how much memory to use, so that its default does not count.
fn is_told_to_use_less(unit: &Unit<'_>) -> bool {
    // SQL Server refuses to start below its minimum, whatever it is told.
    let is_fixed = unit.is_family("mssql");
    let says = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["HEAP", "MEMORY", "XMX", "_MEM"].iter().any(|it| name.contains(it))
    };
    !is_fixed && (!unit.memory_settings().is_empty() || unit.env.iter().any(|it| says(it.name)))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn service(body: &str) -> usize {
        messages(&RULE, &format!("services: {{a: {{{body}}}}}\n")).len()
    }

    const SEARCH: &str = "image: 'elasticsearch:8.17.0'";

    #[test]
    fn limits_below_the_documented_minimum() {
        assert_eq!(service(&format!("{SEARCH}, mem_limit: 512m")), 1);
        assert_eq!(
            service(&format!("{SEARCH}, deploy: {{resources: {{limits: {{memory: 256M}}}}}}")),
            1
        );
        assert_eq!(
            service("image: 'mcr.microsoft.com/mssql/server:2022-latest', mem_limit: 1g"),
            1
        );
        assert_eq!(
            service("image: 'quay.io/keycloak/keycloak:26.0', command: start, mem_limit: 256m"),
            1
        );
        assert_eq!(service("image: 'apache/kafka:3.9.0', mem_limit: 512m"), 1);
    }

    #[test]
    fn enough_memory_no_limit_and_unknown_programs_are_silent() {
        assert_eq!(service(&format!("{SEARCH}, mem_limit: 1g")), 0);
        assert_eq!(service(SEARCH), 0);
        assert_eq!(service("image: 'acme/search:1', mem_limit: 16m"), 0);
        assert_eq!(service("image: 'redis:7', mem_limit: 16m"), 0);
    }

    #[test]
    fn a_program_that_is_told_to_use_less_is_silent() {
        for told in [
            "environment: {ES_JAVA_OPTS: '-Xms256m -Xmx256m'}",
            "environment: ['MAX_HEAP_SIZE=128M']",
            "command: [elasticsearch, -Xmx256m]",
        ] {
            assert_eq!(service(&format!("{SEARCH}, mem_limit: 512m, {told}")), 0, "{told}");
        }
        let fixed = "environment: {MSSQL_MEMORY_LIMIT_MB: '512'}";
        let mssql = "image: 'mcr.microsoft.com/mssql/server:2022-latest', mem_limit: 1g";
        assert_eq!(service(&format!("{mssql}, {fixed}")), 1);
    }

    #[test]
    fn clients_and_jobs_in_the_image_of_a_server_are_silent() {
        let client = "command: kafka-topics.sh --create --topic orders";
        assert_eq!(service(&format!("image: 'apache/kafka:3.9.0', mem_limit: 128m, {client}")), 0);
        let pod = |kind: &str, spec: &str| {
            let api = if kind == "Pod" { "v1" } else { "batch/v1" };
            messages(
                &RULE,
                &format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n"),
            )
            .len()
        };
        let container = "containers: [{name: a, image: 'elasticsearch:8.17.0', resources: {limits: {memory: 512Mi}}}]";
        assert_eq!(pod("Pod", &format!("{{{container}}}")), 1);
        assert_eq!(pod("Job", &format!("{{template: {{spec: {{{container}}}}}}}")), 0);
        let init = container.replace("containers", "initContainers");
        assert_eq!(pod("Pod", &format!("{{{init}}}")), 0);
    }

    #[test]
    fn a_dockerfile_tells_what_runs() {
        let text = "# file: compose.yaml\nservices: {a: {build: ./a, mem_limit: 512m}}\n# file: a/Dockerfile\nFROM elasticsearch:8.17.0\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }
}
