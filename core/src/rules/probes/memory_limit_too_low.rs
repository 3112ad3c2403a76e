use super::{names_a_model, size};
use crate::facts::{Facts, Part, Unit, in_shell, quoted};
use crate::knowledge::families::{Certainty, Class};
use crate::knowledge::model_memory::memory_for;
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

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
    /// ## When to ignore
    /// Where the program was measured under load within this limit.
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

/// The least memory that a container needs.
struct Floor<'a> {
    bytes: u64,
    /// Who needs it: "Elasticsearch", "`llama3:8b` on Ollama".
    who: String,
    /// The setting that names the model.
    model: Option<(Span, &'a str)>,
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part != Part::Init && it.starts_its_program()) {
        let workload = facts.workload_of(unit);
        if workload.is_some_and(|it| it.kind().is_job()) {
            continue;
        }
        let Some((limit, span)) = facts.memory_limit(unit) else { continue };
        let floors = [program_floor(unit), model_floor(facts, unit)];
        let Some(floor) = floors.into_iter().flatten().max_by_key(|it| it.bytes) else { continue };
        if limit >= floor.bytes {
            continue;
        }
        let finding = out.at(
            &span,
            format!(
                "{} may use {} of memory, but {} needs {} or more",
                unit.label,
                size(limit),
                floor.who,
                size(floor.bytes)
            ),
        );
        if let Some((span, name)) = floor.model {
            finding.confidence(Confidence::Likely).also(&span, format!("the model `{name}`"));
        }
        match (workload, facts.service_of(unit)) {
            (Some(workload), _) => finding.check(format!(
                "kubectl get pods{} -o jsonpath={}",
                workload.namespace_flag(),
                quoted(&format!(
                    "{{.items[*].status.containerStatuses[?(@.name==\"{}\")].lastState}}",
                    unit.name
                ))
            )),
            (None, Some(service)) => finding.check(format!(
                "docker inspect -f '{{{{.State.OOMKilled}}}}' $({})",
                facts.compose(service, &format!("ps -aq {}", in_shell(service.name)))
            )),
            (None, None) => finding,
        };
    }
}

/// Returns what the documentation of the program asks for, or what the program reserves by itself.
fn program_floor<'a>(unit: &Unit<'_>) -> Option<Floor<'a>> {
    let runs = unit.runs.as_ref().filter(|it| it.certainty == Certainty::Certain)?;
    let floor = runs.family.memory_floor(&runs.repository, runs.major)?;
    let is_free = is_told_to_use_less(unit);
    (!is_free).then(|| Floor { bytes: floor * MIB, who: runs.family.name.to_owned(), model: None })
}

/// Returns what the weights of the model need that a server is told to load, where no GPU holds them.
fn model_floor<'a>(facts: &Facts<'a>, unit: &'a Unit<'a>) -> Option<Floor<'a>> {
    let family = unit.family().filter(|it| it.class == Class::ModelServer)?;
    if facts.asks_for_gpu(unit) {
        return None;
    }
    let by_variable = unit.env.iter().filter(|it| names_a_model(it.name) && it.literal);
    let by_variable = by_variable.filter_map(|it| Some((it.value_span, it.value?)));
    let words = unit.start.commands.iter().flat_map(|it| &it.words);
    let by_word = words.map(|word| (unit.start.span_of(word), word.text.as_str()));
    let models = by_variable.chain(by_word).filter_map(|(span, text)| {
        let name = text.rsplit_once('=').map_or(text, |it| it.1);
        Some((memory_for(family.id, name)?, span, name))
    });
    let (bytes, span, name) = models.max_by_key(|it| it.0)?;
    let who = format!("`{name}` on {} without a GPU", family.name);
    Some(Floor { bytes, who, model: Some((span, name)) })
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
    fn the_weights_of_a_model_need_memory() {
        let told = |image: &str, more: &str| {
            let text = format!("services: {{a: {{image: '{image}', mem_limit: 4g, {more}}}}}\n");
            messages(&RULE, &text)
        };
        let ollama = "ollama/ollama:0.12.0";
        assert_eq!(
            told(ollama, "environment: {OLLAMA_MODEL: 'llama3:8b'}"),
            [
                "service `a` may use 4 GiB of memory, but `llama3:8b` on Ollama without a GPU needs 7.45 GiB or more"
            ]
        );
        assert_eq!(
            told(ollama, "entrypoint: sh -c 'ollama serve & ollama pull mistral:7b; wait'").len(),
            1
        );
        let cpu = "vllm/vllm-openai-cpu:v0.11.0";
        assert_eq!(told(cpu, "command: [--model, mistralai/Mistral-7B-Instruct-v0.3]").len(), 1);
        assert_eq!(told(cpu, "command: [--model=mistralai/Mistral-7B-Instruct-v0.3]").len(), 1);
        for (image, more) in [
            (ollama, "environment: {OLLAMA_MODEL: 'llama3.2:3b'}"),
            (ollama, "environment: {OLLAMA_MODEL: llama3}"),
            (ollama, "environment: {OLLAMA_MODEL: 'llama3:8b'}, gpus: all"),
            (ollama, "environment: {OLLAMA_MODEL: 'llama3:8b'}, runtime: nvidia"),
            (
                ollama,
                "environment: {OLLAMA_MODEL: 'llama3:8b'}, deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}",
            ),
            (cpu, "command: [--model, TheBloke/Mistral-7B-AWQ]"),
            ("acme/web:1", "environment: {OLLAMA_MODEL: 'llama3:8b'}"),
        ] {
            assert!(told(image, more).is_empty(), "{image} {more}");
        }
        let pod = |limits: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{ollama}', env: [{{name: OLLAMA_MODEL, value: 'llama3:8b'}}], resources: {{limits: {{memory: 4Gi{limits}}}}}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!((pod(""), pod(", nvidia.com/gpu: 1")), (1, 0));
    }

    #[test]
    fn java_programs_have_floors_of_their_own() {
        for (image, limit) in [
            ("neo4j:5.26.0", "1g"),
            ("jenkins/jenkins:2.528", "128m"),
            ("sonatype/nexus3:3.85.0", "2g"),
        ] {
            assert_eq!(service(&format!("image: '{image}', mem_limit: {limit}")), 1, "{image}");
            assert_eq!(service(&format!("image: '{image}', mem_limit: 4g")), 0, "{image}");
        }
        let told = "environment: {INSTALL4J_ADD_VM_PARAMS: '-Xms512m -Xmx512m'}";
        assert_eq!(service(&format!("image: 'sonatype/nexus3:3.85.0', mem_limit: 2g, {told}")), 0);
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
