//! The keys of a Compose service.
//!
//! Source: <https://docs.docker.com/reference/compose-file/services/> and
//! <https://docs.docker.com/reference/compose-file/deploy/>; a test compares them with the schema.

macro_rules! keys {
    ($($key:ident = $name:literal,)*) => {
        /// A key of a Compose service. Keys of `deploy` have their path: `deploy.resources.limits.memory`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Key {
            $($key,)*
        }

        impl Key {
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Key::$key => $name,)*
                }
            }

            /// Returns the key of this name; `None` for a name that Compose does not know.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Key> {
                Some(match name {
                    $($name => Key::$key,)*
                    _ => return None,
                })
            }
        }
    };
}

keys! {
    Image = "image",
    Build = "build",
    ContainerName = "container_name",
    Command = "command",
    Entrypoint = "entrypoint",
    WorkingDir = "working_dir",
    Environment = "environment",
    EnvFile = "env_file",
    Ports = "ports",
    Expose = "expose",
    Networks = "networks",
    NetworkMode = "network_mode",
    Links = "links",
    ExternalLinks = "external_links",
    Hostname = "hostname",
    Domainname = "domainname",
    ExtraHosts = "extra_hosts",
    Dns = "dns",
    DnsOpt = "dns_opt",
    DnsSearch = "dns_search",
    MacAddress = "mac_address",
    DependsOn = "depends_on",
    Healthcheck = "healthcheck",
    Restart = "restart",
    StopGracePeriod = "stop_grace_period",
    StopSignal = "stop_signal",
    Init = "init",
    Scale = "scale",
    Labels = "labels",
    LabelFile = "label_file",
    Annotations = "annotations",
    Secrets = "secrets",
    Configs = "configs",
    Volumes = "volumes",
    VolumesFrom = "volumes_from",
    Tmpfs = "tmpfs",
    ShmSize = "shm_size",
    StorageOpt = "storage_opt",
    MemLimit = "mem_limit",
    MemReservation = "mem_reservation",
    MemSwappiness = "mem_swappiness",
    MemswapLimit = "memswap_limit",
    OomKillDisable = "oom_kill_disable",
    OomScoreAdj = "oom_score_adj",
    PidsLimit = "pids_limit",
    Cpus = "cpus",
    CpuCount = "cpu_count",
    CpuPercent = "cpu_percent",
    CpuShares = "cpu_shares",
    CpuQuota = "cpu_quota",
    CpuPeriod = "cpu_period",
    CpuRtPeriod = "cpu_rt_period",
    CpuRtRuntime = "cpu_rt_runtime",
    Cpuset = "cpuset",
    BlkioConfig = "blkio_config",
    Gpus = "gpus",
    Devices = "devices",
    DeviceCgroupRules = "device_cgroup_rules",
    User = "user",
    GroupAdd = "group_add",
    Privileged = "privileged",
    CapAdd = "cap_add",
    CapDrop = "cap_drop",
    ReadOnly = "read_only",
    SecurityOpt = "security_opt",
    CredentialSpec = "credential_spec",
    UsernsMode = "userns_mode",
    Pid = "pid",
    Ipc = "ipc",
    Uts = "uts",
    Cgroup = "cgroup",
    CgroupParent = "cgroup_parent",
    Sysctls = "sysctls",
    Ulimits = "ulimits",
    Platform = "platform",
    Runtime = "runtime",
    Isolation = "isolation",
    PullPolicy = "pull_policy",
    PullRefreshAfter = "pull_refresh_after",
    Logging = "logging",
    Attach = "attach",
    StdinOpen = "stdin_open",
    Tty = "tty",
    Profiles = "profiles",
    Extends = "extends",
    Develop = "develop",
    Provider = "provider",
    Models = "models",
    UseApiSocket = "use_api_socket",
    PreStart = "pre_start",
    PostStart = "post_start",
    PreStop = "pre_stop",
    DeployLabels = "deploy.labels",
    DeployMode = "deploy.mode",
    DeployEndpointMode = "deploy.endpoint_mode",
    DeployReplicas = "deploy.replicas",
    DeployUpdateParallelism = "deploy.update_config.parallelism",
    DeployUpdateOrder = "deploy.update_config.order",
    DeployUpdateDelay = "deploy.update_config.delay",
    DeployUpdateMonitor = "deploy.update_config.monitor",
    DeployUpdateFailureAction = "deploy.update_config.failure_action",
    DeployUpdateMaxFailureRatio = "deploy.update_config.max_failure_ratio",
    DeployRollbackParallelism = "deploy.rollback_config.parallelism",
    DeployRollbackOrder = "deploy.rollback_config.order",
    DeployRollbackDelay = "deploy.rollback_config.delay",
    DeployRollbackMonitor = "deploy.rollback_config.monitor",
    DeployRollbackFailureAction = "deploy.rollback_config.failure_action",
    DeployRollbackMaxFailureRatio = "deploy.rollback_config.max_failure_ratio",
    DeployLimitsCpus = "deploy.resources.limits.cpus",
    DeployLimitsMemory = "deploy.resources.limits.memory",
    DeployLimitsPids = "deploy.resources.limits.pids",
    DeployReservationsCpus = "deploy.resources.reservations.cpus",
    DeployReservationsMemory = "deploy.resources.reservations.memory",
    DeployReservationsDevices = "deploy.resources.reservations.devices",
    DeployReservationsGenericResources = "deploy.resources.reservations.generic_resources",
    DeployRestartCondition = "deploy.restart_policy.condition",
    DeployRestartDelay = "deploy.restart_policy.delay",
    DeployRestartMaxAttempts = "deploy.restart_policy.max_attempts",
    DeployRestartWindow = "deploy.restart_policy.window",
    DeployPlacementConstraints = "deploy.placement.constraints",
    DeployPlacementPreferences = "deploy.placement.preferences",
    DeployPlacementMaxReplicasPerNode = "deploy.placement.max_replicas_per_node",
}
