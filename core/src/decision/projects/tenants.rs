//! Tenants in folders of their own, which run the same application next to each other.

use super::super::tests::systems_of;
use super::{facts_on, plain};
use crate::report::{Platform, QuestionId, System};

const COMPOSE: &str = "services: {web: {image: 'wordpress:6.7', restart: always}, db: {image: 'mysql:8.4', restart: always}}\n";

/// Returns the systems of a text in several folders.
fn in_folders(folders: &[&str], name: &str, text: &str) -> Vec<System> {
    let paths: Vec<String> = folders.iter().map(|it| format!("{it}/{name}")).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|it| (it.as_str(), text)).collect();
    systems_of(&files)
}

#[test]
fn tenants_are_one_system_and_all_of_them_count() {
    for folders in
        [["tenant-a", "tenant-b", "tenant-c"], ["tenants/red", "tenants/green", "tenants/blue"]]
    {
        let systems = in_folders(&folders, "compose.yaml", COMPOSE);
        let [system] = &systems[..] else { panic!("{systems:#?}") };
        assert_eq!(system.decision.counted, "6 Compose services of 3 tenants");
        assert_eq!(system.decision.outcome.platform, Platform::Compose);
        assert!(!system.name.contains("tenant-"), "{}", system.name);
        let db = plain("db").replace("acme/db:1.2.3", "postgres:17");
        let systems = in_folders(&folders, "db.yaml", &db);
        let [system] = &systems[..] else { panic!("{systems:#?}") };
        assert_eq!(system.decision.counted, "3 workloads of 3 tenants");
        let copied = facts_on(&system.decision, QuestionId::Packaging);
        assert!(copied.starts_with("Deployment `db` is written 3 times"), "{copied}");
    }
}

#[test]
fn tenants_below_one_folder_count_too() {
    let (web, api) = (plain("web"), plain("api"));
    let systems = systems_of(&[
        ("k8s/api.yaml", &api),
        ("k8s/tenants/red/web.yaml", &web),
        ("k8s/tenants/blue/web.yaml", &web),
    ]);
    let [system] = &systems[..] else { panic!("{systems:#?}") };
    assert_eq!(system.decision.counted, "3 workloads of 2 tenants");
}

#[test]
fn many_services_of_tenants_are_a_sign_of_several_teams() {
    let services: Vec<(String, String)> =
        (0..9).map(|at| (format!("s{at}"), format!("acme/s{at}:1.2.3"))).collect();
    let services: Vec<(&str, &str)> = services.iter().map(|it| (&*it.0, &*it.1)).collect();
    let text = super::compose(&services);
    let fact = |folders: &[&str]| {
        let systems = in_folders(folders, "compose.yaml", &text);
        facts_on(&systems[0].decision, QuestionId::TeamsAndEnvironments)
    };
    let said = "2 tenants have folders of their own: `tenant-a`, `tenant-b`";
    assert_eq!(fact(&["tenant-a", "tenant-b"]), said);
    assert!(!fact(&["shop-a", "shop-b"]).contains("tenants"));
    assert!(!fact(&["tenant-a", "blog"]).contains("tenants"));
}

#[test]
fn a_small_application_stays_small_for_many_tenants() {
    let folders: Vec<String> = (0..12).map(|at| format!("tenants/t{at}")).collect();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let systems = in_folders(&folders, "compose.yaml", COMPOSE);
    let said = facts_on(&systems[0].decision, QuestionId::TeamsAndEnvironments);
    let few = "at most 2 workloads run for each tenant, few enough for one team";
    assert!(said.contains(few), "{said}");
    assert!(!said.contains("there are"), "{said}");
}

#[test]
fn the_largest_tenant_says_how_many_workloads_there_are() {
    let web = plain("web");
    let all = ["a", "b", "c", "d"].map(plain).join("---\n");
    let with = |more: &[(&str, &str)]| {
        let mut files = vec![("tenants/red/web.yaml", &*web), ("tenants/blue/web.yaml", &*web)];
        files.extend(more);
        let systems = systems_of(&files);
        facts_on(&systems[0].decision, QuestionId::TeamsAndEnvironments)
    };
    assert!(with(&[]).starts_with("at most one workload runs for each tenant"), "{}", with(&[]));
    let more = with(&[("tenants/red/more.yaml", &all), ("tenants/blue/more.yaml", &all)]);
    assert!(more.starts_with("at most 5 workloads run for each tenant"), "{more}");
    // What all of them share runs for each of them.
    let shared = super::compose(&[]) + &plain("gateway");
    let systems = systems_of(&[
        ("k8s/gateway.yaml", shared.trim_start_matches("services:\n")),
        ("k8s/tenants/red/web.yaml", &web),
        ("k8s/tenants/blue/web.yaml", &web),
    ]);
    let said = facts_on(&systems[0].decision, QuestionId::TeamsAndEnvironments);
    assert!(said.starts_with("at most 2 workloads run for each tenant"), "{said}");
}

#[test]
fn a_tenant_has_one_name_in_every_environment() {
    let stages = |stages: &[&str], name: &str, text: &str| {
        let folders = stages
            .iter()
            .flat_map(|stage| ["a", "b"].map(|it| format!("envs/{stage}/tenants/{it}")));
        let folders: Vec<String> = folders.collect();
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        let systems = in_folders(&folders, name, text);
        systems.into_iter().map(|it| it.decision.counted).collect::<Vec<_>>()
    };
    for (name, text, expected) in [
        ("web.yaml", &*plain("web"), "2 workloads of 2 tenants"),
        ("compose.yaml", COMPOSE, "4 Compose services of 2 tenants"),
    ] {
        let both = stages(&["prod", "staging"], name, text);
        assert_eq!(both.len(), 1, "{both:?}");
        assert!(both[0].starts_with(expected), "{both:?}");
        assert!(stages(&["prod"], name, text)[0].starts_with(expected), "{name}");
    }
}

#[test]
fn one_name_in_common_makes_no_tenants() {
    let of =
        |own: &str| super::compose(&[(own, &format!("acme/{own}:1.2.3")), ("db", "postgres:17.2")]);
    let (api, billing) = (of("api"), of("billing"));
    let with = |second: &str| {
        systems_of(&[("tenant-api/compose.yaml", &api), ("tenant-billing/compose.yaml", second)])
    };
    let apart = with(&billing);
    assert_eq!(apart.len(), 2);
    assert!(apart.iter().all(|it| !it.decision.counted.contains("tenant")));
    let [same] = &with(&api)[..] else { panic!("tenants of one application") };
    assert_eq!(same.decision.counted, "4 Compose services of 2 tenants");
}

#[test]
fn folders_that_name_no_tenant_stay_apart() {
    let (one, other) = (plain("web"), plain("blog"));
    let systems = systems_of(&[("tenant-service/web.yaml", &one), ("tenant-ui/blog.yaml", &other)]);
    assert!(
        systems.iter().all(|it| !it.decision.counted.contains("tenant")),
        "parts of one product are no tenants"
    );
    for folders in [["shop", "blog"], ["tenant-a", "blog"], ["tenants/base", "site/web"]] {
        let systems = in_folders(&folders, "compose.yaml", COMPOSE);
        assert_eq!(systems.len(), 2, "{folders:?}");
        assert!(systems.iter().all(|it| !it.decision.counted.contains("tenant")), "{folders:?}");
    }
}
