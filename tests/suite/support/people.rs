//! The people, applications and interviews of the demo data that tests name.
//!
//! Two companies. Northern Haulage: Mona Berg and Luisa Hintz of its staff are named in the documentation, Kofi Kaya is
//! one of its generated interviewers; it has interviews 1 to 250. Coastal Freight: Piet Maas; it has interviews 251 to
//! 270. Jude, Bruna and Chidi applied to both companies, Dana to Northern Haulage.

use interviews::domain::{CompanyId, InterviewId, IntervieweeId, UserId};

pub const NORTHERN_HAULAGE: CompanyId = CompanyId(1);
pub const COASTAL_FREIGHT: CompanyId = CompanyId(2);

/// Ada Prentice, admin of the platform.
pub const ADA: UserId = UserId(1);
/// The program of the platform that feeds the server.
pub const PLATFORM: UserId = UserId(2);
/// Nora Lind, staff of Northern Haulage and its manager.
pub const NORA: UserId = UserId(1003);
/// Mona Berg, staff of Northern Haulage.
pub const MONA: UserId = UserId(1000);
/// Luisa Hintz, staff of Northern Haulage.
pub const LUISA: UserId = UserId(1001);
/// Kofi Kaya, staff of Northern Haulage.
pub const KOFI: UserId = UserId(2001);
/// Piet Maas, staff of Coastal Freight.
pub const PIET: UserId = UserId(1002);

/// Jude Howell, driver.
pub const JUDE: UserId = UserId(997);
/// Bruna Bakker, driver.
pub const BRUNA: UserId = UserId(1_000_001);
/// Chidi Costa, driver.
pub const CHIDI: UserId = UserId(1_000_002);
/// Dana Duran, driver.
pub const DANA: UserId = UserId(1_000_003);

/// Jude's application to Northern Haulage.
pub const JUDE_APPLICATION: IntervieweeId = IntervieweeId(277);
/// Jude's application to Coastal Freight.
pub const JUDE_COASTAL_APPLICATION: IntervieweeId = IntervieweeId(1050);
/// Bruna's application to Northern Haulage.
pub const BRUNA_APPLICATION: IntervieweeId = IntervieweeId(1001);
/// Bruna's application to Coastal Freight.
pub const BRUNA_COASTAL_APPLICATION: IntervieweeId = IntervieweeId(1051);
/// Chidi's application to Northern Haulage.
pub const CHIDI_APPLICATION: IntervieweeId = IntervieweeId(1002);
/// Chidi's application to Coastal Freight.
pub const CHIDI_COASTAL_APPLICATION: IntervieweeId = IntervieweeId(1052);
/// Dana's application to Northern Haulage.
pub const DANA_APPLICATION: IntervieweeId = IntervieweeId(1003);

/// The interview of the documentation: pending, 2025-03-20 from 09:00 to 09:30.
pub const JUDE_WITH_LUISA: InterviewId = InterviewId(27);
/// Jude's interview at Coastal Freight: scheduled, 2025-06-02 from 08:00 to 08:30.
pub const JUDE_WITH_PIET: InterviewId = InterviewId(251);

/// Ids that no row has.
pub const UNKNOWN_USER: UserId = UserId(404);
pub const UNKNOWN_INTERVIEWEE: IntervieweeId = IntervieweeId(404);
pub const UNKNOWN_INTERVIEW: InterviewId = InterviewId(404);

/// The company of a named member of staff.
pub fn company_of(staff: UserId) -> CompanyId {
    if staff == PIET { COASTAL_FREIGHT } else { NORTHERN_HAULAGE }
}

/// A driver's application to a company.
pub fn application_of(driver: UserId, company: CompanyId) -> IntervieweeId {
    let [northern, coastal] = match driver {
        JUDE => [JUDE_APPLICATION, JUDE_COASTAL_APPLICATION],
        BRUNA => [BRUNA_APPLICATION, BRUNA_COASTAL_APPLICATION],
        CHIDI => [CHIDI_APPLICATION, CHIDI_COASTAL_APPLICATION],
        DANA => [DANA_APPLICATION; 2],
        other => panic!("{other} is no named driver"),
    };
    if company == NORTHERN_HAULAGE { northern } else { coastal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Database::Sqlite;
    use crate::support::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn the_named_people_have_these_names() {
        let app = TestApp::start(Sqlite).await.unwrap();
        let query = format!(
            "{{ luisa: interview(id: {JUDE_WITH_LUISA}) {{ ...people }} \
                piet: interview(id: {JUDE_WITH_PIET}) {{ ...people }} }} \
             fragment people on Interview {{ interviewee {{ driver {{ id title }} }} interviewer {{ id title }} }}"
        );
        assert_json!(app.admin().ask(&query, json!({})).await, @r#"
        {
          "luisa": {
            "interviewee": {"driver": {"id": "997", "title": "Jude Howell"}},
            "interviewer": {"id": "1001", "title": "Luisa Hintz"}
          },
          "piet": {
            "interviewee": {"driver": {"id": "997", "title": "Jude Howell"}},
            "interviewer": {"id": "1002", "title": "Piet Maas"}
          }
        }
        "#);
    }

    #[tokio::test]
    async fn each_application_is_that_of_its_driver() {
        let app = TestApp::start(Sqlite).await.unwrap();
        for driver in [JUDE, BRUNA, CHIDI, DANA] {
            for company in [NORTHERN_HAULAGE, COASTAL_FREIGHT] {
                if driver == DANA && company == COASTAL_FREIGHT {
                    continue;
                }
                let application = application_of(driver, company);
                let sql = format!(
                    "SELECT count(*) FROM interviewees \
                     WHERE id = {application} AND driver_id = {driver} AND company_id = {company}"
                );
                assert_eq!(app.database.value::<i64>(&sql).await, 1, "{sql}");
            }
        }
    }
}
