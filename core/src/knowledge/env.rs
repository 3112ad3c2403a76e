//! Environment variables whose meaning does not depend on the project.
//!
//! Sources: POSIX "Environment Variables" and the Docker, Kubernetes and Compose documentation on
//! what they set; for drivers and switches, each framework's configuration reference.

use super::net;
use crate::words::{Words, begins_with_one_of, ends_in_one_of, is_among, lower, stands_in, upper};

/// Variables that the shell or the CI always has, so that an undefined `${HOME}` is no mistake.
const SHELL: Words = Words::new(
    "HOME USER PWD PATH SHELL HOSTNAME UID GID LOGNAME TERM LANG TMPDIR OLDPWD USERNAME \
    USERPROFILE COMPUTERNAME XDG_RUNTIME_DIR XDG_CONFIG_HOME DISPLAY SSH_AUTH_SOCK XAUTHORITY \
    WAYLAND_DISPLAY EUID CI COMPOSE_PROJECT_NAME",
);

/// Whether a shell has this variable anyway.
#[must_use]
pub fn is_shell_variable(name: &str) -> bool {
    SHELL.has(name)
}

/// Whether a variable belongs to one platform or one machine, so that the other side may lack it.
#[must_use]
pub fn is_platform_only(name: &str) -> bool {
    const WHOLE: Words = Words::new(
        "PATH TZ DEBUG HOME USER HOSTNAME LANG LC_ALL LANGUAGE TERM PUID PGID UID GID UMASK \
        PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONPATH NODE_ENV FORCE_COLOR NO_COLOR CI \
        LOG_LEVEL CHOKIDAR_USEPOLLING WATCHPACK_POLLING CHOKIDAR_INTERVAL WDS_SOCKET_PORT \
        HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy VIRTUAL_HOST \
        VIRTUAL_PORT LETSENCRYPT_HOST LETSENCRYPT_EMAIL POD_NAME POD_NAMESPACE POD_IP NODE_NAME \
        NODE_IP HOST_IP NAMESPACE MY_POD_NAME MY_POD_NAMESPACE MY_POD_IP MY_NODE_NAME \
        K8S_NAMESPACE GOMAXPROCS GOMEMLIMIT JAVA_TOOL_OPTIONS JAVA_OPTS NODE_OPTIONS \
        WEB_CONCURRENCY PORT DOTNET_RUNNING_IN_CONTAINER DOTNET_USE_POLLING_FILE_WATCHER \
        FLASK_DEBUG XDEBUG_MODE PHP_IDE_CONFIG XDEBUG_CONFIG MALLOC_ARENA_MAX LD_PRELOAD \
        COMPOSE_PROJECT_NAME ASPNETCORE_ENVIRONMENT",
    );
    const STARTS: &str = "KUBERNETES_ OTEL_ DD_ SENTRY_ NEW_RELIC_ COMPOSE_ DOCKER_ K8S_ POD_";
    WHOLE.has(name) || begins_with_one_of(STARTS, name)
}

/// A variable that Kubernetes, or Docker's old links, put into a container for a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected<'a> {
    /// The Service's name as the variable spells it: upper case, underscores for dashes.
    pub service: &'a str,
    pub port: Option<u16>,
}

/// Reads names such as `REDIS_SERVICE_HOST` and `REDIS_PORT_6379_TCP_ADDR` (Kubernetes
/// documentation, "Service: Environment variables"). The plain `REDIS_PORT` is too common to tell.
#[must_use]
pub fn injected_variable(name: &str) -> Option<Injected<'_>> {
    let plain = |it: &str| {
        !it.is_empty()
            && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    if let Some(service) = name.strip_suffix("_SERVICE_HOST") {
        return plain(service).then_some(Injected { service, port: None });
    }
    if let Some(at) = name.find("_SERVICE_PORT") {
        let rest = &name[at + "_SERVICE_PORT".len()..];
        let service = &name[..at];
        return (plain(service) && (rest.is_empty() || rest.starts_with('_')))
            .then_some(Injected { service, port: None });
    }
    for (at, _) in name.match_indices("_PORT_") {
        let service = &name[..at];
        let mut parts = name[at + "_PORT_".len()..].split('_');
        let port = parts.next().and_then(|it| it.parse().ok());
        let protocol = matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"));
        let field = matches!(parts.next(), None | Some("ADDR" | "PORT" | "PROTO"));
        if port.is_some() && protocol && field && parts.next().is_none() && plain(service) {
            return Some(Injected { service, port });
        }
    }
    None
}

/// The prefix that a Service's injected variables have: `redis-master` gives `REDIS_MASTER`.
#[must_use]
pub fn link_prefix(service: &str) -> String {
    service.to_ascii_uppercase().replace('-', "_")
}

/// The names that Kubernetes injects for a Service with these ports (number, name, protocol): the
/// ones rule PLM421 is about.
#[must_use]
pub fn link_variables(service: &str, ports: &[(u16, Option<&str>, &str)]) -> Vec<String> {
    let prefix = link_prefix(service);
    let mut out = vec![
        format!("{prefix}_SERVICE_HOST"),
        format!("{prefix}_SERVICE_PORT"),
        format!("{prefix}_PORT"),
    ];
    for (number, name, protocol) in ports {
        if let Some(name) = name {
            out.push(format!("{prefix}_SERVICE_PORT_{}", link_prefix(name)));
        }
        let base = format!("{prefix}_PORT_{number}_{}", protocol.to_ascii_uppercase());
        out.extend(["_PORT", "_PROTO", "_ADDR"].map(|it| format!("{base}{it}")));
        out.push(base);
    }
    out
}

/// State that a driver switch keeps inside one process or one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Session,
    Cache,
    Queue,
    Lock,
    RateLimit,
    Broadcast,
}

impl State {
    /// The noun a message uses.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Session => "sessions",
            Self::Cache => "the cache",
            Self::Queue => "the queue",
            Self::Lock => "locks",
            Self::RateLimit => "rate limits",
            Self::Broadcast => "live messages",
        }
    }
}

/// Which state `key=value` keeps in memory or in local files: `SESSION_DRIVER=file`.
#[must_use]
pub fn local_state(key: &str, value: &str) -> Option<State> {
    const DRIVERS: [(State, &str); 6] = [
        (
            State::Session,
            "SESSION_DRIVER SESSION_STORE SESSION_TYPE SESSION_BACKEND SESSION_STORAGE \
                SPRING_SESSION_STORE_TYPE",
        ),
        (
            State::Cache,
            "CACHE_DRIVER CACHE_STORE CACHE_TYPE CACHE_BACKEND CACHE_ADAPTER SPRING_CACHE_TYPE",
        ),
        (State::Queue, "QUEUE_DRIVER QUEUE_CONNECTION QUEUE_BACKEND QUEUE_TYPE CELERY_BROKER_URL"),
        (State::Lock, "LOCK_DRIVER LOCK_STORE"),
        (
            State::RateLimit,
            "RATE_LIMIT_STORE RATE_LIMIT_STORAGE RATELIMIT_STORAGE_URL RATELIMIT_STORAGE_URI",
        ),
        (State::Broadcast, "BROADCAST_DRIVER BROADCAST_CONNECTION PUBSUB_TYPE"),
    ];
    const LOCAL: Words = Words::new(
        "file files filesystem memory inmemory in-memory in_memory mem local array simple \
        simplecache memory:// memorystore memory_store filesystemcache caffeine hash_map hashmap \
        locmem node map",
    );
    let value = lower(value.trim());
    // `sync` runs a job inside the request: nothing is kept, so nothing is lost.
    if !LOCAL.has(&value) && !value.ends_with("locmemcache") && !value.starts_with("memory://") {
        return None;
    }
    let upper = upper(key);
    let (state, _) = DRIVERS.iter().find(|it| {
        it.1.split(' ')
            .any(|it| upper.strip_suffix(it).is_some_and(|it| it.is_empty() || it.ends_with('_')))
    })?;
    Some(*state)
}

/// A database in one file or in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDatabase<'a> {
    /// `SQLite`, `H2`, `DuckDB`, …
    pub engine: &'static str,
    /// The file, when one is named; in-memory databases have none.
    pub path: Option<&'a str>,
}

/// Reads a file database out of a value; `key` settles bare drivers (`DB_CONNECTION=sqlite`) and
/// bare files (`DATABASE_PATH=/data/app.db`).
#[must_use]
pub fn file_database<'a>(key: &str, value: &'a str) -> Option<FileDatabase<'a>> {
    const SCHEMES: [(&str, &str); 6] = [
        (
            "SQLite",
            "sqlite+aiosqlite:// sqlite+pysqlite:// jdbc:sqlite: sqlite3:// sqlite:// sqlite3: \
                sqlite:",
        ),
        ("H2", "jdbc:h2:file: jdbc:h2:mem: jdbc:h2:"),
        ("HSQLDB", "jdbc:hsqldb:file: jdbc:hsqldb:mem:"),
        ("Derby", "jdbc:derby:"),
        ("DuckDB", "jdbc:duckdb: duckdb:// duckdb:"),
        ("PGlite", "pglite://"),
    ];
    let text = value.trim();
    let lower = lower(text);
    // One of these stands in all that follows, and in few other values.
    if !stands_in("sqlite h2 .db duckdb hsqldb derby pglite", &lower) {
        return None;
    }
    if begins_with_one_of("jdbc:h2:tcp: jdbc:h2:ssl: jdbc:derby://", &lower) {
        return None;
    }
    let scheme = SCHEMES.iter().find_map(|(engine, schemes)| {
        schemes.split(' ').find(|it| lower.starts_with(it)).map(|it| (it, engine))
    });
    if let Some((scheme, engine)) = scheme {
        let rest = text[scheme.len()..].split(['?', ';']).next().unwrap_or_default();
        let memory =
            scheme.ends_with("mem:") || rest.contains(":memory:") || rest.is_empty() || rest == "/";
        // Four slashes, or three and a drive, are an absolute path; three are a relative one.
        let path =
            if scheme.ends_with("://") { rest.strip_prefix('/').unwrap_or(rest) } else { rest };
        return Some(FileDatabase { engine, path: (!memory).then_some(path) });
    }
    let key = upper(key);
    const DRIVERS: &str = "sqlite sqlite3 better-sqlite3 h2 duckdb django.db.backends.sqlite3";
    const DRIVER_KEYS: &str =
        "_CONNECTION _CLIENT _DRIVER _ENGINE _TYPE _DIALECT _VENDOR _DB _BACKEND _ADAPTER";
    let about_db = stands_in("DB DATABASE TYPEORM SQL", &key);
    if is_among(DRIVERS, &lower) && about_db && (key == "DB" || ends_in_one_of(DRIVER_KEYS, &key)) {
        let engine = match &*lower {
            "h2" => "H2",
            "duckdb" => "DuckDB",
            _ => "SQLite",
        };
        return Some(FileDatabase { engine, path: None });
    }
    let connection = text.split(';').find_map(|it| {
        let (name, file) = it.split_once('=')?;
        name.trim().eq_ignore_ascii_case("data source").then_some(file.trim())
    });
    let file = connection.unwrap_or(text);
    let ends = file.to_ascii_lowercase();
    let named = ends_in_one_of(".sqlite .sqlite3 .duckdb", &ends)
        || (ends.ends_with(".db") && (about_db || connection.is_some()));
    if named && !file.contains("://") && !file.contains(char::is_whitespace) {
        let engine = if file.ends_with("duckdb") { "DuckDB" } else { "SQLite" };
        return Some(FileDatabase { engine, path: Some(file) });
    }
    None
}

/// Whether a key sets the address the program itself listens on.
#[must_use]
pub fn is_listen_key(key: &str) -> bool {
    const WHOLE: Words = Words::new(
        "HOST HOSTNAME BIND LISTEN ADDRESS BIND_HOST BIND_ADDR BIND_ADDRESS BIND_IP LISTEN_ADDR \
        LISTEN_ADDRESS LISTEN_HOST LISTEN_IP SERVER_ADDRESS HTTP_HOST HTTP_ADDR HTTP_ADDRESS \
        UVICORN_HOST FLASK_RUN_HOST GUNICORN_BIND ASPNETCORE_URLS DOTNET_URLS URLS NUXT_HOST \
        NITRO_HOST VITE_HOST ROCKET_ADDRESS QUARKUS_HTTP_HOST KC_HTTP_HOST GRADIO_SERVER_NAME \
        STREAMLIT_SERVER_ADDRESS N8N_LISTEN_ADDRESS GF_SERVER_HTTP_ADDR ADDR PHX_IP \
        MEILI_HTTP_ADDR GRPC_ADDR GRPC_HOST METRICS_ADDR METRICS_HOST BINDING",
    );
    const ENDS: &str = "_BIND _BIND_ADDR _BIND_ADDRESS _BIND_HOST _LISTEN _LISTEN_ADDR \
        _LISTEN_ADDRESS _LISTEN_HOST _LISTENERS";
    const LAST: Words = Words::new("BIND ADDR ADDRESS HOST LISTEN LISTENERS");
    let last = key.rsplit('_').next().unwrap_or(key);
    WHOLE.has_in_any_case(key) || LAST.has_in_any_case(last) && ends_in_one_of(ENDS, &upper(key))
}

/// Whether a key holds an address of the program itself, listened on or announced to others. What
/// such a key says about loopback or a fixed address is no mistake about a peer.
#[must_use]
pub fn is_own_address_key(key: &str) -> bool {
    if is_listen_key(key) {
        return true;
    }
    const WHOLE: Words = Words::new(
        "SERVER_NAME KC_HOSTNAME KC_HOSTNAME_URL SERVER_HOST API_HOST APP_HOST WEB_HOST PHX_HOST \
        VIRTUAL_HOST",
    );
    const PARTS: Words =
        Words::new("LISTEN LISTENER LISTENERS BIND BINDING ADVERTISED ADVERTISE ALLOWED TRUSTED");
    WHOLE.has_in_any_case(key) || key.split(['_', '.', '-']).any(|it| PARTS.has_in_any_case(it))
}

/// Whether a URL under this key is opened by a browser or by someone outside, for whom `localhost`
/// and a published port are right: `NEXT_PUBLIC_API_URL`, `CORS_ORIGINS`, `OAUTH_REDIRECT_URI`.
#[must_use]
pub fn is_browser_facing(key: &str) -> bool {
    const STARTS: &str = "NEXT_PUBLIC_ REACT_APP_ VITE_ NUXT_PUBLIC_ PUBLIC_ VUE_APP_ \
        EXPO_PUBLIC_ GATSBY_ NG_APP_ STORYBOOK_";
    const WORDS: Words = Words::new(
        "PUBLIC EXTERNAL CORS ORIGIN ORIGINS CALLBACK REDIRECT RETURN BROWSER WEBSITE ISSUER \
        CSRF REFERER REFERRER WEBHOOK LANDING LOGOUT LOGIN DOMAIN",
    );
    const WHOLE: Words = Words::new(
        "APP_URL BASE_URL SITE_URL ROOT_URL PUBLIC_URL WEB_URL FRONTEND_URL CLIENT_URL \
        SERVER_URL NEXTAUTH_URL AUTH_URL GF_SERVER_ROOT_URL KC_HOSTNAME KC_HOSTNAME_URL \
        KC_HOSTNAME_ADMIN N8N_EDITOR_BASE_URL WEBHOOK_URL MINIO_BROWSER_REDIRECT_URL \
        MINIO_SERVER_URL API_PLATFORM_CREATE_CLIENT_ENTRYPOINT HOMEPAGE DJANGO_SITE_URL \
        BETTER_AUTH_URL SUPABASE_PUBLIC_URL ASSET_URL CDN_URL DEFAULT_URL_HOST WORDPRESS_URL \
        WP_HOME WP_SITEURL",
    );
    // `paymentCallbackUrl` and `PAYMENT_CALLBACK_URL` mean the same.
    let mut spaced = String::with_capacity(key.len() + 4);
    let mut lower_before = false;
    for c in key.chars() {
        if c.is_ascii_uppercase() && lower_before {
            spaced.push('_');
        }
        lower_before = c.is_ascii_lowercase();
        spaced.push(c.to_ascii_uppercase());
    }
    WHOLE.has(&spaced)
        || begins_with_one_of(STARTS, &spaced)
        || spaced.split(['_', '.', '-', ':']).any(|it| WORDS.has(it))
}

/// Whether `key=value` makes a program listen on loopback only.
#[must_use]
pub fn listens_on_loopback(key: &str, value: &str) -> bool {
    // Few values hold an address of loopback, so they are asked before the keys.
    let begins =
        |it: &[u8]| matches!(it, b"127" | b"::1" | [b'l' | b'L', b'o' | b'O', b'c' | b'C']);
    if !value.as_bytes().windows(3).any(begins) || !is_listen_key(key) {
        return false;
    }
    let text = value.trim();
    let all: Vec<_> = net::endpoints(text);
    if all.is_empty() {
        let host = text
            .rsplit_once(':')
            .filter(|it| it.1.bytes().all(|b| b.is_ascii_digit()))
            .map_or(text, |it| it.0);
        return net::is_loopback(host);
    }
    all.iter().all(|it| net::is_loopback(it.host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_always_there() {
        assert!(is_shell_variable("HOME") && is_shell_variable("PWD"));
        assert!(!is_shell_variable("DB_PASSWORD"));
        assert!(is_platform_only("TZ") && is_platform_only("KUBERNETES_SERVICE_HOST"));
        assert!(!is_platform_only("DATABASE_URL"));
    }

    #[test]
    fn reads_injected_names() {
        let read = |name| injected_variable(name).map(|it| (it.service, it.port));
        assert_eq!(read("REDIS_MASTER_SERVICE_HOST"), Some(("REDIS_MASTER", None)));
        assert_eq!(read("DB_PORT_5432_TCP_ADDR"), Some(("DB", Some(5432))));
        assert_eq!(read("DB_PORT_5432_TCP"), Some(("DB", Some(5432))));
        assert_eq!(read("API_SERVICE_PORT_HTTP"), Some(("API", None)));
        for name in [
            "REDIS_PORT",
            "DB_HOST",
            "_SERVICE_HOST",
            "API_SERVICE_PORTAL",
            "X_PORT_A_TCP",
            "auth_service_host_name",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn writes_injected_names() {
        let names = link_variables("my-db", &[(5432, Some("pg"), "TCP")]);
        for name in [
            "MY_DB_PORT",
            "MY_DB_SERVICE_HOST",
            "MY_DB_SERVICE_PORT_PG",
            "MY_DB_PORT_5432_TCP",
            "MY_DB_PORT_5432_TCP_ADDR",
        ] {
            assert!(names.iter().any(|it| it == name), "{name}");
        }
    }

    #[test]
    fn finds_local_state() {
        assert_eq!(local_state("SESSION_DRIVER", "file"), Some(State::Session));
        assert_eq!(local_state("CACHE_STORE", "array"), Some(State::Cache));
        assert_eq!(local_state("APP_RATELIMIT_STORAGE_URL", "memory://"), Some(State::RateLimit));
        assert_eq!(
            local_state("CACHE_BACKEND", "django.core.cache.backends.locmem.LocMemCache"),
            Some(State::Cache)
        );
        for (key, value) in [
            ("SESSION_DRIVER", "redis"),
            ("QUEUE_CONNECTION", "sync"),
            ("FILE_DRIVER", "file"),
            ("MYSESSION_DRIVER", "file"),
        ] {
            assert_eq!(local_state(key, value), None, "{key}={value}");
        }
    }

    #[test]
    fn finds_file_databases() {
        let read = |key, value| file_database(key, value).map(|it| (it.engine, it.path));
        assert_eq!(
            read("DATABASE_URL", "sqlite:////data/app.db"),
            Some(("SQLite", Some("/data/app.db")))
        );
        assert_eq!(read("DATABASE_URL", "sqlite:///app.db"), Some(("SQLite", Some("app.db"))));
        assert_eq!(read("DATABASE_URL", "sqlite://:memory:"), Some(("SQLite", None)));
        assert_eq!(
            read("SPRING_DATASOURCE_URL", "jdbc:h2:file:/data/x;MODE=PostgreSQL"),
            Some(("H2", Some("/data/x")))
        );
        assert_eq!(read("SPRING_DATASOURCE_URL", "jdbc:h2:mem:x"), Some(("H2", None)));
        assert_eq!(read("DB_CONNECTION", "sqlite"), Some(("SQLite", None)));
        assert_eq!(read("DATABASE_PATH", "/data/app.db"), Some(("SQLite", Some("/data/app.db"))));
        assert_eq!(
            read("ConnectionStrings__Db", "Data Source=/data/a.db"),
            Some(("SQLite", Some("/data/a.db")))
        );
        for (key, value) in [
            ("DATABASE_URL", "postgres://db/app"),
            ("DATABASE_URL", "jdbc:h2:tcp://h2/x"),
            ("HOST", "mongo.db"),
            ("CACHE_TYPE", "sqlite"),
            ("ConnectionStrings__Db", "Data Source=sql;Initial Catalog=x"),
            ("", ""),
            ("FEATURES", "h2"),
        ] {
            assert_eq!(read(key, value), None, "{key}={value}");
        }
    }

    #[test]
    fn finds_loopback_listeners() {
        assert!(listens_on_loopback("HOST", "127.0.0.1"));
        assert!(listens_on_loopback("LISTEN_ADDR", "localhost:8080"));
        assert!(listens_on_loopback("ASPNETCORE_URLS", "http://localhost:5000"));
        assert!(listens_on_loopback("GUNICORN_BIND", "127.0.0.1:80"));
        for (key, value) in [
            ("HOST", "0.0.0.0"),
            ("LISTEN_ADDR", ":8080"),
            ("DB_HOST", "localhost"),
            ("ASPNETCORE_URLS", "http://+:80"),
            ("HOST", ""),
        ] {
            assert!(!listens_on_loopback(key, value), "{key}={value}");
        }
    }

    #[test]
    fn tells_own_and_public_addresses_from_peers() {
        for key in ["KAFKA_ADVERTISED_LISTENERS", "ETCD_LISTEN_CLIENT_URLS", "HOST", "KC_HOSTNAME"]
        {
            assert!(is_own_address_key(key), "{key}");
        }
        for key in [
            "NEXT_PUBLIC_API_URL",
            "CORS_ORIGINS",
            "oauthRedirectUri",
            "APP_URL",
            "TEMPORAL_CORS_ORIGINS",
        ] {
            assert!(is_browser_facing(key), "{key}");
        }
        for key in
            ["DATABASE_URL", "REDIS_HOST", "API_URL", "DB_HOSTNAME", "KAFKA_BROKERS", "OLLAMA_HOST"]
        {
            assert!(!is_own_address_key(key) && !is_browser_facing(key), "{key}");
        }
    }
}
