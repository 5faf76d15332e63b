//! Explains why an interview could not be stored: the interviews that it would overlap with.

use crate::domain::{Conflict, Interview, Scope, Side, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::interviews;

impl Services {
    /// The interviews that reserve the time of this interview's people: one entry for each busy person, as far as they
    /// [are reported](Conflict::reported). Those that the viewer may not see are only counted. `overridable` says
    /// whether the request could have allowed the overlap.
    pub(super) async fn conflicts(
        &self,
        viewer: &Viewer,
        interview: &Interview,
        overridable: bool,
    ) -> Result<Vec<Conflict>, ServiceError> {
        let mut conflicts = Vec::new();
        for side in [Side::Interviewer, Side::Interviewee] {
            let all = interviews::conflicting(&*self.reader(viewer).await?, Scope::Everything, interview, side).await?;
            if !all.is_empty() {
                let visible =
                    interviews::conflicting(&*self.reader(viewer).await?, viewer.scope(), interview, side).await?;
                let hidden = all.len().saturating_sub(visible.len());
                conflicts.push(Conflict { side, visible, hidden, overridable });
            }
        }
        Ok(Conflict::reported(conflicts))
    }
}
