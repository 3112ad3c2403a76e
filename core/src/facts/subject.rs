//! Whose finding it is, from where it stands.

use super::Facts;
use crate::text::Span;

impl Facts<'_> {
    /// `service app`, `Deployment shop/api, container web`, or an empty string.
    pub fn subject_at(&self, span: Span) -> String {
        for service in &self.services {
            let own = service.model.span.contains(span);
            if own || service.model.places.iter().any(|it| it.span.contains(span)) {
                return ["service ", service.name].concat();
            }
        }
        let file = self.file(span.file);
        let at = file.objects.partition_point(|it| it.span.start <= span.start);
        let Some(object) = file.objects[..at].last().filter(|it| it.span.end >= span.start) else {
            return String::new();
        };
        let name = object.meta.name.as_ref().or(object.meta.generate_name.as_ref());
        let (namespace, slash) =
            object.meta.namespace.as_ref().map_or(("", ""), |it| (it.as_str(), "/"));
        let name = name.map_or("", |it| it.as_str()).trim_end();
        let space = if slash.is_empty() && name.is_empty() { "" } else { " " };
        let containers = object.workload().map(|it| &it.template.spec);
        let container =
            containers.and_then(|it| it.all_containers().find(|it| it.place.span.contains(span)));
        let (comma, container) = container.map_or(("", ""), |it| (", container ", it.label()));
        [&object.kind, space, namespace, slash, name, comma, container].concat()
    }
}
