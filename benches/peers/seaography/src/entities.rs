//! The peers' four tables, with `DateTimeUtc` in place of `DateTimeWithTimeZone`: Seaography refuses to update a column
//! of the latter type.
macro_rules! table {
    ($name:ident = $table:tt { $($columns:tt)* }) => {
        pub mod $name {
            use sea_orm::entity::prelude::*;

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i64,
                $($columns)*
            }
            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table!(drivers = "drivers" {
    pub title: String,
    pub image: Option<String>,
    pub phone_number: Option<String>,
    #[sea_orm(has_many)]
    pub interviewees: HasMany<super::interviewees::Entity>,
});

table!(interviewees = "interviewees" {
    pub kind: String,
    pub driver_id: i64,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "driver_id", to = "id")]
    pub driver: HasOne<super::drivers::Entity>,
    #[sea_orm(has_many)]
    pub interviews: HasMany<super::interviews::Entity>,
});

table!(interviewers = "interviewers" {
    pub title: String,
    pub image: Option<String>,
    pub contact_phone_number: Option<String>,
    #[sea_orm(has_many)]
    pub interviews: HasMany<super::interviews::Entity>,
});

table!(interviews = "interviews" {
    pub kind: String,
    pub status: String,
    pub start_at: DateTimeUtc,
    pub end_at: DateTimeUtc,
    pub amend_start_at: Option<DateTimeUtc>,
    pub amend_end_at: Option<DateTimeUtc>,
    pub amended_by: Option<String>,
    pub location: Option<String>,
    pub interviewee_id: i64,
    pub interviewer_id: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "interviewee_id", to = "id")]
    pub interviewee: HasOne<super::interviewees::Entity>,
    #[sea_orm(belongs_to, from = "interviewer_id", to = "id")]
    pub interviewer: HasOne<super::interviewers::Entity>,
});

seaography::register_entity_modules!([drivers, interviewees, interviewers, interviews]);
