use crate::facts::Facts;
use crate::report::{Findings, Role};
use crate::rules::rule;

rule! {
    /// No service of a production file has a memory limit.
    ///
    /// ## Why it hurts
    /// All services share the memory of one server. When one of them leaks, the kernel kills whichever
    /// process it likes least, often the database, and the one that leaks goes on.
    ///
    /// ## What helps
    /// Give each service a `mem_limit` (or `deploy.resources.limits.memory`) above what it needs, so
    /// that the service that leaks is the one that is killed and restarted.
    ///
    /// ## How to troubleshoot
    /// `docker stats` shows what each container uses; `dmesg | grep -i oom` shows what was killed.
    ///
    /// ## When to ignore
    /// On a server whose services were measured and fit into its memory together.
    ///
    /// ## Bad
    /// ```yaml file=compose.prod.yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///   db: # <- neither of the 2 services has a memory limit, so one that leaks can take the server's memory from all others
    ///     image: postgres:17
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.prod.yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     mem_limit: 512m
    ///   db:
    ///     image: postgres:17
    ///     mem_limit: 1g
    /// ```
    PLM620 "no-memory-limit-on-shared-host" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // The services of a project stand one after the other.
    for services in facts.services().chunk_by(|a, b| a.project_index == b.project_index) {
        let Some(first) = services.first() else { continue };
        let project = &facts.projects()[first.project_index];
        let is_limited = services.iter().any(|it| it.model.memory_limit().is_some());
        let is_production = services.iter().all(|it| it.role == Role::Production);
        // A service alone on its server has nobody to take memory from.
        if is_limited || !is_production || project.services.len() < 2 {
            continue;
        }
        let none = match project.services.len() {
            2 => "neither of the 2 services has".to_owned(),
            many => format!("none of the {many} services has"),
        };
        let message = format!(
            "{none} a memory limit, so one that leaks can take the server's memory from all others"
        );
        let ids = match facts.is_for_swarm(first) {
            true => "docker ps -q -f label=com.docker.stack.namespace=STACK".to_owned(),
            false => facts.compose_of(project, "ps -q"),
        };
        out.at(&first.span(), message)
            .check(format!("docker stats --no-stream $({ids})"))
            .cause("no memory limits");
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(path: &str, web: &str) -> usize {
        messages(
            &RULE,
            &format!(
                "# file: {path}\nservices: {{web: {{image: 'a:1'{web}}}, db: {{image: 'b:1'}}}}\n"
            ),
        )
        .len()
    }

    #[test]
    fn only_production_files_and_once() {
        assert_eq!(count("compose.prod.yaml", ""), 1);
        assert_eq!(count("compose.yaml", ""), 0);
        assert_eq!(count("compose.dev.yaml", ""), 0);
    }

    #[test]
    fn one_limit_in_either_form_is_enough() {
        assert_eq!(count("compose.prod.yaml", ", mem_limit: 1g"), 0);
        assert_eq!(count("compose.prod.yaml", ", deploy: {resources: {limits: {memory: 1g}}}"), 0);
    }
}
