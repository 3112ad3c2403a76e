use super::*;
use crate::knowledge::shell::commands;

fn serves(text: &str) -> bool {
    commands(text).last().is_some_and(is_server_start)
}

#[test]
fn servers_and_preparations_are_told_apart() {
    for text in [
        "gunicorn app:app",
        "exec \"$@\"",
        "python manage.py runserver",
        "python -m uvicorn x:app",
        "npm start",
        "npm run start:prod",
        "java -Xmx1g -jar app.jar",
        "node server.js",
        "bundle exec rails s -b 0.0.0.0",
        "celery -A x worker",
        "dotnet Web.dll",
        "php artisan queue:work",
        "nginx -g 'daemon off;'",
        "/app/server",
        "exec uvicorn main:app",
        "node dist/main.js",
    ] {
        assert!(serves(text), "{text}");
    }
    for text in [
        "python manage.py migrate",
        "npm run build",
        "next build",
        "nginx -t",
        "echo gunicorn",
        "java -version",
        "node scripts/seed.js",
        "npm ci",
        "celery -A x inspect ping",
        "ollama pull x",
        "rails db:migrate",
        "\"$@\"",
        "",
    ] {
        assert!(!serves(text), "{text}");
    }
}

#[test]
fn sleeps_have_seconds() {
    let sleep = |text: &str| commands(text).first().and_then(fixed_sleep);
    assert_eq!(sleep("sleep 10 && x"), Some(10));
    assert_eq!(sleep("sleep 1m 5s"), Some(65));
    assert_eq!(sleep("sleep 0.5"), Some(1));
    assert_eq!(sleep("sleep infinity"), None);
    assert_eq!(sleep("sleep $T"), None);
    assert_eq!(sleep("sleep 365d"), None);
    let all = commands("until x; do sleep 2; done");
    assert_eq!(all.iter().find_map(fixed_sleep), None);
}

#[test]
fn waits_have_targets() {
    let wait = |text: &str| {
        let all = commands(text);
        let found = all.iter().find_map(wait_of);
        found.map(|wait| {
            wait.targets.iter().map(|it| (it.host.to_owned(), it.port)).collect::<Vec<_>>()
        })
    };
    let db = Some(vec![("db".to_owned(), Some(5432))]);
    assert_eq!(wait("until nc -z -w 2 db 5432; do sleep 1; done"), db);
    assert_eq!(wait("until nc -zv db 5432; do sleep 1; done"), db);
    assert_eq!(wait("while ! nc -z db 5432; do sleep 1; done"), db);
    assert_eq!(wait("until pg_isready -h db -p 5432; do sleep 1; done"), db);
    assert_eq!(wait("./wait-for-it.sh db:5432 -- gunicorn x"), db);
    assert_eq!(wait("dockerize -wait tcp://db:5432 -timeout 20s x"), db);
    assert_eq!(wait("wait-for db:5432"), db);
    assert_eq!(wait("until nslookup db; do sleep 2; done"), Some(vec![("db".to_owned(), None)]));
    assert_eq!(
        wait("until getent hosts db; do sleep 2; done"),
        Some(vec![("db".to_owned(), None)])
    );
    assert_eq!(wait("until curl -sf http://db:5432/x; do sleep 2; done"), db);
    for loops in [
        "while !</dev/tcp/db/5432; do sleep 1; done; uwsgi x",
        "while ! </dev/tcp/db/5432; do sleep 1; done",
        "while ! (echo > /dev/tcp/db/5432) 2>/dev/null; do sleep 1; done",
        "until : < /dev/tcp/db/5432; do sleep 1; done",
        "bash -c 'while !</dev/tcp/db/5432; do sleep 1; done; uwsgi x'",
    ] {
        assert_eq!(wait(loops), db, "{loops}");
    }
    assert_eq!(wait("until mysqladmin ping -hdb -P5432; do sleep 2; done"), db);
    assert_eq!(wait("python manage.py wait_for_db && gunicorn x"), Some(vec![]));
    for text in [
        "while true; do work; done",
        "nc -z db 5432",
        "echo < /dev/tcp/db/5432",
        "while ! test -f x; do cat < y; done",
        "wait",
        "sleep 5",
        "while read x; do y; done",
        "dockerize -template a:b",
    ] {
        assert_eq!(wait(text), None, "{text}");
    }
}

#[test]
fn tasks_and_scripts_that_leave_run_to_an_end() {
    let ends = |text: &str| runs_to_an_end(&commands(text));
    for text in [
        "bundle exec rake activejob:schedule",
        "bin/rails search:reindex",
        "while ! mc ready m; do sleep 1; done; mc mb m/x; exit 0;",
        "until mc alias set m http://m a b; do sleep 1; done; mc mb --ignore-existing m/x",
    ] {
        assert!(ends(text), "{text}");
    }
    for text in [
        "",
        "exit 0",
        "bundle exec rake jobs:work",
        "bundle exec rake resque:scheduler",
        "rails server",
        "rails runner Job.loop",
        "mc mirror --watch a b",
        "while true; do backup; sleep 60; done; exit 0",
        "./start || exit 1",
        "./start; exit $?",
        "./web & ./worker & wait -n; exit 0",
        "nginx -g 'daemon off;'; exit 0",
    ] {
        assert!(!ends(text), "{text}");
    }
}
