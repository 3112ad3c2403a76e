use super::*;
use crate::syntax::parse;
use crate::text::FileId;
use std::sync::Arc;

fn kind(path: &str, text: &str) -> Kind {
    let (tree, _) = parse(FileId(0), &Arc::from(text), None);
    detect(path, text, &tree, &[])
}

#[test]
fn content_comes_before_the_name() {
    for (path, text, wanted) in [
        ("x.yaml", "services:\n  web: {image: nginx}\n", Kind::Compose),
        ("x.yaml", "services:\n  web: {ports: ['80:80']}\nvolumes: {a: }\n", Kind::Compose),
        ("x.yaml", "services:\n  web: {ports: ['80:80']}\nstages: [a]\n", Kind::Unknown),
        (
            "docker/prod.yml",
            "volumes:\n  data: {external: true}\nnetworks: {a: {name: b}}\n",
            Kind::Compose,
        ),
        ("x.yaml", "volumes: {data: {size: 1Gi}}\n", Kind::Unknown),
        ("x.yaml", "volumes: [{name: a}]\n", Kind::Unknown),
        ("x.yaml", "volumes: {a: }\n", Kind::Unknown),
        ("x.yaml", "volumes: {a: {driver: local}}\nimage: x\n", Kind::Unknown),
        (".gitlab-ci.yml", "services: [postgres]\nimage: x\n", Kind::Unknown),
        ("compose.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", Kind::Kubernetes),
        ("compose.override.yml", "", Kind::Compose),
        ("a/docker-compose.prod.yml", "services: {}\n", Kind::Compose),
        ("include.yaml", "include: [a.yaml]\n", Kind::Compose),
        ("p.yaml", "kind: Pod\nspec: {}\n", Kind::Kubernetes),
        ("p.yaml", "kind: sometimes\nother: 1\n", Kind::Unknown),
        ("base/kustomization.yaml", "resources: [a.yaml]\n", Kind::Kustomization),
        (
            "x.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
            Kind::Kustomization,
        ),
        (
            "x.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
            Kind::Kubernetes,
        ),
        ("c/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n", Kind::Chart),
        ("c/values-prod.yaml", "image: {tag: x}\n", Kind::Values),
        ("c/values.yaml", "", Kind::Values),
        (
            "a.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n---\napiVersion: v1\nkind: Namespace\n",
            Kind::ArgoCd,
        ),
        ("plimsoll.yaml", "role: production\n", Kind::Config),
        ("x.yaml", "a: [\napiVersion: v1\nkind: Pod\n}}}\n", Kind::Kubernetes),
    ] {
        assert_eq!(kind(path, text), wanted, "{path}: {text}");
    }
}

#[test]
fn names_of_files_that_are_not_yaml() {
    for (path, wanted) in [
        (".env", Kind::EnvFile),
        ("a/.env.production", Kind::EnvFile),
        ("db.env", Kind::EnvFile),
        ("docker/.env_db", Kind::EnvFile),
        ("env.example", Kind::EnvFile),
        (".env-sample", Kind::EnvFile),
        ("env.ac", Kind::EnvFile),
        ("env.py", Kind::Unknown),
        ("Dockerfile", Kind::Dockerfile),
        ("Dockerfile.prod", Kind::Dockerfile),
        ("api.Dockerfile", Kind::Dockerfile),
        ("Containerfile", Kind::Dockerfile),
        ("Dockerfile.dockerignore", Kind::Unknown),
        ("entrypoint.sh", Kind::Unknown),
        ("app.env.tmpl", Kind::EnvFile),
        (".env.j2", Kind::Unknown),
        ("_helpers.tpl", Kind::Template),
        ("compose.yaml.j2", Kind::Template),
    ] {
        assert_eq!(kind(path, "FROM: services\n"), wanted, "{path}");
    }
    assert!(!may_be_yaml("LICENSE") && !may_be_yaml("a/run.sh") && may_be_yaml("-"));
}

#[test]
fn templates_are_recognised_by_their_actions() {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n";
    for line in [
        "  name: {{ .Release.Name }}\n",
        "  name: a-{{ .Values.x }}\n",
        "  labels:\n    {{- include \"x\" . | nindent 4 }}\n",
        "  name: \"{{ .Values.name }}\"\n",
        "{% if x %}\n  name: a\n{% endif %}\n",
        "  name: app-{{ version }}\n",
    ] {
        assert_eq!(kind("x.yaml", &format!("{service}{line}")), Kind::Template, "{line}");
    }
    let argo =
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {{.Name}}\n";
    assert_eq!(kind("app.yaml", argo), Kind::Template);
    let quoted = format!("{service}  name: '{{{{ x }}}}'\n");
    assert_eq!(kind("c/templates/s.yaml", &quoted), Kind::Template);
    assert_eq!(kind("s.yaml", &quoted), Kind::Kubernetes);
}

#[test]
fn a_template_with_nothing_but_placeholders_is_what_it_says() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a-__STAGE__\n";
    assert_eq!(kind("k8s/production.tmpl", text), Kind::Kubernetes);
    assert_eq!(kind("compose.yaml.j2", "services:\n  a: {image: 'x:1'}\n"), Kind::Compose);
    for text in [
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ name }}\n",
        "apiVersion: v1\nkind: Service\n{% if x %}\nmetadata: {name: a}\n{% endif %}\n",
        "server {\n  listen 80;\n}\n",
    ] {
        assert_eq!(kind("k8s/production.tmpl", text), Kind::Template, "{text}");
    }
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n";
    assert_eq!(kind("templates/_helpers.tpl", text), Kind::Template, "Helm renders nothing of it");
}

#[test]
fn braces_alone_do_not_make_a_template() {
    for (path, text, wanted) in [
        ("c/values.yaml", "host: \"{{ .Release.Name }}.example\"\n", Kind::Values),
        (
            ".github/workflows/ci.yml",
            "env:\n  A: ${{ secrets.A }}\n  B: \"${{ secrets.B }}\"\n",
            Kind::Unknown,
        ),
        (
            "compose.yaml",
            "services:\n  a:\n    image: x\n    hostname: w-{{.Task.Slot}}\n    logging: {options: {tag: '{{.Name}}'}}\n",
            Kind::Compose,
        ),
        (
            "cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  a.tmpl: |\n    {{ range .Alerts }}\n    x\n    {{ end }}\n",
            Kind::Kubernetes,
        ),
        (
            "a.yaml",
            "apiVersion: v1\nkind: Pod # {{ not }}\n# {{ neither }}\nmetadata: {name: a}\n",
            Kind::Kubernetes,
        ),
        (
            "set.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {template: {spec: {source: {path: 'x'}}}}\nname: a/{{path.basename}}\n",
            Kind::ArgoCd,
        ),
        (
            "c/templates/plain.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
            Kind::Kubernetes,
        ),
    ] {
        assert_eq!(kind(path, text), wanted, "{path}: {text}");
    }
}
