//! A stream of Kubernetes manifests, the same for the same seed on every machine.
//!
//! The stream has what real streams have: comments, quotes of both kinds, block scalars, anchors and
//! aliases, flow collections and some text outside ASCII. Most manifests are sound and some carry an
//! everyday mistake, because a rule that finds nothing costs less than one that does.

use std::fmt::Write;

/// A xorshift generator (Marsaglia 2003), which gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

const APPS: [&str; 12] = [
    "cart", "orders", "search", "billing", "mailer", "gateway", "reports", "auth", "media",
    "export", "stock", "prices",
];
const PARTS: [&str; 5] = ["api", "web", "worker", "cron", "admin"];
const SPACES: [&str; 5] = ["shop", "staging", "platform", "data", "default"];
const WORDS: [&str; 16] = [
    "retry", "timeout", "cache", "größe", "limit", "queue", "batch", "naïve", "window", "token",
    "日本", "bucket", "upstream", "shard", "✓", "buffer",
];

/// Returns a stream of `count` documents.
pub fn documents(count: usize) -> String {
    generate(|_, documents| documents >= count)
}

/// Returns whole documents of at least `lines` lines together.
pub fn lines(lines: usize) -> String {
    generate(|text, _| text.bytes().filter(|byte| *byte == b'\n').count() >= lines)
}

/// Adds documents until `is_enough` says so of the text and the number of documents.
fn generate(is_enough: impl Fn(&str, usize) -> bool) -> String {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut text = String::new();
    let mut documents = 0;
    let (mut app, mut space) = (String::new(), "");
    while !is_enough(&text, documents) {
        // Three manifests make one application and refer to one another.
        if documents % 3 == 0 {
            app = format!("{}-{}-{documents}", random.pick(&APPS), random.pick(&PARTS));
            space = random.pick(&SPACES);
        }
        match documents % 3 {
            0 => deployment(&mut text, &mut random, &app, space),
            1 => config_map(&mut text, &mut random, &app, space),
            _ => service(&mut text, &mut random, &app, space),
        }
        documents += 1;
    }
    text
}

/// Adds a line. Writing to a `String` cannot fail, so the result is dropped.
macro_rules! line {
    ($text:expr, $($rest:tt)*) => {
        let _ = writeln!($text, $($rest)*);
    };
}

fn head(text: &mut String, random: &mut Random, api: &str, kind: &str, app: &str, space: &str) {
    line!(text, "---");
    if random.chance(60) {
        line!(
            text,
            "# {app}: {} {} {}",
            random.pick(&WORDS),
            random.pick(&WORDS),
            random.below(99)
        );
    }
    line!(text, "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {app}\n  namespace: {space}");
    line!(text, "  labels:");
    line!(text, "    app.kubernetes.io/name: {app}");
    line!(text, "    app.kubernetes.io/part-of: \"{}\"", random.pick(&APPS));
    line!(text, "    app.kubernetes.io/version: '1.{}.{}'", random.below(30), random.below(10));
    if random.chance(40) {
        line!(
            text,
            "  annotations: {{ owner: team-{}, tier: \"{}\" }}",
            random.below(9),
            random.below(4)
        );
    }
}

fn deployment(text: &mut String, random: &mut Random, app: &str, space: &str) {
    head(text, random, "apps/v1", "Deployment", app, space);
    line!(text, "spec:\n  replicas: {}", 1 + random.below(5));
    line!(text, "  revisionHistoryLimit: 5");
    line!(
        text,
        "  strategy:\n    type: RollingUpdate\n    rollingUpdate: {{ maxSurge: 1, maxUnavailable: 0 }}"
    );
    line!(text, "  selector:\n    matchLabels: &pods\n      app: {app}");
    line!(text, "  template:\n    metadata:\n      labels: *pods\n    spec:");
    line!(text, "      terminationGracePeriodSeconds: {}", 30 + random.below(60));
    line!(text, "      containers:");
    for index in 0..1 + random.below(2) {
        container(text, random, app, index);
    }
    line!(
        text,
        "      volumes:\n        - name: config\n          configMap:\n            name: {app}-config"
    );
    line!(text, "        - name: scratch\n          emptyDir: {{}}");
}

fn container(text: &mut String, random: &mut Random, app: &str, index: u64) {
    let tag =
        if random.chance(10) { "latest".to_owned() } else { format!("2.{}", random.below(40)) };
    let port = 8080 + index;
    line!(text, "        - name: c{index}");
    line!(text, "          image: registry.example.com/shop/{app}:{tag} # {}", random.pick(&WORDS));
    line!(text, "          args: [\"serve\", \"--port\", \"{port}\", '--{}']", random.pick(&APPS));
    line!(
        text,
        "          ports:\n            - name: http-{index}\n              containerPort: {port}"
    );
    line!(text, "          env:");
    for _ in 0..3 + random.below(8) {
        let name = format!("{}_{}", random.pick(&APPS), random.below(90)).to_uppercase();
        match random.below(4) {
            0 => {
                line!(text, "            - {{ name: {name}, value: \"{}\" }}", random.below(9000));
            }
            1 => {
                line!(
                    text,
                    "            - name: {name}\n              value: {} {}",
                    random.pick(&WORDS),
                    random.pick(&WORDS)
                );
            }
            2 => {
                line!(
                    text,
                    "            - name: {name}\n              valueFrom:\n                configMapKeyRef:\n                  name: {app}-config\n                  key: mode"
                );
            }
            _ => {
                line!(
                    text,
                    "            - name: {name}\n              value: 'it''s {}'",
                    random.pick(&WORDS)
                );
            }
        }
    }
    if !random.chance(15) {
        line!(
            text,
            "          resources:\n            requests: {{ cpu: {}m, memory: {}Mi }}",
            50 + random.below(400),
            64 + random.below(400)
        );
        line!(text, "            limits:\n              memory: {}Mi", 512 + random.below(512));
    }
    if !random.chance(20) {
        line!(
            text,
            "          readinessProbe:\n            httpGet:\n              path: /ready\n              port: {port}\n            periodSeconds: 10"
        );
        line!(
            text,
            "          livenessProbe:\n            httpGet: {{ path: /live, port: http-{index} }}\n            initialDelaySeconds: {}",
            random.below(60)
        );
    }
    line!(
        text,
        "          volumeMounts:\n            - name: config\n              mountPath: /etc/{app}\n              readOnly: true"
    );
    line!(text, "            - {{ name: scratch, mountPath: /tmp }}");
}

fn config_map(text: &mut String, random: &mut Random, app: &str, space: &str) {
    head(text, random, "v1", "ConfigMap", &format!("{app}-config"), space);
    line!(text, "data:\n  mode: \"{}\"", random.pick(&["fast", "safe", "debug"]));
    for index in 0..3 + random.below(6) {
        line!(text, "  key-{index}: {} {}", random.pick(&WORDS), random.below(100_000));
    }
    line!(text, "  settings.ini: |");
    for _ in 0..6 + random.below(14) {
        line!(text, "    {}.{} = {}", random.pick(&WORDS), random.pick(&APPS), random.below(5000));
    }
    line!(text, "  notice: >-");
    for _ in 0..2 + random.below(4) {
        line!(
            text,
            "    The {} of {} was changed to {};",
            random.pick(&WORDS),
            random.pick(&APPS),
            random.pick(&WORDS)
        );
    }
    line!(text, "  # A quoted scalar over two lines, as editors wrap them.");
    line!(
        text,
        "  banner: \"{} \\\"{}\\\"\\t{}\n    goes on here\"",
        random.pick(&WORDS),
        random.pick(&WORDS),
        random.pick(&APPS)
    );
}

fn service(text: &mut String, random: &mut Random, app: &str, space: &str) {
    head(text, random, "v1", "Service", app, space);
    line!(text, "spec:\n  type: {}", random.pick(&["ClusterIP", "ClusterIP", "LoadBalancer"]));
    line!(text, "  selector: {{ app: {app} }}");
    line!(text, "  ports:");
    for index in 0..1 + random.below(3) {
        line!(
            text,
            "    - name: p{index}\n      port: {}\n      targetPort: {}",
            80 + index,
            8080 + index
        );
        line!(text, "      protocol: TCP # {}", random.pick(&WORDS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::syntax::parse;
    use plimsoll_core::text::FileId;

    #[test]
    fn the_stream_is_valid_and_the_same_each_time() {
        let text = documents(300);
        assert_eq!(documents(300), text);
        let (tree, problems) = parse(FileId(0), &text.as_str().into(), None);
        assert!(problems.is_empty(), "{:?}", problems.first());
        assert_eq!(tree.documents.len(), 300);
    }
}
