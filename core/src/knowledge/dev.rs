//! Development servers, and the switches that make a program run in development mode.
//!
//! Source: each tool's own documentation, which says of these commands and switches that they are
//! for development (Flask "Development Server", Django `runserver`, Vite "Static Deploy", Uvicorn
//! "Settings: reload", Next.js "CLI", …).

use super::shell::{Command, base_name};

/// A development server in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevServer {
    /// What makes it one, as written: `nodemon`, `--reload`, `npm run dev`.
    pub what: &'static str,
    /// The word that shows it, in the command's words.
    pub index: usize,
}

/// Programs that only serve development.
const PROGRAMS: &[(&str, &str)] = &[
    ("nodemon", "nodemon"),
    ("ts-node-dev", "ts-node-dev"),
    ("tsnd", "ts-node-dev"),
    ("webpack-dev-server", "webpack-dev-server"),
    ("air", "air"),
    ("CompileDaemon", "CompileDaemon"),
    ("gow", "gow"),
    ("watchmedo", "watchmedo"),
    ("watchfiles", "watchfiles"),
    ("watchexec", "watchexec"),
    ("entr", "entr"),
    ("browser-sync", "browser-sync"),
    ("live-server", "live-server"),
    ("guard", "guard"),
    ("bacon", "bacon"),
];

/// A program and the word after it that together serve development.
const PAIRS: &[(&str, &[&str], &str)] = &[
    ("next", &["dev"], "next dev"),
    ("nuxt", &["dev"], "nuxt dev"),
    ("nuxi", &["dev"], "nuxi dev"),
    ("vite", &["", "dev", "serve"], "vite"),
    ("astro", &["dev"], "astro dev"),
    ("remix", &["dev", "vite:dev"], "remix dev"),
    ("react-router", &["dev"], "react-router dev"),
    ("svelte-kit", &["dev"], "svelte-kit dev"),
    ("react-scripts", &["start"], "react-scripts start"),
    ("vue-cli-service", &["serve"], "vue-cli-service serve"),
    ("ng", &["serve"], "ng serve"),
    ("gatsby", &["develop"], "gatsby develop"),
    ("webpack", &["serve"], "webpack serve"),
    ("strapi", &["develop"], "strapi develop"),
    ("medusa", &["develop"], "medusa develop"),
    ("wrangler", &["dev"], "wrangler dev"),
    ("manage.py", &["runserver", "runserver_plus"], "manage.py runserver"),
    ("django-admin", &["runserver"], "django-admin runserver"),
    ("artisan", &["serve"], "artisan serve"),
    ("fastapi", &["dev"], "fastapi dev"),
    ("quarkus", &["dev"], "quarkus dev"),
    ("parcel", &["", "serve", "watch"], "parcel"),
    ("hugo", &["server", "serve"], "hugo server"),
    ("mkdocs", &["serve"], "mkdocs serve"),
    ("jekyll", &["serve"], "jekyll serve"),
    ("cargo", &["watch", "run", "leptos"], "cargo run"),
    ("go", &["run"], "go run"),
    ("flask", &["run"], "flask run"),
    ("sbt", &["run", "~run"], "sbt run"),
];

/// Finds a development server in a simple command.
#[must_use]
pub fn dev_server(command: &Command) -> Option<DevServer> {
    let all = command.texts();
    let program = command.program();
    let head = all.len() - program.len();
    let texts = &all[head..];
    let name = base_name(texts.first()?);
    let hit = |what, index: usize| Some(DevServer { what, index: head + index });
    if let Some((_, what)) = PROGRAMS.iter().find(|it| it.0 == name) {
        return hit(what, 0);
    }
    if matches!(name, "npm" | "yarn" | "pnpm" | "bun") {
        let run = texts[1..]
            .iter()
            .take_while(|it| it.starts_with('-') || matches!(**it, "run" | "run-script"))
            .count();
        if let Some(script) = texts.get(1 + run) {
            let mut parts = script.split([':', '-', '.']);
            if parts.any(|it| matches!(it, "dev" | "develop" | "watch" | "hot")) {
                return hit("a development script", 1 + run);
            }
        }
    }
    // `./gradlew bootRun`, `mvn spring-boot:run`, `dotnet watch`.
    let words = |wanted: &[&str]| texts.iter().position(|it| wanted.contains(it));
    match name {
        "dotnet" if texts.get(1) == Some(&"watch") => return hit("dotnet watch", 1),
        "gradle" | "gradlew" => {
            if let Some(at) = words(&["bootRun", "quarkusDev", "run", "--continuous", "-t"]) {
                return hit("a Gradle development task", at);
            }
        }
        "mvn" | "mvnw" => {
            if let Some(at) = words(&["spring-boot:run", "quarkus:dev", "jetty:run", "tomcat7:run"])
            {
                return hit("a Maven development goal", at);
            }
        }
        "php" if texts.get(1) == Some(&"-S") => return hit("php -S", 1),
        "python" | "python3"
            if texts.get(1) == Some(&"-m") && texts.get(2) == Some(&"http.server") =>
        {
            return hit("python -m http.server", 2);
        }
        "node" | "bun" | "tsx" | "deno" => {
            if let Some(at) = words(&["--watch", "watch", "--hot"]).filter(|it| *it <= 2) {
                return hit("--watch", at);
            }
            if let Some(at) = texts[1..].iter().position(|it| it.starts_with("--inspect")) {
                return hit("--inspect", at + 1);
            }
        }
        "java" => {
            if let Some(at) = texts
                .iter()
                .position(|it| it.starts_with("-agentlib:jdwp") || it.starts_with("-Xrunjdwp"))
            {
                return hit("a debugger port (JDWP)", at);
            }
        }
        "dlv" if words(&["debug", "exec", "dap"]).is_some() => return hit("dlv", 0),
        _ => {}
    }
    // `python manage.py runserver`, `npx vite`, `python -m flask run`.
    let interpreted = matches!(
        name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        "python" | "php" | "node" | "ruby"
    );
    let at = if interpreted {
        1 + texts[1..].iter().take_while(|it| it.starts_with('-')).count()
    } else {
        0
    };
    let tool = base_name(texts.get(at)?);
    let rest = &texts[at + 1..];
    if tool == "debugpy" || (interpreted && rest.contains(&"debugpy")) {
        return hit("debugpy", at);
    }
    let flag =
        |wanted: &[&str]| rest.iter().position(|it| wanted.contains(it)).map(|it| at + 1 + it);
    if matches!(
        tool,
        "uvicorn"
            | "gunicorn"
            | "hypercorn"
            | "granian"
            | "daphne"
            | "fastapi"
            | "litestar"
            | "sanic"
            | "celery"
    ) && let Some(index) =
        flag(&["--reload", "--autoreload", "--dev", "--debug"]).filter(|_| tool != "celery")
    {
        return hit("--reload", index);
    }
    if tool == "flask" {
        return flag(&["--debug", "--reload"]).map_or_else(
            || flag(&["run"]).and_then(|it| hit("flask run", it)),
            |index| hit("flask --debug", index),
        );
    }
    if tool == "rails" && rest.iter().any(|it| matches!(*it, "s" | "server")) {
        let dev = rest
            .windows(2)
            .position(|it| matches!(it[0], "-e" | "--environment") && it[1].starts_with("dev"));
        return dev.and_then(|it| hit("rails server -e development", at + 1 + it));
    }
    if tool == "start-dev" || (tool == "kc.sh" && rest.contains(&"start-dev")) {
        return hit("start-dev", flag(&["start-dev"]).unwrap_or(at));
    }
    let (_, seconds, what) = PAIRS.iter().find(|it| it.0 == tool)?;
    let second = rest.iter().find(|it| !it.starts_with('-')).copied().unwrap_or_default();
    let known = seconds.contains(&second);
    let index = rest.iter().position(|it| *it == second).map_or(at, |it| at + 1 + it);
    let what = if tool == "cargo" && second == "watch" { "cargo watch" } else { what };
    if known { hit(what, index) } else { None }
}

/// The value that a production deployment sets instead of a development switch.
///
/// `Some` only when `key=value` is a switch for development whose meaning the framework documents.
#[must_use]
pub fn debug_switch(key: &str, value: &str) -> Option<&'static str> {
    let value = value.trim();
    let is = |wanted: &[&str]| wanted.iter().any(|it| value.eq_ignore_ascii_case(it));
    let on = is(&["1", "true", "yes", "on"]);
    let development = is(&["development", "dev", "local", "debug"]);
    match key {
        "NODE_ENV" if is(&["development", "dev"]) => Some("production"),
        "FLASK_ENV" | "QUART_ENV" | "RAILS_ENV" | "RACK_ENV" | "APP_ENV" | "SYMFONY_ENV"
        | "HANAMI_ENV" | "CI_ENVIRONMENT"
            if development =>
        {
            Some("production")
        }
        "ASPNETCORE_ENVIRONMENT" | "DOTNET_ENVIRONMENT" if is(&["Development"]) => {
            Some("Production")
        }
        "MIX_ENV" | "GO_ENV" | "DENO_ENV" | "VITE_ENV" if development => Some("prod"),
        "SPRING_PROFILES_ACTIVE" | "QUARKUS_PROFILE" | "MICRONAUT_ENVIRONMENTS"
            if value.split(',').any(|it| matches!(it.trim(), "dev" | "development" | "local")) =>
        {
            Some("prod")
        }
        "GIN_MODE" if is(&["debug"]) => Some("release"),
        "FLASK_DEBUG" | "QUART_DEBUG" if on => Some("0"),
        "DEBUG" | "DJANGO_DEBUG" if is(&["1", "true", "on", "yes"]) => Some("False"),
        "APP_DEBUG" | "WORDPRESS_DEBUG" | "WP_DEBUG" | "SYMFONY_DEBUG" | "KERNEL_DEBUG" if on => {
            Some("false")
        }
        "PYTHONASYNCIODEBUG" | "PYTHONDEVMODE" if on => Some("0"),
        "FASTAPI_DEBUG" | "STARLETTE_DEBUG" | "SQLALCHEMY_ECHO" if on => Some("false"),
        "NODE_OPTIONS" if value.contains("--inspect") => Some(""),
        "JAVA_TOOL_OPTIONS" | "JAVA_OPTS" if value.contains("-agentlib:jdwp") => Some(""),
        "XDEBUG_MODE" if value.contains("debug") || value.contains("develop") => Some("off"),
        "ASPNETCORE_DETAILEDERRORS" if on => Some("false"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    fn what(text: &str) -> Option<&'static str> {
        let all = commands(text);
        let found = all.iter().find_map(|it| dev_server(it).map(|hit| (it, hit)))?;
        assert!(found.1.index < found.0.words.len(), "{text}");
        Some(found.1.what)
    }

    #[test]
    fn finds_development_servers() {
        for (text, wanted) in [
            ("nodemon app.js", "nodemon"),
            ("npx nodemon app.js", "nodemon"),
            ("npm run dev", "a development script"),
            ("yarn dev", "a development script"),
            ("pnpm run start:dev", "a development script"),
            ("uvicorn app:app --reload", "--reload"),
            ("python -m uvicorn app:app --reload", "--reload"),
            ("gunicorn x --reload", "--reload"),
            ("flask run --host 0.0.0.0", "flask run"),
            ("flask --app x run --debug", "flask --debug"),
            ("python manage.py runserver 0.0.0.0:8000", "manage.py runserver"),
            ("php artisan serve", "artisan serve"),
            ("vite --host", "vite"),
            ("next dev", "next dev"),
            ("air -c .air.toml", "air"),
            ("cargo watch -x run", "cargo watch"),
            ("dotnet watch run", "dotnet watch"),
            ("./gradlew bootRun", "a Gradle development task"),
            ("node --inspect=0.0.0.0 app.js", "--inspect"),
            ("node --watch app.js", "--watch"),
            ("sh -c 'npm ci && npm run dev'", "a development script"),
            ("ng serve", "ng serve"),
        ] {
            assert_eq!(what(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn leaves_production_servers_alone() {
        for text in [
            "gunicorn app:app",
            "npm start",
            "mix phx.server",
            "parcel build",
            "node server.js",
            "next start",
            "vite build",
            "vite preview",
            "uvicorn app:app --workers 4",
            "python manage.py migrate",
            "java -jar app.jar",
            "rails server -e production",
            "celery -A x worker",
            "npm run build",
            "npm run devices",
            "php artisan queue:work",
            "caddy run",
            "go version",
            "dotnet app.dll",
            "fastapi run",
            "",
        ] {
            assert_eq!(what(text), None, "{text}");
        }
    }

    #[test]
    fn knows_debug_switches() {
        assert_eq!(debug_switch("NODE_ENV", "development"), Some("production"));
        assert_eq!(debug_switch("DEBUG", "True"), Some("False"));
        assert_eq!(debug_switch("ASPNETCORE_ENVIRONMENT", "Development"), Some("Production"));
        for (key, value) in [
            ("NODE_ENV", "production"),
            ("DEBUG", "app:*"),
            ("DEBUG", "false"),
            ("DEBUG", "0"),
            ("APP_ENV", "${X}"),
            ("LOG_LEVEL", "debug"),
        ] {
            assert_eq!(debug_switch(key, value), None, "{key}={value}");
        }
    }
}
