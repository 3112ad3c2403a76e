//! Containers that are told to let anybody in, and how far they can be reached.

use super::{Facts, Service, Site, Unit, Workload};
use crate::knowledge::families::Certainty;
use crate::knowledge::net;
use crate::knowledge::stores::{Setting, Switch, switches_of};
use crate::model::IntOrStr;
use crate::model::kubernetes::Body;
use crate::text::Span;

/// A setting with which a container lets anybody in.
#[derive(Debug, Clone)]
pub struct OpenDoor {
    /// As written: `POSTGRES_HOST_AUTH_METHOD=trust`, `--protected-mode no`.
    pub written: String,
    /// The variable, where it is not an option of the command line.
    pub variable: Option<&'static str>,
    /// The name of the program.
    pub program: String,
    pub span: Span,
    /// Whether the value is written out and the program is known from its image.
    pub is_certain: bool,
    pub reach: Reach,
}

/// From where a container that lets anybody in can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Only from the other containers.
    Inside,
    /// Only from the machine that it runs on, besides the other containers.
    Loopback,
    /// From other machines, by the port at this place.
    Published(Span, u16),
    /// From outside of the cluster, by the object at this place.
    Routed(Span, String),
}

impl<'a> Facts<'a> {
    /// Returns the setting with which a container lets anybody in.
    pub fn open_door(&self, unit: &Unit<'a>) -> Option<OpenDoor> {
        let runs = unit.runs.as_ref();
        let own = unit.image.as_ref().map(|it| it.repository.as_str()).unwrap_or_default();
        let repository = runs.map_or(own, |it| it.repository.as_str());
        let family = runs.map_or("", |it| it.family.id);
        let program = runs.map_or(unit.program(), |it| it.family.name);
        let by_image = runs.is_none_or(|it| it.certainty == Certainty::Certain);
        switches_of(family, repository).find_map(|switch| {
            let thrown = thrown(unit, switch)?;
            Some(OpenDoor {
                program: program.to_owned(),
                is_certain: thrown.is_literal && by_image,
                reach: self.reach(unit, switch.port),
                written: thrown.written,
                variable: thrown.variable,
                span: thrown.span,
            })
        })
    }

    fn reach(&self, unit: &Unit<'a>, port: Option<u16>) -> Reach {
        let family = unit.family().map_or(&[][..], |it| it.ports());
        let own = port.as_ref().map_or(family, std::slice::from_ref);
        match unit.site {
            Site::Service(at) => reach_of_service(&self.services[at], own),
            Site::Container(workload, at) => {
                self.reach_of_container(&self.workloads[workload], at, own)
            }
        }
    }

    fn reach_of_container(&self, workload: &Workload<'a>, at: usize, own: &[u16]) -> Reach {
        let container = workload.container(at);
        let host = container.ports.iter().find_map(|it| it.host_port.as_ref());
        if let Some(port) = host {
            let words = format!("`hostPort: {port}` opens it on every node");
            return Reach::Routed(port.span, words);
        }
        for at in &workload.services {
            let service = &self.kube_services[*at];
            let leads_here = service.model.ports.iter().any(|it| match it.target() {
                Some(it) => match it.value {
                    IntOrStr::Int(number) => own.iter().any(|own| i64::from(*own) == number),
                    // The name of a port says nothing about its number.
                    IntOrStr::Str(_) => true,
                },
                None => false,
            });
            if !leads_here && !own.is_empty() {
                continue;
            }
            let kind = service.model.kind.as_ref();
            let outside = kind.filter(|it| matches!(it.as_str(), "LoadBalancer" | "NodePort"));
            if let Some(kind) = outside {
                let words =
                    format!("Service `{}` of type `{kind}` opens it to the outside", service.name);
                return Reach::Routed(kind.span, words);
            }
            let routes =
                self.objects.iter().filter(|it| self.together(it.file, service.object.file));
            for object in routes {
                let Body::Routes(routes) = &object.body else { continue };
                let backend = routes.backends.iter().find(|it| it.service.as_str() == service.name);
                if let Some(backend) = backend {
                    let name = object.name().map_or("", |it| it.as_str());
                    let words =
                        format!("{} `{name}` routes traffic from outside to it", object.kind);
                    return Reach::Routed(backend.span, words);
                }
            }
        }
        Reach::Inside
    }
}

/// A switch that a container throws.
struct Thrown {
    written: String,
    variable: Option<&'static str>,
    span: Span,
    is_literal: bool,
}

fn thrown(unit: &Unit<'_>, switch: &Switch) -> Option<Thrown> {
    let thrown = match &switch.setting {
        Setting::Variable { name, .. } => {
            let var = unit.var(name)?;
            let value = var.value.filter(|it| switch.is_thrown_by(name, it))?;
            Thrown {
                written: format!("{name}={value}"),
                variable: Some(*name),
                span: var.value_span,
                is_literal: var.literal,
            }
        }
        Setting::Option(words) => {
            let command = unit.start.commands.iter().find_map(|it| {
                let at = switch.thrown_at(&it.texts())?;
                it.words.get(at)
            })?;
            let span = unit.start.span_of(command);
            Thrown { written: (*words).to_owned(), variable: None, span, is_literal: true }
        }
    };
    // The shell or a Secret may give a variable the value that the files do not show.
    let is_set =
        |it: &&super::Var<'_>| !it.literal || it.value.is_none_or(|it| !it.trim().is_empty());
    let own = |name: &str| thrown.variable == Some(name);
    let variables = unit.env.iter().filter(|it| is_set(it) && !own(it.name)).map(|it| it.name);
    let words = unit.start.commands.iter().flat_map(|it| it.texts());
    if variables.chain(words).any(|it| switch.is_undone_by(it)) {
        return None;
    }
    let has = |(name, value): (&str, &str)| {
        unit.value(name).is_some_and(|it| it.eq_ignore_ascii_case(value))
    };
    switch.with.is_none_or(has).then_some(thrown)
}

fn reach_of_service(service: &Service<'_>, own: &[u16]) -> Reach {
    let mut reach = Reach::Inside;
    for port in &service.model.ports {
        if !own.is_empty() && !own.contains(&port.target) {
            continue;
        }
        let host = port.host_ip.as_ref().map_or("0.0.0.0", |it| it.as_str());
        let host = host.trim_matches(['[', ']']);
        if net::is_unspecified(host) {
            let number = port.published.map_or(port.target.value, |it| it.value.0);
            return Reach::Published(port.span, number);
        }
        if net::is_loopback(host) {
            reach = Reach::Loopback;
        }
    }
    reach
}
