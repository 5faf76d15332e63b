//! Explains why an interview could not be stored: the interviews that it would overlap with.

use crate::domain::{Conflict, Interview, Scope, Side, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::interviews;

impl Services {
    /// The interviews that reserve the time of this interview's people: one entry for each busy person. `overridable`
    /// says whether the request could have allowed the overlap.
    ///
    /// Interviews that the viewer may not see are reported, without their data, only when there is no other reason:
    /// otherwise a request that is refused in any case, and leaves nothing behind, would tell when a person is busy
    /// elsewhere.
    pub(super) async fn conflicts(
        &self,
        viewer: &Viewer,
        interview: &Interview,
        overridable: bool,
    ) -> Result<Vec<Conflict>, ServiceError> {
        let visible = self.conflicts_in(viewer.scope(), viewer, interview, overridable).await?;
        if !visible.is_empty() {
            return Ok(visible);
        }
        let mut hidden = self.conflicts_in(Scope::Everything, viewer, interview, overridable).await?;
        for conflict in &mut hidden {
            conflict.visible.clear();
        }
        Ok(hidden)
    }

    async fn conflicts_in(
        &self,
        scope: Scope,
        viewer: &Viewer,
        interview: &Interview,
        overridable: bool,
    ) -> Result<Vec<Conflict>, ServiceError> {
        let mut conflicts = Vec::new();
        for side in [Side::Interviewer, Side::Interviewee] {
            let visible = interviews::conflicting(&*self.reader(viewer).await?, scope, interview, side).await?;
            if !visible.is_empty() {
                conflicts.push(Conflict { side, visible, overridable });
            }
        }
        Ok(conflicts)
    }
}
