use super::*;

fn verdict(key: &str, value: &str) -> Verdict {
    judge(key, value).verdict
}

#[test]
fn a_password_in_any_spelling() {
    for key in
        ["DATASOURCEPASSWORD", "datasourcePassword", "spring.datasource.password", "dbpasswd"]
    {
        assert_eq!(verdict(key, "hV9kq2Zr7LmX"), Verdict::Literal, "{key}");
    }
    for key in ["NOPASSWORD", "PASSWORDLESS_LOGIN", "PASSWORD_MIN_LENGTH"] {
        assert_eq!(verdict(key, "hV9kq2Zr7LmX"), Verdict::No, "{key}");
    }
}

#[test]
fn a_setting_that_names_a_secret_is_no_credential() {
    let verdict = |key: &str, value: &str| judge_setting(key, value).verdict;
    for (key, value) in [
        ("--requirepass", "hV9kq2Zr7LmX"),
        ("acme.example/db-password", "hV9kq2Zr7LmX"),
        ("--api-token", "9f86d081884c7d659a2feaa0c55ad015"),
        ("--url", "postgres://web:hV9kq2Zr7LmX@db/web"),
    ] {
        assert_eq!(verdict(key, value), Verdict::Literal, "{key}={value}");
    }
    for (key, value) in [
        ("nginx.ingress.kubernetes.io/auth-secret", "monitoring-basic-auth"),
        ("--tls-secret", "webhook-server-certificate"),
        ("checksum/secret", "9f86d081884c7d659a2feaa0c55ad015"),
        ("checksum/db-password", "9f86d081884c7d659a2feaa0c55ad015"),
        ("--password-file", "/run/secrets/db"),
        ("--token", "short"),
    ] {
        assert_eq!(verdict(key, value), Verdict::No, "{key}={value}");
    }
    assert_eq!(verdict("--password", "${DB_PASSWORD}"), Verdict::Placeholder);
    assert_eq!(verdict("--password", "$(DB_PASSWORD)"), Verdict::Placeholder);
}

#[test]
fn credentials_before_a_host_without_a_scheme() {
    for value in ["app:hV9kq2Zr7LmX@db", "app:hV9kq2Zr7LmX@db.corp:5432/shop"] {
        assert_eq!(verdict("DATABASE", value), Verdict::Literal, "{value}");
    }
    assert_eq!(verdict("DATABASE", "app:${PW}@db"), Verdict::Placeholder);
    for value in [
        "mailto:me@acme.example",
        "git@github.com:acme/web.git",
        "acme/web:1@sha256:0123456789abcdef",
        "someone@example.com",
        "12:30@noon",
        "user: name@host",
    ] {
        let found = verdict("NOTE", value);
        assert!(matches!(found, Verdict::No | Verdict::Placeholder), "{value}: {found:?}");
    }
}

#[test]
fn literal_credentials() {
    for (key, value) in [
        ("DB_PASSWORD", "tR0ub4dor&3"),
        ("dbPassword", "hunter2!x"),
        ("SMTP_PASS", "kdf93k"),
        ("JWT_SECRET", "9f86d081884c7d659a2feaa0c55ad015"),
        ("MASTER_KEY", "Unkn0wn!"),
        ("SECRET_KEY_BASE", "9f86d081884c7d659a2f"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCY"),
        ("DATABASE_URL", "postgres://app:s3cr3tZ@db:5432/x"),
        ("REDIS_URL", "redis://:kd93kfj@cache:6379"),
        ("ConnectionStrings__Default", "Server=db;User Id=sa;Password=Kd93k_f;"),
        ("X", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("X", "ghp_0123456789abcdefghij0123456789abcdef"),
        ("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl"),
    ] {
        assert_eq!(verdict(key, value), Verdict::Literal, "{key}={value}");
    }
}

#[test]
fn values_that_are_not_credentials() {
    for (key, value) in [
        ("PASSWORD_MIN_LENGTH", "12"),
        ("TOKEN_URL", "https://auth.example.com/token"),
        ("SECRET_NAME", "db-credentials"),
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("KEY_PREFIX", "app:"),
        ("PUBLIC_KEY", "abcdefghijklmnop"),
        ("ALLOW_EMPTY_PASSWORD", "yes"),
        ("ACCESS_TOKEN_TTL", "3600"),
        ("REFRESH_TOKEN", "3600"),
        ("PWD", "/app"),
        ("CACHE_KEY", "abcdefghijklmnopqrst"),
        ("AUTH_TOKEN", "header"),
        ("MASTER_KEY", "Rsa-2048"),
        ("API_URL", "http://user@host/x"),
        ("X", "postgres://db:5432/app"),
        ("NEXT_PUBLIC_API_KEY", "pk_abcdefghijklmnop"),
        ("X", "task-ghp_short"),
        ("COMPASS", "north-by-northwest"),
        ("BYPASS", "something-long-enough"),
    ] {
        assert_eq!(verdict(key, value), Verdict::No, "{key}={value}");
    }
}

#[test]
fn placeholders_and_weak_defaults() {
    for value in [
        "",
        "changeme",
        "CHANGE_ME",
        "your-password-here",
        "<password>",
        "${DB_PASSWORD}",
        "$DB_PASSWORD",
        "xxxx",
        "********",
        "example",
        "{{ .Values.pw }}",
        "please-change-me",
        "changePassword",
        "REPLACE_MASTER_KEY",
        "SuperSecretKeyChangeThis",
    ] {
        assert_eq!(verdict("DB_PASSWORD", value), Verdict::Placeholder, "{value}");
    }
    for value in ["postgres", "admin", "password", "123456", "minioadmin"] {
        assert_eq!(verdict("DB_PASSWORD", value), Verdict::WeakDefault, "{value}");
    }
    assert_eq!(verdict("POSTGRES_PASSWORD", "postgres_password"), Verdict::WeakDefault);
    assert_eq!(verdict("SQL_PASSWORD", "password_secret"), Verdict::WeakDefault);
    assert_eq!(verdict("MASTER_KEY", "REPLACE_MASTER_KEY"), Verdict::Placeholder);
    assert_eq!(verdict("GOOGLE_API_KEY", "GOOGLE_API_KEY_VALUE"), Verdict::Placeholder);
    assert_eq!(verdict("U", "postgres://app:${PW}@db/x"), Verdict::Placeholder);
    assert_eq!(verdict("U", "postgres://postgres:postgres@db/x"), Verdict::WeakDefault);
    assert_eq!(verdict("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), Verdict::Placeholder);
}

#[test]
fn a_judgement_points_at_the_credential() {
    let value = "postgres://app:s3cr3tZ@db:5432/x";
    let (start, end) = judge("DATABASE_URL", value).at;
    assert_eq!(&value[start..end], "s3cr3tZ");
}

#[test]
fn the_hash_of_a_password_is_no_credential() {
    for hash in [
        "$pbkdf2-sha512$310000$c8p78n7pUMln0jzvd4aK4Q$JNRBzwAo0ek5qKn50cFzzvE9RXV88h1wJn5KGiHrD0YKtZaR",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b0dWRWJTmaaJObG",
        "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$$2b$$12$$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
        "$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuolil07guHPvOW8mGsh",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJu",
        "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
    ] {
        assert_eq!(verdict("CLIENT_SECRET", hash), Verdict::No, "{hash}");
        assert_eq!(verdict("DB_PASSWORD", hash), Verdict::No, "{hash}");
    }
    assert_eq!(verdict("DB_PASSWORD", "$2b$short"), Verdict::Literal);
    assert_eq!(verdict("DB_PASSWORD", "hV9kq2Zr7LmX$6$hV9kq2Zr7LmX"), Verdict::Literal);
}

#[test]
fn a_user_and_a_password_that_say_what_they_are_are_placeholders() {
    let url = |user: &str| verdict("EMAIL_URL", &format!("smtp+tls://{user}@mail.acme.com:587"));
    assert_eq!(url("smtp-user:smtp-password"), Verdict::Placeholder);
    assert_eq!(url("db_user:db_password"), Verdict::Placeholder);
    assert_eq!(url("smtp-user:hV9kq2Zr7LmX"), Verdict::Literal);
    assert_eq!(url("shop:smtp-password"), Verdict::Literal);
}

#[test]
fn keys_for_tests_that_their_makers_publish_are_placeholders() {
    let key = "GOOGLE_RECAPTCHA_SECRET_KEY";
    assert_eq!(verdict(key, "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"), Verdict::Placeholder);
    assert_eq!(verdict(key, "6LdQx9kTBBBBAGG-vFI1TnRWxMZNFuojJ4WifJWe"), Verdict::Literal);
}

#[test]
fn the_key_of_fernet_is_a_credential() {
    let value = "46BKJoQYlPPOexq0OhDZnIlNepKFf87WFwLbfzqDDho=";
    assert_eq!(verdict("AIRFLOW__CORE__FERNET_KEY", value), Verdict::Literal);
    assert_eq!(verdict("FERNET_KEY", "${FERNET_KEY}"), Verdict::Placeholder);
    assert_eq!(verdict("FERNET_KEY_FILE", "/run/secrets/fernet"), Verdict::No);
}

#[test]
fn a_short_key_of_an_application_and_keys_in_a_query() {
    let query = "huly,eu|http://minio:9000?accessKey=minioadmin&secretKey=minioadmin";
    assert_eq!(verdict("BUCKETS", query), Verdict::WeakDefault);
    let own = "http://minio:9000?accessKey=shop&secretKey=Xk29vP0qLm31";
    assert_eq!(verdict("STORAGE_CONFIG", own), Verdict::Literal);
    assert_eq!(verdict("URL", "http://shop:80?accessKey=a&page=2"), Verdict::No);
    assert_ne!(verdict("SECRET_KEY_BASE", "1234567890"), Verdict::No);
    assert_eq!(verdict("SECRET_KEY_BASE", "${SECRET_KEY_BASE}"), Verdict::Placeholder);
}
