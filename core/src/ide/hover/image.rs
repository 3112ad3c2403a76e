//! An image: what is in it, how long its version is maintained, and how it behaves.

use super::Section;
use crate::facts::Unit;
use crate::ide::here::Here;
use crate::ide::words::code;
use crate::knowledge::end_of_life::{AS_OF, Support, cycle_of};
use crate::knowledge::families::{Certainty, Family, family_of};
use crate::knowledge::image::ImageRef;

pub(super) fn sections(here: &Here<'_>) -> Vec<Section> {
    let units =
        here.facts.units().filter(|it| it.image.as_ref().is_some_and(|it| here.is_at(it.span)));
    let mut found: Vec<Section> = Vec::new();
    for unit in units {
        let Some(image) = &unit.image else { continue };
        let span = if here.is_in(image.span) { image.span } else { here.word() };
        let text = of_unit(unit).or_else(|| of_image(image.text));
        found.extend(text.map(|text| Section { span, text }));
    }
    if found.is_empty() {
        found.extend(elsewhere(here));
    }
    found
}

/// Returns what is known of an image in a target that the facts do not look at.
fn elsewhere(here: &Here<'_>) -> Option<Section> {
    let targets = here.analysis.targets().iter();
    let objects = targets.filter(|it| it.has_source(here.file.id)).flat_map(|it| &it.objects);
    let specs = objects.filter_map(|it| Some(&it.workload()?.template.spec));
    let mut images = specs.flat_map(|it| it.all_containers()).filter_map(|it| it.image.as_ref());
    let image = images.find(|it| here.is_at(it.span))?;
    let span = if here.is_in(image.span) { image.span } else { here.word() };
    Some(Section { span, text: of_image(image)? })
}

fn of_unit(unit: &Unit<'_>) -> Option<String> {
    let image = unit.image.as_ref()?;
    let runs = unit.runs.as_ref()?;
    let has_variable = |name: &str| unit.var(name).is_some();
    let data: Vec<String> = match unit.data_home(runs.family) {
        Some(home) if home.is_one_of_several() => {
            runs.family.data_dirs(&runs.repository, runs.major).iter().map(|it| code(it)).collect()
        }
        Some(home) => vec![code(home.path())],
        None => Vec::new(),
    };
    let ready = runs.family.ready_shell(&runs.repository, runs.version, &has_variable);
    let program = Program { family: runs.family, certainty: runs.certainty, major: runs.major };
    Some(text(image.text, &program, &data, ready))
}

/// Returns what is known of an image by its reference alone.
fn of_image(image: &str) -> Option<String> {
    let reference = ImageRef::parse(image);
    let repository = reference.repository();
    let known = family_of(&repository).filter(|it| it.1 > Certainty::Possible);
    let Some((family, certainty)) = known else { return maintained(image) };
    let major = reference.tag.and_then(|tag| family.major(tag));
    let data: Vec<String> =
        family.data_dirs(&repository, major).iter().map(|it| code(it)).collect();
    let version = reference.tag.and_then(|tag| family.version(tag));
    let ready = family.ready_shell(&repository, version, &|_| false);
    Some(text(image, &Program { family, certainty, major }, &data, ready))
}

struct Program {
    family: &'static Family,
    certainty: Certainty,
    major: Option<u64>,
}

fn text(image: &str, program: &Program, data: &[String], ready: Option<&str>) -> String {
    let version = program.major.map(|it| format!(" {it}")).unwrap_or_default();
    let likely = if program.certainty == Certainty::Certain { "" } else { ", most likely" };
    let mut lines = vec![format!("**{}**{version}{likely}", program.family.name)];
    lines.extend(maintained(image).map(|it| format!("- {it}")));
    if !data.is_empty() {
        lines.push(format!("- keeps its data in {}", data.join(" or ")));
    }
    let ports: Vec<String> = program.family.ports().iter().map(u16::to_string).collect();
    if !ports.is_empty() {
        lines.push(format!("- listens on {}", ports.join(", ")));
    }
    lines.extend(ready.map(|it| format!("- ready when {} succeeds", code(it))));
    // A list needs an empty line in front of it.
    match lines.len() {
        1 => lines.remove(0),
        _ => format!("{}\n\n{}", lines[0], lines[1..].join("\n")),
    }
}

/// Returns until when the version of an image is maintained.
fn maintained(image: &str) -> Option<String> {
    let cycle = cycle_of(image)?;
    let (product, version) = (cycle.product, cycle.version);
    let month = cycle.last_day.month_and_year();
    Some(match cycle.support() {
        Support::Ended => format!("{product} {version} reached its end of life in {month}"),
        Support::EndsSoon => {
            format!("{product} {version} is maintained until {month} only (as of {AS_OF})")
        }
        Support::Maintained => format!("{product} {version} is maintained until {month}"),
    })
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing::said;

    #[test]
    fn an_image_says_what_is_in_it() {
        let text =
            said("services:\n  db: {image: 'post‸gres:12', environment: {POSTGRES_DB: shop}}\n");
        let expected = "**PostgreSQL** 12\n\n- PostgreSQL 12 reached its end of life in November 2024\n- keeps its data in `/var/lib/postgresql/data`\n- listens on 5432\n- ready when `pg_isready -h 127.0.0.1 -U postgres -d \"$POSTGRES_DB\"` succeeds";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_image_of_a_container_says_the_same() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: 'redis:7.4‸'}]}\n";
        let text = said(text);
        assert!(text.starts_with("**Redis** 7"), "{text}");
        assert!(text.contains("listens on 6379"), "{text}");
    }

    #[test]
    fn an_unknown_image_says_nothing() {
        assert_eq!(said("services:\n  web: {image: 'acme/w‸eb:1'}\n"), "");
    }

    #[cfg(feature = "targets")]
    #[test]
    fn the_value_behind_an_image_of_a_template_is_an_image_too() {
        let template = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers:\n    - name: db\n      image: {{ .Values.image }}\n";
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\nimage: redis‸:7\n# file: c/templates/a.yaml\n{template}"
        );
        let text = said(&text);
        assert!(text.starts_with("**Redis** 7"), "{text}");
    }
}
