//! What brings traffic from outside to a Service.

use crate::model::read::{IntOrStr, Place, Str};
use crate::text::{Span, Spanned};

/// Ingress, HTTPRoute, GRPCRoute, TCPRoute, TLSRoute, UDPRoute, IngressRoute, VirtualService ...
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routes {
    pub backends: Vec<Backend>,
    pub hosts: Vec<Str>,
    /// Where TLS is set up, and the Secret that it names.
    pub tls: Vec<Tls>,
    /// `ingressClassName`
    pub class: Option<Str>,
    /// The Gateways that a route hangs on: name and namespace.
    pub parents: Vec<(Str, Option<Str>)>,
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    /// The Service's name.
    pub service: Str,
    pub namespace: Option<Str>,
    pub port: Option<Spanned<IntOrStr>>,
    /// The path that leads there, if one is written.
    pub path: Option<Str>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tls {
    pub secret: Option<Str>,
    pub hosts: Vec<Str>,
    pub span: Span,
}
