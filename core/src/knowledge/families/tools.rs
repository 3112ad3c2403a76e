//! Admin user interfaces, helpers, backups, migrators and ready-made applications.

use super::{BASE, Class, Family, dir, floor, start};

pub(super) const TABLE: &[Family] = &[
    Family {
        id: "pgadmin",
        name: "pgAdmin",
        class: Class::AdminUi,
        repositories: &["dpage/pgadmin4"],
        ports: &[80],
        data: &[dir("/var/lib/pgadmin")],
        without_healthcheck: &["dpage/pgadmin4"],
        secrets: &["PGADMIN_DEFAULT_PASSWORD"],
        source: "pgAdmin documentation, \"Container Deployment\"",
        ..BASE
    },
    Family {
        id: "admin-ui",
        name: "admin user interface",
        class: Class::AdminUi,
        repositories: &[
            "adminer", "phpmyadmin", "phpmyadmin/phpmyadmin", "mongo-express", "redislabs/redisinsight", "redis/redisinsight",
            "rediscommander/redis-commander", "ghcr.io/joeferner/redis-commander", "provectuslabs/kafka-ui",
            "ghcr.io/kafbat/kafka-ui", "kafbat/kafka-ui", "obsidiandynamics/kafdrop", "docker.redpanda.com/redpandadata/console",
            "redpandadata/console", "sosedoff/pgweb", "dbeaver/cloudbeaver", "lmenezes/cerebro", "elastichq/elasticsearch-hq",
            "temporalio/ui", "hasura/graphql-engine-console", "mher/flower", "zoonavigator/zoonavigator",
            "elkozmon/zoonavigator", "tchiotludo/akhq", "erikdubbelboer/phpredisadmin", "omnidb/omnidb", "sqlpad/sqlpad",
            "nocodb/nocodb-admin", "evildecay/etcdkeeper", "cloudbeaver/cloudbeaver", "confluentinc/cp-enterprise-control-center",
            "coleifer/sqlite-web", "drawdb/drawdb", "patrikx3/p3x-redis-ui", "qishibo/anotherredisdesktopmanager",
        ],
        ports: &[8080, 80, 8081, 5540, 8001],
        source: "each project's image page",
        ..BASE
    },
    Family {
        id: "portainer",
        name: "Portainer",
        class: Class::AdminUi,
        repositories: &["portainer/portainer-ce", "portainer/portainer-ee", "portainer/portainer", "portainer/agent"],
        ports: &[9000, 9443, 8000],
        data: &[dir("/data")],
        without_healthcheck: &["portainer/portainer-ce"],
        lacks: &["sh", "curl", "wget", "nc"],
        lacks_in: &["portainer/portainer-ce", "portainer/portainer-ee"],
        source: "Portainer documentation, \"Install Portainer CE with Docker\" (built from scratch; alpine in the tag has a shell)",
        ..BASE
    },
    Family {
        id: "docker-helper",
        name: "Docker helper",
        class: Class::Tool,
        repositories: &[
            "containrrr/watchtower", "nickfedor/watchtower", "willfarrell/autoheal", "crazymax/diun", "v2tec/watchtower",
            "tecnativa/docker-socket-proxy", "ghcr.io/tecnativa/docker-socket-proxy", "lscr.io/linuxserver/socket-proxy",
            "wollomatic/socket-proxy", "louislam/dockge", "getwud/wud", "ghcr.io/sergi0g/cup", "mcuadros/ofelia",
            "dockurr/docker-gc", "spotify/docker-gc", "docker", "gitlab/gitlab-runner", "myoung34/github-runner",
            "gliderlabs/logspout", "gliderlabs/registrator", "lazyteam/lazydocker", "buildkite/agent", "woodpeckerci/woodpecker-agent",
            "drone/drone-runner-docker", "coollabsio/coolify", "ghcr.io/coollabsio/coolify", "dokploy/dokploy",
        ],
        with_healthcheck: &["containrrr/watchtower", "willfarrell/autoheal"],
        source: "each project's README; they work through the Docker socket",
        ..BASE
    },
    Family {
        id: "waiter",
        name: "wait helper",
        class: Class::Tool,
        repositories: &[
            "groundnuty/k8s-wait-for", "ghcr.io/groundnuty/k8s-wait-for", "dadarek/wait-for-dependencies", "jwilder/dockerize",
            "ghcr.io/patrickdappollonio/wait-for", "toschneck/wait-for-it", "willwill/wait-for-it", "atkrad/wait4x",
            "ghcr.io/atkrad/wait4x", "wait4x/wait4x", "ghcr.io/wait4x/wait4x",
        ],
        source: "each project's README",
        ..BASE
    },
    Family {
        id: "mail-catcher",
        name: "mail catcher",
        class: Class::Tool,
        repositories: &["mailhog/mailhog", "axllent/mailpit", "maildev/maildev", "rnwood/smtp4dev", "schickling/mailcatcher", "jcalonso/mailhog"],
        ports: &[1025, 8025, 1080],
        with_healthcheck: &["axllent/mailpit", "maildev/maildev"],
        without_healthcheck: &["mailhog/mailhog"],
        source: "each project's Dockerfile",
        ..BASE
    },
    Family {
        id: "backup",
        name: "backup job",
        class: Class::Backup,
        repositories: &[
            "offen/docker-volume-backup", "prodrigestivill/postgres-backup-local", "kartoza/pg-backup", "databack/mysql-backup",
            "tiredofit/db-backup", "fradelg/mysql-cron-backup", "eeshugerman/postgres-backup-s3", "schickling/postgres-backup-s3",
            "restic/restic", "mazzolino/restic", "creativeprojects/resticprofile", "jareware/docker-volume-backup",
            "velero/velero", "rclone/rclone", "itbm/postgres-backup-s3", "siemens/postgres-backup-s3", "nfrastack/db-backup",
            "b3vis/borgmatic", "ghcr.io/borgmatic-collective/borgmatic", "duplicati/duplicati", "linuxserver/duplicati",
            "kopia/kopia", "minio/mc", "bitnami/minio-client", "wal-g/wal-g", "litestream/litestream", "woblerr/pgbackrest",
            "rostlab/pgbackweb", "eduardolat/pgbackweb", "portabase/agent", "databasus/databasus", "rostislavdugin/postgresus",
        ],
        source: "each project's README",
        ..BASE
    },
    Family {
        id: "migrator",
        name: "database migrator",
        class: Class::Migration,
        repositories: &[
            "flyway/flyway", "redgate/flyway", "liquibase/liquibase", "liquibase", "migrate/migrate", "arigaio/atlas", "amacneil/dbmate",
            "ghcr.io/amacneil/dbmate", "gomicro/goose", "ghcr.io/kukymbr/goose-docker", "sqitch/sqitch", "boxfuse/flyway",
            "temporalio/admin-tools", "jaegertracing/jaeger-cassandra-schema",
        ],
        source: "each tool's documentation on its container image",
        ..BASE
    },
    Family {
        id: "kubernetes-tool",
        name: "Kubernetes tool",
        class: Class::Tool,
        repositories: &["bitnami/kubectl", "alpine/k8s", "rancher/kubectl", "registry.k8s.io/kubectl", "alpine/helm", "quay.io/kiwigrid/k8s-sidecar", "kiwigrid/k8s-sidecar", "femtopixel/kompose"],
        source: "each project's README",
        ..BASE
    },
    Family {
        id: "registry",
        name: "container registry",
        class: Class::Application,
        repositories: &["registry", "goharbor/harbor-core", "ghcr.io/project-zot/zot-linux-amd64"],
        ports: &[5000],
        data: &[dir("/var/lib/registry")],
        without_healthcheck: &["registry"],
        persistent: true,
        source: "Docker Official Image page `registry`",
        ..BASE
    },
    Family {
        id: "wordpress",
        name: "WordPress",
        class: Class::Application,
        repositories: &["wordpress", "bitnami/wordpress", "bitnamilegacy/wordpress"],
        ports: &[80, 9000],
        data: &[dir("/var/www/html")],
        without_healthcheck: &["wordpress"],
        secrets: &["WORDPRESS_DB_PASSWORD"],
        secret_files: true,
        source: "Docker Official Image page `wordpress`",
        ..BASE
    },
    Family {
        id: "php-application",
        name: "PHP application",
        class: Class::Application,
        repositories: &["nextcloud", "drupal", "joomla", "mediawiki", "matomo", "monica", "phpbb/phpbb-app", "ghost", "redmine"],
        ports: &[80, 2368, 3000],
        without_healthcheck: &["nextcloud", "drupal", "joomla", "mediawiki", "matomo", "ghost", "redmine"],
        source: "each Docker Official Image's page",
        ..BASE
    },
    Family {
        id: "git-server",
        name: "Git server",
        class: Class::Application,
        repositories: &["gitea/gitea", "docker.gitea.com/gitea", "codeberg.org/forgejo/forgejo", "gogs/gogs"],
        ports: &[3000, 22],
        data: &[dir("/data")],
        persistent: true,
        source: "Gitea documentation, \"Installation with Docker\"",
        ..BASE
    },
    Family {
        id: "gitlab",
        name: "GitLab",
        class: Class::Application,
        repositories: &["gitlab/gitlab-ce", "gitlab/gitlab-ee"],
        ports: &[80, 443, 22],
        data: &[dir("/var/opt/gitlab")],
        with_healthcheck: &["gitlab/gitlab-ce", "gitlab/gitlab-ee"],
        start: start(600, "GitLab configures and migrates itself when it starts"),
        secrets: &["GITLAB_ROOT_PASSWORD"],
        persistent: true,
        source: "GitLab documentation, \"Install GitLab in a Docker container\"",
        ..BASE
    },
    Family {
        id: "jenkins",
        name: "Jenkins",
        class: Class::Application,
        repositories: &["jenkins/jenkins"],
        ports: &[8080, 50000],
        data: &[dir("/var/jenkins_home")],
        without_healthcheck: &["jenkins/jenkins"],
        start: start(120, "the JVM starts and plugins load"),
        persistent: true,
        source: "jenkins/jenkins README",
        ..BASE
    },
    Family {
        id: "sonarqube",
        name: "SonarQube",
        class: Class::Application,
        repositories: &["sonarqube", "mc1arke/sonarqube-with-community-branch-plugin"],
        ports: &[9000],
        data: &[dir("/opt/sonarqube/data")],
        without_healthcheck: &["sonarqube"],
        memory_floor: floor(2048, "SonarQube's system requirements ask for at least 2 GB for the server"),
        start: start(180, "the JVM, Elasticsearch and the web server start one after the other"),
        source: "SonarQube documentation, \"Server host requirements\"",
        ..BASE
    },
    Family {
        id: "nexus",
        name: "Nexus Repository",
        class: Class::Application,
        repositories: &["sonatype/nexus3"],
        ports: &[8081],
        data: &[dir("/nexus-data")],
        start: start(180, "the JVM starts and opens its database"),
        persistent: true,
        source: "sonatype/nexus3 README",
        ..BASE
    },
    Family {
        id: "vaultwarden",
        name: "Vaultwarden",
        class: Class::Application,
        repositories: &["vaultwarden/server", "ghcr.io/dani-garcia/vaultwarden"],
        ports: &[80],
        data: &[dir("/data")],
        with_healthcheck: &["vaultwarden/server", "ghcr.io/dani-garcia/vaultwarden"],
        secrets: &["ADMIN_TOKEN"],
        persistent: true,
        source: "vaultwarden Dockerfile, which has a HEALTHCHECK",
        ..BASE
    },
    Family {
        id: "application",
        name: "ready-made application",
        class: Class::Application,
        repositories: &[
            "n8nio/n8n", "docker.n8n.io/n8nio/n8n", "metabase/metabase", "apache/superset", "directus/directus", "strapi/strapi",
            "mattermost/mattermost-team-edition", "rocket.chat", "plausible/analytics", "ghcr.io/plausible/community-edition",
            "ghcr.io/umami-software/umami", "outlinewiki/outline", "odoo", "apache/airflow", "hasura/graphql-engine",
            "postgrest/postgrest", "unleashorg/unleash-server", "ghcr.io/open-feature/flagd", "nocodb/nocodb",
            "ghcr.io/paperless-ngx/paperless-ngx", "ghcr.io/immich-app/immich-server", "jellyfin/jellyfin", "pihole/pihole",
            "homeassistant/home-assistant", "ghcr.io/home-assistant/home-assistant", "syncthing/syncthing", "itzg/minecraft-server",
            "selenium/hub", "selenium/node-chrome", "selenium/node-firefox", "selenium/standalone-chrome", "daprio/daprd", "daprio/dapr",
        ],
        with_healthcheck: &["pihole/pihole", "itzg/minecraft-server", "syncthing/syncthing"],
        source: "each project's image page",
        ..BASE
    },
    Family {
        id: "debezium-connect",
        name: "Kafka Connect and Schema Registry",
        class: Class::Application,
        repositories: &["debezium/connect", "quay.io/debezium/connect", "confluentinc/cp-kafka-connect", "confluentinc/cp-schema-registry", "confluentinc/cp-kafka-rest", "confluentinc/cp-ksqldb-server", "confluentinc/ksqldb-server"],
        ports: &[8083, 8081, 8082, 8088],
        start: start(90, "the JVM starts and scans its plugins"),
        source: "Debezium and Confluent documentation",
        ..BASE
    },
    Family {
        id: "test-server",
        name: "test server",
        class: Class::Tool,
        repositories: &["traefik/whoami", "containous/whoami", "hashicorp/http-echo", "kennethreitz/httpbin", "mccutchen/go-httpbin", "nginxdemos/hello", "mendhak/http-https-echo", "wiremock/wiremock", "mockserver/mockserver", "stripe/stripe-mock", "hello-world"],
        source: "each project's README",
        ..BASE
    },
];
