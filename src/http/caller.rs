//! Who sends a request: its id, the client's network, and the credentials of its `Authorization` header.

use crate::domain::{UserId, Viewer};
use crate::graphql::Client;
use crate::http::access_log::{self, AccessRecord};
use crate::http::client_network::ClientNetwork;
use crate::http::middleware::request_id::RequestId;
use crate::http::trusted_proxies::ClientAddress;
use crate::services::{AuthenticationError, LiveSession, Services, TokenProblem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use std::convert::Infallible;
use std::sync::Arc;

/// The sender of a request. The credentials are not verified yet: each transport reports a failure in its own way.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    /// The record of the request, if the access log is on.
    pub(crate) access: Option<Arc<AccessRecord>>,
    authorization: Result<Option<HeaderValue>, TokenProblem>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.extensions))
    }
}

impl Caller {
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let RequestId(request_id) = RequestId::of(extensions);
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let authorization = match (values.next(), values.next()) {
            (_, Some(_)) => Err(TokenProblem::SeveralHeaders),
            (value, None) => Ok(value.cloned()),
        };
        let network = extensions.get().map(|ClientAddress(address)| ClientNetwork::of(*address).0);
        let access = if access_log::is_on() { extensions.get::<Arc<AccessRecord>>().cloned() } else { None };
        let record = access.as_ref().map(|access| access.operation());
        Self { client: Client { request_id, network, record }, access, authorization }
    }

    /// The same for a connection that stays open: a copy of the header, which would keep the whole head in memory.
    pub(crate) fn without_head(self) -> Self {
        let copy = |value: HeaderValue| HeaderValue::from_bytes(value.as_bytes()).unwrap_or(value);
        Self { authorization: self.authorization.map(|value| value.map(copy)), ..self }
    }

    /// The viewer whom the token names; `None` without a token.
    pub(crate) async fn viewer(&self, services: &Services) -> Result<Option<Arc<Viewer>>, AuthenticationError> {
        match self.token()? {
            Some(token) => {
                let viewer = services.authenticate(token).await?;
                self.record_user(viewer.id);
                Ok(Some(viewer))
            }
            None => Ok(None),
        }
    }

    /// The session of a connection that stays open; `None` without a token.
    pub(crate) async fn session(&self, services: &Services) -> Result<Option<LiveSession>, AuthenticationError> {
        match self.token()? {
            Some(token) => {
                let session = services.sign_in(token).await?;
                self.record_user(session.user());
                Ok(Some(session))
            }
            None => Ok(None),
        }
    }

    /// Records who has signed in, if the access log is on.
    pub(crate) fn record_user(&self, user: UserId) {
        if let Some(access) = &self.access {
            access.set_user(user);
        }
    }

    /// The token of the header; `None` without the header.
    pub(crate) fn token(&self) -> Result<Option<&str>, TokenProblem> {
        let value = self.authorization.as_ref().map_err(|problem| *problem)?;
        value.as_ref().map(|value| bearer_token(value.to_str().unwrap_or_default())).transpose()
    }
}

/// The token in the value of an `Authorization` header. The case of the scheme does not matter (RFC 9110, 11.1).
pub(crate) fn bearer_token(value: &str) -> Result<&str, TokenProblem> {
    match value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => Ok(token.trim()),
        None => Err(TokenProblem::OtherScheme),
    }
}
