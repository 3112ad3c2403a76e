//! Findings of one rule that come from one cause, made into one finding.

use super::siblings::{Owner, Owners};
use crate::facts::Facts;
use crate::model::compose::is_default_name;
use crate::report::{
    Edit, Environment, Finding, Fix, Other, Precedence, Related, Role, Safety, Severity,
};
use crate::rules;
use crate::text::{FileId, Span};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// A rule, whose cause it is, the cause, and the severity where an override decides about it.
type Group<'f> = (&'f str, Owner<'f>, &'f str, Option<Severity>);

/// Makes one finding of those that a rule has in one application for one cause. The place that counts most
/// is reported, and the others are related to it. Suppressed findings have to be gone by now, so that they
/// do not stand for others.
pub(super) fn one_for_each_cause(
    findings: &mut Vec<Finding>,
    facts: &Facts<'_>,
    gathers_siblings: bool,
) {
    let ranks = Ranks::new(facts);
    let owners = Owners::new(findings, facts, gathers_siblings);
    // What an override says about one file decides about no other one.
    let level = |finding: &Finding| {
        let rule = rules::find(finding.code)?;
        let path = facts.file(finding.span.file).path();
        let is_apart = facts.config().is_overridden(path, &|selector| rule.is(selector));
        is_apart.then_some(finding.severity)
    };
    let mut groups: IndexMap<Group<'_>, Vec<usize>, FxBuildHasher> = IndexMap::default();
    for (at, finding) in findings.iter().enumerate() {
        if let Some(cause) = &finding.cause {
            let owner = owners.of(finding);
            let key = (finding.code, owner, cause.as_str(), level(finding));
            groups.entry(key).or_default().push(at);
        }
    }
    let groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    let mut is_joined = vec![false; findings.len()];
    for mut group in groups {
        // The order of the keys in a file says nothing about which place counts more.
        group.sort_by_cached_key(|at| (ranks.of(&findings[*at]), findings[*at].subject.clone()));
        let Some((first, others)) = group.split_first() else { continue };
        let others_of: Vec<&Finding> = others.iter().map(|at| &findings[*at]).collect();
        findings[*first] = joined(findings[*first].clone(), &others_of, facts);
        others.iter().for_each(|at| is_joined[*at] = true);
    }
    let mut is_joined = is_joined.into_iter();
    findings.retain(|_| !is_joined.next().unwrap_or_default());
    for finding in findings.iter_mut().filter(|it| !it.others.is_empty()) {
        let mut seen: FxHashSet<FileId> = FxHashSet::from_iter([finding.span.file]);
        let others = finding.others.iter().map(|it| it.span.file);
        let others: Vec<FileId> = others.filter(|file| seen.insert(*file)).collect();
        let files: Vec<&str> = others.iter().map(|file| facts.file(*file).path()).collect();
        finding.name_files(&files);
    }
    findings.iter_mut().for_each(Finding::cut_related);
}

/// How much the file of a finding counts: what runs in production first, then what is taken without being
/// named, then what others are laid over.
type Rank = (bool, u8, Precedence, bool, usize, Reverse<usize>, usize, String);

/// What the ranks of files come from.
struct Ranks<'f, 'a> {
    facts: &'f Facts<'a>,
    /// The environments of the targets, by name.
    environments: FxHashMap<&'a str, Option<Environment>>,
    /// The lowest position of each Compose file among the files of a project: 0 is a base.
    positions: FxHashMap<FileId, usize>,
}

impl<'f, 'a> Ranks<'f, 'a> {
    fn new(facts: &'f Facts<'a>) -> Ranks<'f, 'a> {
        let targets = facts.all_targets().iter().map(|it| &it.target);
        let environments = targets.map(|it| (it.name.as_str(), it.environment)).collect();
        let mut positions: FxHashMap<FileId, usize> = FxHashMap::default();
        for project in facts.projects() {
            for (at, file) in project.files.iter().enumerate() {
                let position = positions.entry(*file).or_insert(at);
                *position = at.min(*position);
            }
        }
        Ranks { facts, environments, positions }
    }

    fn of(&self, finding: &Finding) -> Rank {
        let file = finding.span.file;
        let path = self.facts.file(file).path();
        let is_compose = self.facts.role_of(file).is_some();
        (
            finding.precedence == Precedence::Last,
            self.standing(finding),
            finding.precedence,
            is_compose && !is_default_name(path),
            self.positions.get(&file).copied().unwrap_or_default(),
            Reverse(finding.targets.len()),
            path.matches('/').count(),
            path.to_owned(),
        )
    }

    /// Returns 0 for what runs in production, 2 for what is for development, and 1 for the rest.
    fn standing(&self, finding: &Finding) -> u8 {
        let of_file = match self.facts.file_role(finding.span.file) {
            Role::Production => 0,
            Role::Unknown => 1,
            Role::Development => return 2,
        };
        let of_target =
            |name: &String| match self.environments.get(name.as_str()).copied().flatten() {
                Some(Environment::Production) => 0,
                None | Some(Environment::Staging) => 1,
                Some(Environment::Test | Environment::Development) => 2,
            };
        finding.targets.iter().map(of_target).min().unwrap_or(of_file)
    }
}

/// Returns a finding that stands for others as well, which are in the order of their ranks.
fn joined(mut first: Finding, others: &[&Finding], facts: &Facts<'_>) -> Finding {
    first.severity = severity_of(&first, others, facts);
    first.confidence = others.iter().map(|it| it.confidence).fold(first.confidence, Ord::min);
    first.fixes = united(&first, others);
    first.own_targets = Some(first.targets.clone());
    let words = words_of(&first);
    let says_the_same = |it: &Finding| words_of(it) == words;
    let is_plain = |it: &Finding| it.more == 0 && says_the_same(it);
    let is_same = is_plain(&first) && others.iter().copied().all(is_plain);
    first.is_same = is_same;
    let mut places: FxHashSet<(Span, String)> = FxHashSet::default();
    places.insert((first.span, first.subject.clone()));
    places.extend(first.others.iter().map(|it| (it.span, it.subject.clone())));
    let mut targets: FxHashSet<String> = first.targets.iter().cloned().collect();
    let mut objects = Objects::new(facts);
    objects.insert(&first.subject, &first.targets);
    first.others.iter().for_each(|it| {
        objects.insert(&it.subject, &first.targets);
    });
    let mut repeated = 0;
    // The findings come first, and then the places that they stand for themselves.
    let is_other = |it: &Related| first.others.iter().any(|other| other.span == it.span);
    let (stood_for, related) = first.related.into_iter().partition(is_other);
    first.related = related;
    let (mut leading, mut further) = (Vec::new(), Vec::new());
    for other in others {
        let is_in_targets = other.targets.iter().filter(|it| targets.insert((*it).clone()));
        first.targets.extend(is_in_targets.cloned());
        if places.insert((other.span, other.subject.clone())) {
            repeated += usize::from(!objects.insert(&other.subject, &other.targets));
            let message = match (says_the_same(other), other.subject.as_str()) {
                (false, _) => other.message_for_one().to_owned(),
                (true, "") => "the same here".to_owned(),
                (true, subject) => format!("the same for {subject}"),
            };
            let Finding { span, subject, key_path, .. } = other;
            let (subject, key_path) = (subject.clone(), key_path.clone());
            leading.push((Other { span: *span, subject, key_path }, message));
        }
        for place in &other.others {
            if places.insert((place.span, place.subject.clone())) {
                repeated += usize::from(!objects.insert(&place.subject, &other.targets));
                let related = other.related.iter().find(|it| it.span == place.span);
                let message = related.map_or("the same here", |it| &it.message).to_owned();
                further.push((place.clone(), message));
            }
        }
    }
    first.stands_for_others(leading);

    stood_for.into_iter().for_each(|it| {
        first.also(&it.span, it.message);
    });
    first.stands_for_others(further);
    if !is_same {
        first.more = first.more.saturating_sub(repeated);
    }
    first
}

/// The objects that findings are about, in which the variants of a target count once: a chart that is rendered
/// with two values files has one container, and what is wrong with it may be written in two places.
struct Objects<'a> {
    /// The files that each target is made of.
    sources: FxHashMap<&'a str, &'a [FileId]>,
    /// The targets of the findings about each object, by its name.
    known: FxHashMap<String, Vec<Vec<String>>>,
}

impl<'a> Objects<'a> {
    fn new(facts: &Facts<'a>) -> Objects<'a> {
        let targets = facts.all_targets().iter().map(|it| &it.target);
        let sources = targets.map(|it| (it.name.as_str(), it.sources.as_slice())).collect();
        Objects { sources, known: FxHashMap::default() }
    }

    /// Adds what a finding in some targets is about. Returns whether it is another object than those before,
    /// and not the same one in another variant.
    fn insert(&mut self, subject: &str, targets: &[String]) -> bool {
        let is_variant = |known: &Vec<String>| {
            let is_apart = !targets.iter().any(|it| known.contains(it));
            let is_of_one_target = |it: &String| known.iter().any(|other| self.share(it, other));
            is_apart && targets.iter().any(is_of_one_target)
        };
        let is_new = !self.known.get(subject).is_some_and(|it| it.iter().any(is_variant));
        self.known.entry(subject.to_owned()).or_default().push(targets.to_vec());
        is_new
    }

    /// Whether two targets are made of the same files.
    fn share(&self, a: &str, b: &str) -> bool {
        let of = |name| self.sources.get(name).copied().unwrap_or_default();
        of(a).iter().any(|file| of(b).contains(file))
    }
}

/// Returns the message of a finding without the names of what it is about.
fn words_of(finding: &Finding) -> String {
    let names: Vec<&str> = finding.subject.split([' ', '/', ',']).collect();
    let parts = finding.message_for_one().split('`').enumerate();
    let said = parts.filter(|(at, part)| at % 2 == 0 || !names.contains(part));
    said.map(|(_, part)| part).collect()
}

/// Returns the worst severity of those places that are not for development, or of all where there is no
/// such place.
fn severity_of(first: &Finding, others: &[&Finding], facts: &Facts<'_>) -> Severity {
    let counts = |it: &&Finding| facts.file_role(it.span.file) != Role::Development;
    let all = || std::iter::once(first).chain(others.iter().copied());
    let worst = all().filter(counts).map(|it| it.severity).min();
    worst.or(all().map(|it| it.severity).min()).unwrap_or(first.severity)
}

/// Returns the fixes of the first finding. A fix that every other finding has too, by its title, mends all places
/// and is as safe as the least safe of them. The fix for the first place alone stays beside it where it is safer,
/// and in targets, where a fix is tried and may be dropped.
fn united(first: &Finding, others: &[&Finding]) -> Vec<Fix> {
    let is_built = |it: &Finding| !it.targets.is_empty();
    let is_any_built = is_built(first) || others.iter().copied().any(is_built);
    if !is_built(first) && is_any_built {
        return first.fixes.clone();
    }
    let with_all = |fix: &Fix| {
        let same = |other: &&Finding| {
            let is_same = |it: &&Fix| it.title == fix.title;
            other.fixes.iter().find(is_same).cloned()
        };
        let more: Option<Vec<Fix>> = others.iter().map(same).collect();
        let more = more?;
        let is_safe = |it: &Fix| it.safety == Safety::Safe;
        let safety = if more.iter().all(is_safe) { fix.safety } else { Safety::Unsafe };
        let mut edits: Vec<Edit> = more.into_iter().flat_map(|it| it.edits).collect();
        edits.extend(fix.edits.iter().cloned());
        edits.sort_by(|a, b| (a.span, &a.text).cmp(&(b.span, &b.text)));
        edits.dedup();
        let is_apart = |pair: &[Edit]| {
            let [a, b] = [pair[0].span, pair[1].span];
            a.file != b.file || a.end <= b.start && a != b
        };
        edits.windows(2).all(is_apart).then(|| Fix { edits, safety, ..fix.clone() })
    };
    let all = first.fixes.iter().flat_map(|fix| match with_all(fix) {
        Some(united) if united.safety != fix.safety => {
            let title = format!("{}, in every place", fix.title);
            vec![fix.clone(), Fix { title, ..united }]
        }
        Some(united) if is_any_built => vec![united, fix.clone()],
        Some(united) => vec![united],
        None => vec![fix.clone()],
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Findings;
    use crate::{Workspace, config::Config};

    /// Joins findings, one a file, that have one cause, and returns what is left.
    fn folded(files: &[(&str, &str)], severities: &[Severity]) -> Vec<Finding> {
        let mut workspace = Workspace::default();
        files.iter().for_each(|(path, text)| workspace.set(path, *text));
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let mut out = Findings::new("PLM801", "x", Severity::Info);
        for (file, severity) in facts.files().iter().zip(severities) {
            let span = Span::new(file.id, 0, 1);
            let edits = vec![Edit { span, text: "x".to_owned() }];
            out.at(&span, "the tag moves")
                .severity(*severity)
                .subject(format!("service {}", file.path()))
                .fix(Fix::safe("Pin the tag", edits))
                .cause("image nginx");
        }
        let mut findings = out.into_list();
        one_for_each_cause(&mut findings, facts, false);
        findings
    }

    #[test]
    fn what_an_override_says_about_a_file_decides_about_no_other_one() {
        let object = |name: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: a, image: 'acme/{name}:latest'}}]}}}}}}\n"
            )
        };
        let found = |settings: &str| {
            let mut workspace = Workspace::default();
            for name in ["one", "two", "three"] {
                workspace.set(&format!("{name}.yaml"), object(name));
            }
            workspace.set("plimsoll.yaml", settings);
            let options =
                crate::Options { select: vec!["PLM801".to_owned()], ..Default::default() };
            let report = workspace.analysis(&Config::default()).report(&options);
            let place = |it: &Finding| {
                let path = report.entry(it.span.file).file.path.to_string();
                (path, it.severity, it.more)
            };
            report.findings.iter().map(place).collect::<Vec<_>>()
        };
        let said = |path: &str, severity, more| (path.to_owned(), severity, more);
        let (warning, error) = (Severity::Warning, Severity::Error);
        assert_eq!(found("role: production"), [said("one.yaml", warning, 2)]);
        assert_eq!(
            found("overrides: [{files: one.yaml, rules: {PLM801: off}}]"),
            [said("three.yaml", warning, 1)]
        );
        assert_eq!(
            found("overrides: [{files: two.yaml, rules: {PLM801: off}}]"),
            [said("one.yaml", warning, 1)]
        );
        assert_eq!(
            found("overrides: [{files: two.yaml, rules: {PLM801: error}}]"),
            [said("one.yaml", warning, 1), said("two.yaml", error, 0)]
        );
        assert_eq!(
            found("overrides: [{files: 't*.yaml', rules: {PLM801: error}}]"),
            [said("one.yaml", warning, 0), said("three.yaml", error, 1)]
        );
    }

    const WEB: &str = "services:\n  web: {image: nginx}\n";

    #[test]
    fn the_file_that_counts_most_stands_for_the_others() {
        use Severity::{Info, Warning};
        let files = [
            ("a/extra.yml", WEB),
            ("compose.dev.yaml", WEB),
            ("compose.yaml", WEB),
            ("z.yml", WEB),
        ];
        let found = folded(&files, &[Warning, Warning, Info, Warning]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject, "service compose.yaml");
        assert_eq!(found[0].severity, Warning);
        let message =
            "the tag moves (the same in 3 more files: `z.yml`, `a/extra.yml`, `compose.dev.yaml`)";
        assert_eq!(found[0].message, message);
        let related: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            related,
            [
                "the same for service z.yml",
                "the same for service a/extra.yml",
                "the same for service compose.dev.yaml"
            ]
        );
        assert_eq!(found[0].fixes.len(), 1);
        assert_eq!((found[0].fixes[0].edits.len(), found[0].fixes[0].safety), (4, Safety::Safe));
    }

    #[test]
    fn a_fix_for_all_places_is_as_safe_as_the_least_safe() {
        let fix = |safety: Safety| {
            let edits = vec![Edit { span: Span::new(FileId(0), 0, 1), text: "x".to_owned() }];
            Fix { title: "Pin the tag".to_owned(), safety, edits }
        };
        let finding = |at: usize, safety: Safety| {
            let mut fix = fix(safety);
            fix.edits[0].span = Span::new(FileId(0), at, at + 1);
            let mut out = Findings::new("PLM801", "x", Severity::Info);
            out.at(&fix.edits[0].span, "the tag moves").fix(fix.clone());
            out.into_list().remove(0)
        };
        let fixes = |first: Safety, second: Safety| {
            let united = united(&finding(0, first), &[&finding(1, second)]);
            let said = united.into_iter().map(|it| (it.safety.name(), it.edits.len()));
            said.collect::<Vec<_>>()
        };
        assert_eq!(fixes(Safety::Safe, Safety::Safe), [("safe", 2)]);
        assert_eq!(fixes(Safety::Safe, Safety::Unsafe), [("safe", 1), ("unsafe", 2)]);
        assert_eq!(fixes(Safety::Unsafe, Safety::Safe), [("unsafe", 2)]);
    }

    /// Joins findings in files of these names, each with a subject, a message and the places that it stands for.
    fn joined_from(said: &[(usize, &str, &str, &[usize])]) -> Vec<Finding> {
        let mut workspace = Workspace::default();
        for name in ["a", "b", "c", "d", "e", "f"] {
            workspace.set(&format!("{name}.yaml"), WEB);
        }
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let place = |at: usize| Span::new(facts.files()[at].id, 0, 1);
        let mut out = Findings::new("PLM801", "x", Severity::Info);
        for (at, subject, message, others) in said {
            let others = others.iter().map(|at| (place(*at), format!("no probe in {at} either")));
            let others: Vec<(Span, String)> = others.collect();
            out.at(&place(*at), *message).subject(*subject).stands_for(&others).cause("x");
        }
        let mut findings = out.into_list();
        one_for_each_cause(&mut findings, facts, false);
        findings
    }

    #[test]
    fn every_file_is_named_and_every_place_counted_once() {
        let found = joined_from(&[
            (0, "service a", "`a` has no probe", &[1, 2]),
            (3, "service d", "`d` has no probe", &[2, 4]),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].more, found[0].others.len()), (4, 4));
        assert_eq!(
            found[0].message,
            "`a` has no probe (and 4 more like it, also in `b.yaml`, `c.yaml`, `d.yaml` and 1 more file)"
        );
        let related: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            related,
            [
                "the same for service d",
                "no probe in 1 either",
                "no probe in 2 either",
                "no probe in 4 either"
            ]
        );
    }

    #[test]
    fn a_finding_by_itself_names_the_files_that_it_stands_for() {
        let found = joined_from(&[(0, "service a", "`a` has no probe", &[1])]);
        assert_eq!(found[0].message, "`a` has no probe (and 1 more like it, also in `b.yaml`)");
        let found = joined_from(&[(0, "service a", "`a` has no probe", &[])]);
        assert_eq!(found[0].message, "`a` has no probe");
    }

    #[test]
    fn only_the_same_words_are_the_same() {
        let found = joined_from(&[
            (0, "service a", "`a` runs `redis:alpine`, which moves", &[]),
            (1, "service b", "`b` runs `redis:alpine`, which moves", &[]),
        ]);
        assert_eq!(found[0].message, "`a` runs `redis:alpine`, which moves (the same in `b.yaml`)");
        assert_eq!(found[0].related[0].message, "the same for service b");
        let found = joined_from(&[
            (0, "service a", "`redis` has no tag", &[]),
            (1, "service b", "the tag of `seq:latest` moves", &[]),
        ]);
        assert_eq!(found[0].message, "`redis` has no tag (and 1 more like it, also in `b.yaml`)");
        assert_eq!(found[0].related[0].message, "the tag of `seq:latest` moves");
    }

    #[test]
    fn a_development_file_makes_nothing_worse() {
        use Severity::{Info, Warning};
        let files = [("compose.dev.yaml", WEB), ("compose.yaml", WEB)];
        let found = folded(&files, &[Warning, Info]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].severity, found[0].subject.as_str()), (Info, "service compose.yaml"));
        let files = [("compose.dev.yaml", WEB), ("compose.test.yaml", WEB)];
        let found = folded(&files, &[Warning, Info]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Warning);
    }

    #[test]
    fn applications_are_apart() {
        let files = [("blog/compose.yaml", WEB), ("shop/compose.yaml", WEB)];
        let found = folded(&files, &[Severity::Info; 2]);
        assert_eq!(
            found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(),
            ["the tag moves"; 2]
        );
    }
}
