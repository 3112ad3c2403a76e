//! New volumes: the edits that give a Compose service a named volume for its data.

use super::{Backing, Facts, Mounted, Service, Site, Unit};
use crate::edit::Yaml;
use crate::knowledge::families::Family;
use crate::knowledge::stores::node_name_variables;
use crate::model::Place;
use crate::model::kubernetes::VolumeMount;
use crate::report::phrases::named;
use crate::report::{Edit, Fix};
use crate::text::FileId;

/// Returns the name of the volume that a fix makes for a service.
pub fn new_volume_name(unit: &Unit<'_>) -> String {
    format!("{}-data", unit.name)
}

impl<'a> Facts<'a> {
    /// Returns the edit that mounts a new volume into a service, which belongs to the project and the file of
    /// the `first` one of the fix. A store whose data belongs to its host name gets a fixed one too.
    pub fn mount_new_volume(
        &self,
        unit: &Unit<'_>,
        family: &Family,
        path: &str,
        first: &Service<'_>,
    ) -> Option<Edit> {
        let service = self.service_of(unit)?;
        let place = service.model.place()?;
        let name = new_volume_name(unit);
        let project = service.project;
        let is_free = !service.model.has_key("volumes") && project.volume(&name).is_none();
        let is_here = service.project_index == first.project_index
            && project.files.first() == Some(&place.span.file);
        if !is_free || !is_here {
            return None;
        }
        let mount = Yaml::list([Yaml::str(format!("{name}:{path}"))]);
        let host_name = Yaml::str(service.name);
        let mut entries = vec![("volumes", &mount)];
        let needs_name = node_name_variables(family.id)
            .is_some_and(|names| !names.iter().any(|it| unit.var(it).is_some()));
        if needs_name && service.model.hostname.is_none() {
            entries.push(("hostname", &host_name));
        }
        self.editor(place.span.file).insert_entries(place, &entries)
    }

    /// Returns the fix that mounts a volume at another path. In a cluster, the claim of a PostgreSQL gets a folder
    /// too: a new disk holds `lost+found`, and `initdb` refuses a directory that is not empty.
    ///
    /// Source: Docker Hub, `postgres`, the section about `PGDATA`.
    pub fn move_mount(&self, unit: &Unit<'a>, mounted: &Mounted<'a>, path: &str) -> Option<Fix> {
        let span = mounted.path.span;
        if self.unquoted(&span) != mounted.path.as_str() {
            return None;
        }
        let moved = self.replace_scalar(&span, path);
        let Some(mount) = self.needs_folder(unit, mounted) else {
            return Some(Fix::r#unsafe(format!("Mount the volume at `{path}`"), [moved]));
        };
        let folder = self.insert_entry(&mount.place, "subPath", &Yaml::str("pgdata"))?;
        let title = format!("Mount the folder `pgdata` of the claim at `{path}`");
        Some(Fix::r#unsafe(title, [moved, folder]))
    }

    /// Returns the mount of a claim whose root a PostgreSQL cannot take for its directory.
    pub fn needs_folder(&self, unit: &Unit<'a>, mounted: &Mounted<'a>) -> Option<&'a VolumeMount> {
        let Site::Container(workload, at) = unit.site else { return None };
        let is_claim = matches!(mounted.backing, Backing::Claim(..) | Backing::ClaimTemplate(_));
        let mounts = &self.workloads[workload].container(at).mounts;
        let mount = mounts.iter().find(|it| it.place.span == mounted.span)?;
        let is_root = mount.sub_path.is_none() && mount.sub_path_expr.is_none();
        (is_claim && is_root && unit.is_family("postgres")).then_some(mount)
    }

    /// Returns the edit that adds volumes to the top level of a Compose file.
    pub fn declare_volumes(
        &self,
        service: &Service<'_>,
        file: FileId,
        names: &[String],
    ) -> Option<Edit> {
        let project = service.project;
        let editor = self.editor(file);
        let empty = Yaml::Map(Vec::new());
        match project.keys.iter().find(|it| it.name.value == "volumes") {
            None => {
                let value =
                    Yaml::map(names.iter().map(|name| (name.as_str(), Yaml::Map(Vec::new()))));
                editor.insert_entry(project.places.first()?, "volumes", &value)
            }
            Some(key) if key.entry.file == file => {
                let volumes = project.volumes.iter().filter(|it| it.span.file == file);
                let (first, last) = (volumes.clone().next()?, volumes.clone().next_back()?);
                let span = first.key.span.to(last.span);
                let text = self.file(file).text();
                let between = text.get(key.name.span.end as usize..span.start as usize)?;
                if between.contains(['{', '&', '*']) {
                    return None;
                }
                let place = Place { span, ..Place::default() };
                let entries: Vec<(&str, &Yaml<'_>)> =
                    names.iter().map(|name| (name.as_str(), &empty)).collect();
                editor.insert_entries(&place, &entries)
            }
            Some(_) => None,
        }
    }

    /// Builds a fix that gives anonymous volumes of one file a name, and mounts each at the data directory
    /// that stands beside it.
    pub fn name_volumes(&self, all: &[(&Unit<'_>, &Mounted<'_>, &str)]) -> Option<Fix> {
        let first = self.service_of(all.first()?.0)?;
        let file = all.first()?.1.span.file;
        let (mut names, mut edits) = (Vec::new(), Vec::new());
        for (unit, anonymous, data) in all {
            let service = self.service_of(unit)?;
            let (path, span) = (anonymous.path.as_str(), anonymous.span);
            let name = new_volume_name(unit);
            let is_short = self.unquoted(&span) == path;
            let is_free = service.project.volume(&name).is_none();
            let is_here = span.file == file && service.project.files.first() == Some(&span.file);
            if !is_short || !is_free || !is_here {
                return None;
            }
            edits.push(self.replace_scalar(&span, &format!("{name}:{data}")));
            names.push(name);
        }
        edits.push(self.declare_volumes(first, file, &names)?);
        let title = match all {
            [(_, _, data)] => format!("Keep `{data}` in volume `{}`", names[0]),
            _ => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("Keep the data in volumes: {}", named(&names))
            }
        };
        Some(Fix::r#unsafe(title, edits))
    }
}
