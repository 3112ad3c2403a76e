use super::size;
use crate::facts::{Facts, in_shell};
use crate::knowledge::memory::{Amount, Bounds, Setting};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A runtime is told to use more memory than its container may.
    ///
    /// ## Why it hurts
    /// The runtime believes its own setting and not the limit. When the heap or the buffers grow to what
    /// they were allowed, the kernel kills the process (`OOMKilled`, exit code 137), mostly under load.
    ///
    /// ## What helps
    /// Let the setting be well below the limit: a JVM needs a quarter or more beside its heap, and so does
    /// Node.js. Where the runtime can read the limit itself (`-XX:MaxRAMPercentage=75`), let it.
    ///
    /// ## How to troubleshoot
    /// `docker inspect CONTAINER` shows `OOMKilled`, and `kubectl describe pod POD` shows it as the last
    /// state of the container.
    ///
    /// ## When to ignore
    /// Where the program is known to stay far below what it may use.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   api:
    ///     image: acme/api:1
    ///     command: java -Xmx2g -jar app.jar # <- service `api` may use 1 GiB of memory, but `-Xmx2g` lets it use 2 GiB
    ///     mem_limit: 1g
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   api:
    ///     image: acme/api:1
    ///     command: java -XX:MaxRAMPercentage=70 -jar app.jar
    ///     mem_limit: 1g
    /// ```
    PLM608 "memory-limit-contradiction" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

/// Share of the limit, in percent, above which a heap leaves too little for the rest of the process.
const MAX_PERCENT: f64 = 90.0;

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        let limit = facts.memory_limit(unit);
        for (setting, span) in unit.memory_settings() {
            let label = &unit.label;
            let written = setting.written;
            let message = match (setting.amount, limit) {
                (Amount::Percent(percent), _) if percent > MAX_PERCENT => format!(
                    "`{written}` lets the heap of {label} grow to {percent} % of its memory limit, and a JVM needs more than its heap"
                ),
                (Amount::Bytes(bytes), Some((limit, _))) if exceeds(&setting, bytes, limit) => {
                    let (limit, bytes) = (size(limit), size(bytes));
                    let own = format!("{label} may use {limit} of memory");
                    if limit == bytes {
                        format!("{own}, and `{written}` lets a part of the process take all of it")
                    } else {
                        format!("{own}, but `{written}` lets it use {bytes}")
                    }
                }
                _ => continue,
            };
            let finding = out.at(&span, message);
            if let Some((_, span)) = limit {
                finding.also(&span, "the memory limit");
            }
            finding.check(match facts.workload_of(unit) {
                Some(workload) => workload.pods("top pod", "--containers"),
                None => {
                    let ps = facts.compose_for(unit, &format!("ps -q {}", in_shell(unit.name)));
                    format!("docker stats --no-stream $({ps})")
                }
            });
            break;
        }
    }
}

fn exceeds(setting: &Setting<'_>, bytes: u64, limit: u64) -> bool {
    match setting.bounds {
        Bounds::Part => bytes >= limit,
        Bounds::All => bytes > limit,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn service(body: &str) -> Vec<String> {
        messages(&RULE, &format!("services: {{a: {{image: 'a:1', {body}}}}}\n"))
    }

    #[test]
    fn commands_and_variables_of_many_runtimes() {
        for body in [
            "mem_limit: 1g, command: [java, -Xmx1g, -jar, a.jar]",
            "mem_limit: 512m, environment: {JAVA_TOOL_OPTIONS: '-Xms256m -Xmx768m'}",
            "mem_limit: 512m, environment: [ES_JAVA_OPTS=-Xms1g -Xmx1g]",
            "mem_limit: 256m, environment: {NODE_OPTIONS: '--max-old-space-size=512'}",
            "mem_limit: 256m, environment: {GOMEMLIMIT: 1GiB}",
            "mem_limit: 256m, command: redis-server --maxmemory 512mb",
            "mem_limit: 256m, command: postgres -c shared_buffers=512MB",
            "deploy: {resources: {limits: {memory: 256m}}}, command: java -Xmx1g -jar a.jar",
            "environment: {JAVA_OPTS: '-XX:MaxRAMPercentage=95'}",
        ] {
            assert_eq!(service(body).len(), 1, "{body}");
        }
    }

    #[test]
    fn enough_room_and_no_limit_are_silent() {
        for body in [
            "mem_limit: 2g, command: java -Xmx1g -jar a.jar",
            "command: java -Xmx1g -jar a.jar",
            "mem_limit: 512m, command: redis-server --maxmemory 512mb",
            "mem_limit: 512m, environment: {JAVA_OPTS: '-XX:MaxRAMPercentage=75'}",
            "mem_limit: 512m, environment: {JAVA_OPTS: '-Xmx${HEAP}'}",
        ] {
            assert!(service(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn containers_of_pods_have_their_own_limit() {
        let pod = |limit: &str| {
            messages(&RULE, &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, args: [-Xmx1g], resources: {{limits: {{memory: {limit}}}}}}}]}}\n"
            )).len()
        };
        assert_eq!(pod("512Mi"), 1);
        assert_eq!(pod("2Gi"), 0);
        let small = |container: &str| {
            messages(&RULE, &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {container}, resources: {{limits: {{memory: 256Mi}}}}}}]}}\n"
            )).len()
        };
        for told in [
            "env: [{name: NODE_OPTIONS, value: '--max-old-space-size=512'}]",
            "env: [{name: GOMEMLIMIT, value: 1GiB}]",
            "env: [{name: ES_JAVA_OPTS, value: '-Xms1g -Xmx1g'}]",
            "args: [postgres, -c, shared_buffers=512MB]",
            "args: [--maxmemory, 512mb]",
            "command: [java, '-XX:MaxRAMPercentage=95', -jar, a.jar]",
        ] {
            assert_eq!(small(told), 1, "{told}");
        }
        assert_eq!(small("command: [java, '-XX:MaxRAMPercentage=90', -jar, a.jar]"), 0);
    }
}
