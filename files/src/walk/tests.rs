use super::*;
use crate::left_out::Why;
use crate::testing::tree;

fn names(root: &Path) -> Vec<String> {
    let files = walk(root, None).files;
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    files.iter().map(name).collect()
}

#[test]
fn a_walk_takes_the_files_that_belong() {
    let root = tree(&[
        "compose.yaml",
        "k8s/app.yml",
        "k8s/templates/_helpers.tpl",
        "api/Dockerfile.dev",
        "api/main.py",
        "api/.env.example",
        ".github/workflows/ci.yml",
        "web/node_modules/a/b.yaml",
        "types/.env.d.ts",
    ]);
    let expected = [
        ".github/workflows/ci.yml",
        "api/.env.example",
        "api/Dockerfile.dev",
        "compose.yaml",
        "k8s/app.yml",
        "k8s/templates/_helpers.tpl",
    ];
    assert_eq!(names(root.path()), expected);
}

#[test]
fn git_ignores_files_but_not_the_environment_beside_yaml() {
    let root = tree(&["compose.yaml", ".env", "old/compose.yaml", "notes/.env"]);
    fs::write(root.path().join(".gitignore"), "old/\n.env\n").unwrap();
    assert_eq!(names(root.path()), [".env", "compose.yaml"]);
}

#[test]
fn env_files_that_compose_names_are_read_whatever_their_names() {
    let root = tree(&["conf/web.conf", "conf/other.conf", "app/db", "app/.hidden/mail", "far"]);
    let compose = "services:\n  web: {image: a, env_file: ../conf/web.conf}\n  db: {image: b, env_file: [./db, {path: .hidden/mail}, missing]}\n  far: {image: c, env_file: [../../far, '${X}.conf', /etc/hosts]}\n";
    fs::write(root.path().join("app/compose.yaml"), compose).unwrap();
    let expected = ["app/.hidden/mail", "app/compose.yaml", "app/db", "conf/web.conf"];
    assert_eq!(names(root.path()), expected);
    assert_eq!(names(&root.path().join("app")), [".hidden/mail", "compose.yaml", "db"]);
}

#[test]
fn a_hidden_folder_that_is_named_is_walked() {
    let root = tree(&[".deploy/compose.yaml"]);
    assert_eq!(names(root.path()), [""; 0]);
    assert_eq!(names(&root.path().join(".deploy")), ["compose.yaml"]);
}

#[test]
fn a_folder_that_is_a_project_of_its_own_is_not_entered() {
    let root = tree(&["a.yaml", "b/b.yaml", "b/c/c.yaml", "d/b/d.yaml"]);
    let files = walk_except(root.path(), None, &[root.path().join("b")]).files;
    assert_eq!(files, [root.path().join("a.yaml"), root.path().join("d/b/d.yaml")]);
}

#[test]
fn depth_counts_the_levels_that_are_entered() {
    let root = tree(&["compose.yaml", "k8s/app.yaml"]);
    assert_eq!(walk(root.path(), Some(1)).files, [root.path().join("compose.yaml")]);
    assert_eq!(walk(root.path(), Some(2)).files.len(), 2);
}

#[test]
fn a_folder_that_does_not_exist_is_unreadable() {
    let root = tree(&[]);
    let missing = root.path().join("missing");
    let [unreadable] = &*walk(&missing, None).unreadable else { panic!("one error") };
    assert_eq!(unreadable.path, missing);
    let cause = fs::read_dir(&missing).unwrap_err().to_string();
    assert_eq!(unreadable.to_string(), format!("{}: {cause}", missing.display()));
}

#[test]
fn json_and_templates_are_read_where_they_look_like_objects() {
    let root = tree(&["package.json", "k8s/web.json"]);
    fs::write(root.path().join("k8s/web.json"), r#"{"apiVersion": "v1", "kind": "Service"}"#)
        .unwrap();
    fs::write(root.path().join("k8s/web.tmpl"), "apiVersion: v1\nkind: Service\n").unwrap();
    fs::write(root.path().join("k8s/nginx.tmpl"), "server { listen 80; }\n").unwrap();
    assert_eq!(names(root.path()), ["k8s/web.json", "k8s/web.tmpl"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_read_where_it_is_the_only_name_of_a_file() {
    use std::os::unix::fs::symlink;
    let root = tree(&["real.yaml", "sub/x.yaml", "overlay/kustomization.yaml"]);
    let at = |name: &str| root.path().join(name);
    fs::create_dir(at(".shared")).unwrap();
    fs::write(at(".shared/x.yaml"), "x: 1\n").unwrap();
    symlink(".shared/x.yaml", at("compose.yaml")).unwrap();
    symlink("real.yaml", at("second.yaml")).unwrap();
    symlink("sub", at("linked")).unwrap();
    symlink("../real.yaml", at("overlay/base.yaml")).unwrap();
    let expected = [
        "compose.yaml",
        "overlay/base.yaml",
        "overlay/kustomization.yaml",
        "real.yaml",
        "sub/x.yaml",
    ];
    assert_eq!(names(root.path()), expected);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_are_not_followed_and_said() {
    use std::os::unix::fs::symlink;
    let outside = tree(&["shared.yaml"]);
    let root = tree(&["app/k8s/kustomization.yaml", "base.yaml"]);
    let at = |name: &str| root.path().join(name);
    for link in ["app/compose.yaml", "app/.env", "app/Dockerfile", "app/k8s/notes.txt"] {
        symlink(outside.path().join("shared.yaml"), at(link)).unwrap();
    }
    symlink("/proc/self/environ", at("app/a.yaml")).unwrap();
    symlink("../base.yaml", at("app/b.yaml")).unwrap();
    let said =
        |walk: &Walk| -> Vec<String> { walk.unreadable.iter().map(|it| it.to_string()).collect() };
    let out = |name: &str| {
        let path = at(name);
        let cause = "this symbolic link leads out of the project and is not followed";
        format!("{}: {cause}", path.display())
    };
    let names = ["app/.env", "app/Dockerfile", "app/a.yaml", "app/b.yaml", "app/compose.yaml"];
    let walked = walk(&at("app"), None);
    assert_eq!(walked.files, [at("app/k8s/kustomization.yaml")]);
    let mut expected: Vec<String> = names.iter().map(|it| out(it)).collect();
    expected.push(out("app/k8s/notes.txt"));
    assert_eq!(said(&walked), expected);
    let left_out = walked.left_out();
    let is_outside =
        |name: &&str| left_out.iter().any(|it| it.path == at(name) && it.why == Why::Outside);
    assert!(names.iter().all(is_outside), "{left_out:?}");
    // A repository is a project as a whole.
    fs::create_dir(at(".git")).unwrap();
    let walked = walk(&at("app"), None);
    assert_eq!(walked.files, [at("app/b.yaml"), at("app/k8s/kustomization.yaml")]);
    assert!(!said(&walked).contains(&out("app/b.yaml")));
    // Whoever names a link means what it leads to.
    let linked = outside.path().join("linked");
    symlink(at("app"), &linked).unwrap();
    assert_eq!(walk(&linked, None).files.len(), 2);
}

#[cfg(unix)]
#[test]
fn broken_links_and_pipes_are_left_out() {
    let root = tree(&["compose.yaml", "sub/x.yaml"]);
    let at = |name: &str| root.path().join(name);
    std::os::unix::fs::symlink("nowhere", at("broken.yaml")).unwrap();
    std::os::unix::fs::symlink("pipe.yaml", at("linked.yaml")).unwrap();
    for pipe in ["pipe.yaml", ".gitignore", "sub/.gitignore"] {
        let status = std::process::Command::new("mkfifo").arg(at(pipe)).status().unwrap();
        assert!(status.success());
    }
    assert_eq!(names(root.path()), ["compose.yaml", "sub/x.yaml"]);
    let walked = walk(root.path(), None);
    let said: Vec<&Path> = walked.unreadable.iter().map(|it| it.path.as_path()).collect();
    let expected = [".gitignore", "linked.yaml", "pipe.yaml", "sub/.gitignore"].map(at);
    assert_eq!(said, expected);
    assert!(walked.unreadable.iter().all(|it| it.cause == NOT_REGULAR));
    let why: Vec<Why> = walked.left_out().into_iter().map(|it| it.why).collect();
    assert_eq!(why, [Why::Link, Why::Special, Why::Special]);
    let mut ignored = crate::ignored::Ignored::default();
    assert!(!ignored.contains(root.path(), &at("compose.yaml"), false));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_not_utf_8_is_named_as_unread() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let root = tree(&["compose.yaml"]);
    for name in [&b"bad\xff.yaml"[..], b"bad\xff.py"] {
        fs::write(root.path().join(OsStr::from_bytes(name)), "a: 1\n").unwrap();
    }
    let walk = walk(root.path(), None);
    let said: Vec<String> = walk.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].ends_with("yaml: the name of this file is not UTF-8, so that it is not read"));
    assert_eq!(walk.files, [root.path().join("compose.yaml")]);
}

#[cfg(unix)]
#[test]
fn an_env_file_that_is_a_link_out_of_the_project_is_named_as_unread() {
    let outside = tree(&["secret"]);
    let root = tree(&["web.conf"]);
    let compose = "services: {a: {env_file: [web.conf, db.conf, gone.conf]}}\n";
    fs::write(root.path().join("compose.yaml"), compose).unwrap();
    let link = root.path().join("db.conf");
    std::os::unix::fs::symlink(outside.path().join("secret"), &link).unwrap();
    let walk = walk(root.path(), None);
    assert_eq!(walk.unreadable, [Unreadable { path: link, cause: OUTSIDE.to_owned() }]);
    assert_eq!(walk.files, ["compose.yaml", "web.conf"].map(|name| root.path().join(name)));
}
